/** What would keep the engine fdw from succeeding, found before any DDL and all at once. */
import { describeOutcome, tryRoute } from "../preflight/accessRoute";
import { describeNeeds, supports } from "../versions/capabilities";
import type {
    AccessNodeComputed,
    AccessNodeInputs,
    DataNodeComputed,
    DataNodeInputs,
    DistributedHypertableComputed,
    DistributedHypertableInputs,
    TimescaledbChoice,
} from "../inputs";
import type { Problem, Request } from "../engine";
import { nodeCheckOf, readAccess, readFutureAccess, readNode, userOf, type AccessSide } from "../preflight/readServers";
import { checkHypertableRights } from "../preflight/rights";
import { ownerOf } from "../marks/ownership";
import { checkAccessName, checkCreateDatabase, problem, unreached, unreachedNodes } from "../preflight/checks";
import { type NodeCheck } from "../engine";
import { readClusterFacts, type ClusterFacts, type ServerFacts } from "../preflight/serverFacts";
import { ACCESS, type Servers } from "../run/servers";
import type { Route } from "../preflight/remoteTables";
import { checkChoice, checkNode, checkVersion, type NodeTerms } from "./nodeChecks";

const WRAPPER = "postgres_fdw";

/** Checks the server of a new access node. */
export async function preflightAccessNode(
    servers: Servers,
    { inputs }: Request<AccessNodeInputs, AccessNodeComputed>,
): Promise<readonly Problem[]> {
    const { facts } = await readFutureAccess(servers);
    const exists = facts.database?.name === inputs.database;
    const found = exists ? await servers.on(servers.cluster(ACCESS), readClusterFacts) : undefined;
    return checkAccessServer(servers.label(ACCESS), facts, found, inputs.timescaledb);
}

/** Checks a new data node: from the provider and from the access node's view. */
export async function preflightDataNode(
    servers: Servers,
    request: Request<DataNodeInputs, DataNodeComputed>,
): Promise<readonly Problem[]> {
    const { bootstrap, timescaledb } = request.inputs;
    const node = nodeCheckOf(request);
    const terms: NodeTerms = {
        node,
        bootstrap,
        timescaledb,
        owner: ownerOf(request),
        clusterId: request.inputs.accessNode.id,
    };
    const reading = readAccess(servers);
    const viewing = reading.then((access) => checkRoute(servers, node, access));
    const [access, found, view] = await Promise.all([reading, readNode(servers, node), viewing]);
    return [
        ...checkWrapper(servers.label(ACCESS), servers.access.database, access),
        ...checkNode(servers, terms, access, found),
        ...view,
    ];
}

/** Checks the rights that a new distributed hypertable needs on the access node and on its data nodes. */
export async function preflightDistributedHypertable(
    servers: Servers,
    { inputs }: Request<DistributedHypertableInputs, DistributedHypertableComputed>,
): Promise<readonly Problem[]> {
    const nodes = (inputs.dataNodes ?? Object.keys(servers.nodes)).filter((name) => servers.find(name) !== undefined);
    const found = await Promise.all(
        [ACCESS, ...nodes].map((server) =>
            checkHypertableRights(servers, servers.cluster(server), WRAPPER, inputs).catch((error: unknown) => [
                unreached(servers.label(server), error),
            ]),
        ),
    );
    return found.flat();
}

/** Checks servers before any resource exists. */
export async function checkServers(servers: Servers, nodes: readonly NodeCheck[]): Promise<readonly Problem[]> {
    const [access, found] = await Promise.all([
        readFutureAccess(servers).catch((error: unknown) => unreached(servers.label(ACCESS), error)),
        Promise.all(nodes.map((node) => readNode(servers, node))),
    ]);
    if ("check" in access) {
        return [access, ...unreachedNodes(servers, nodes, found)];
    }
    const problems = [
        ...checkAccessServer(servers.label(ACCESS), access.facts, undefined, "auto"),
        ...checkAccessName(servers.label(ACCESS), servers.access, access.facts),
    ];
    for (const [i, side] of found.entries()) {
        const node = nodes[i];
        if (node !== undefined) {
            const terms: NodeTerms = { node, bootstrap: true, timescaledb: "auto" };
            problems.push(...checkNode(servers, terms, access, side));
            problems.push(...(await checkRoute(servers, node, access)));
        }
    }
    return problems;
}

function checkAccessServer(
    server: string,
    facts: ServerFacts,
    database: ClusterFacts | undefined,
    timescaledb: TimescaledbChoice,
): Problem[] {
    const problems = [...checkVersion(server, facts), ...checkChoice(server, facts, timescaledb, database)];
    if (database === undefined) {
        problems.push(...checkCreateDatabase(server, facts.user));
    }
    if (!facts.postgresFdw) {
        problems.push(
            problem(server, {
                check: "postgres_fdw_missing",
                what: "the contrib extension postgres_fdw is not installed",
                remedy: `Install the contrib package of PostgreSQL ${facts.postgresVersion} (postgresql-contrib) on its machine`,
            }),
        );
    } else if (!facts.user.superuser && database?.wrappers[WRAPPER] !== true) {
        problems.push(
            problem(server, {
                check: "create_extension",
                what: `role "${facts.user.name}" may not create the extension postgres_fdw`,
                remedy: "Use a superuser as the connection's user",
            }),
        );
    }
    const versions = { engine: "fdw", postgresVersion: facts.postgresVersion, timescaledbVersion: null } as const;
    if (problems.length === 0 && !supports("copyBatching", versions)) {
        problems.push(
            problem(server, {
                severity: "warning",
                check: "copy_batching",
                what: `PostgreSQL ${facts.postgresVersion} sends the rows of COPY one by one`,
                remedy: `Use ${describeNeeds("copyBatching", "fdw")} for the access node, or INSERT many rows at once`,
            }),
        );
    }
    return problems;
}

function checkWrapper(server: string, database: string, { facts, cluster }: AccessSide): Problem[] {
    const usable = cluster?.wrappers[WRAPPER];
    if (usable === true) {
        return [];
    }
    return [
        problem(server, {
            check: "usage",
            what:
                usable === undefined
                    ? `database "${database}" lacks the extension postgres_fdw`
                    : `role "${facts.user.name}" may not use the foreign-data wrapper postgres_fdw`,
            remedy:
                `As a superuser in database ${database}: ` +
                (usable === undefined
                    ? "CREATE EXTENSION postgres_fdw"
                    : `GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO "${facts.user.name}"`),
        }),
    ];
}

/** The cluster's database may be missing still: then the server's maintenance database shows whether it lets us in. */
async function checkRoute(servers: Servers, node: NodeCheck, access: AccessSide): Promise<Problem[]> {
    const maintenance = servers.find(node.nodeName)?.connection.maintenanceDatabase;
    const own = node.database === undefined ? [] : [node.database];
    const route: Route = {
        host: node.host,
        port: node.port,
        user: userOf(servers, node),
        password: node.password,
        options: node.serverOptions,
        connectTimeoutSeconds: servers.access.connection.connectTimeoutSeconds,
    };
    const databases = [...(maintenance === undefined ? [] : [maintenance]), ...own];
    const view = await tryRoute(servers, access, { route, databases });
    return describeOutcome(servers.label(node.nodeName), view, route, own.length > 0 ? own : ["all"]);
}
