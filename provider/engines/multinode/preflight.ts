/**
 * What would keep multi-node from succeeding, found before any DDL and all at once. Several of these faults TimescaleDB
 * itself reports late, or after something was changed for good: a data node without prepared transactions is added
 * without a word and then fails every statement.
 */
import { isApache, multinodeVersion } from "../preflight/choose";
import type {
    AccessNodeComputed,
    AccessNodeInputs,
    DataNodeComputed,
    DataNodeInputs,
    DistributedHypertableComputed,
    DistributedHypertableInputs,
} from "../inputs";
import type { Problem, Request } from "../engine";
import { nodeCheckOf, readAccess, readFutureAccess, readNode, type AccessSide } from "../preflight/readServers";
import {
    checkAccessName,
    checkCreateDatabase,
    checkTimescaledb,
    problem,
    unreached,
    unreachedNodes,
} from "../preflight/checks";
import { type NodeCheck } from "../engine";
import { checkHypertableRights } from "../preflight/rights";
import { ownerOf } from "../marks/ownership";
import type { ServerFacts } from "../preflight/serverFacts";
import { ACCESS, type Servers } from "../run/servers";
import { grantsSettings, INSERT_WITH_COPY, mayInsertWithoutCopy } from "./accessNode/settings";
import { apacheLicence, checkNode, type NodeTerms } from "./nodeChecks";
import { checkRoute } from "./accessRoute";

const WANTED = "TimescaleDB 2.0 to 2.13 under the timescale licence";

/** Checks the server of a new access node. */
export async function preflightAccessNode(
    servers: Servers,
    _request: Request<AccessNodeInputs, AccessNodeComputed>,
): Promise<readonly Problem[]> {
    const access = await readFutureAccess(servers);
    return [...checkAccessServer(servers.label(ACCESS), access.facts), ...(await checkInsertWithCopy(servers, access))];
}

/** Checks a new data node: from the provider and from the access node's view. */
export async function preflightDataNode(
    servers: Servers,
    request: Request<DataNodeInputs, DataNodeComputed>,
): Promise<readonly Problem[]> {
    const { bootstrap } = request.inputs;
    const node = nodeCheckOf(request);
    const terms: NodeTerms = { node, bootstrap, owner: ownerOf(request) };
    const reading = readAccess(servers);
    const viewing = reading.then((access) => checkRoute(servers, terms, access));
    const [access, found, view] = await Promise.all([reading, readNode(servers, node), viewing]);
    return [
        ...checkAccessDatabase(servers.label(ACCESS), servers.access.database, access),
        ...checkNode(servers, terms, access, access.cluster?.timescaledb, found),
        ...view,
    ];
}

/** Checks what a new distributed hypertable needs of the access node. */
export async function preflightDistributedHypertable(
    servers: Servers,
    request: Request<DistributedHypertableInputs, DistributedHypertableComputed>,
): Promise<readonly Problem[]> {
    return checkHypertableRights(servers, servers.cluster(ACCESS), "timescaledb_fdw", request.inputs);
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
    const version = multinodeVersion(access.facts);
    const extension = version === undefined ? undefined : { version, schema: "public" };
    const problems = [
        ...checkAccessServer(servers.label(ACCESS), access.facts),
        ...checkAccessName(servers.label(ACCESS), servers.access, access.facts),
        ...(await checkInsertWithCopy(servers, access)),
    ];
    for (const [i, side] of found.entries()) {
        const node = nodes[i];
        if (node !== undefined) {
            const terms: NodeTerms = { node, bootstrap: true, owner: undefined };
            problems.push(...checkNode(servers, terms, access, extension, side));
            problems.push(...(await checkRoute(servers, terms, access)));
        }
    }
    return problems;
}

function checkAccessServer(server: string, facts: ServerFacts): Problem[] {
    const version = multinodeVersion(facts);
    const extension = facts.timescaledb.find((candidate) => candidate.version === version);
    const problems = [...checkCreateDatabase(server, facts.user), ...checkTimescaledb(server, facts, WANTED)];
    if (extension === undefined) {
        if (facts.timescaledb.length > 0) {
            problems.push(
                problem(server, {
                    check: "version",
                    what:
                        `it has TimescaleDB ${facts.timescaledb.map((candidate) => candidate.version).join(", ")} on ` +
                        `PostgreSQL ${facts.postgresVersion}, which has no multi-node`,
                    remedy: `Install ${WANTED}, on PostgreSQL 15 or older, or set engine to "fdw"`,
                    restart: true,
                }),
            );
        }
        return problems;
    }
    if (isApache(facts, extension)) {
        problems.push(apacheLicence(server));
    }
    if (!facts.user.superuser && !extension.trusted) {
        problems.push(
            problem(server, {
                check: "create_extension",
                what: `role "${facts.user.name}" may not create the extension timescaledb ${extension.version}`,
                remedy: "Use a superuser as the connection's user",
            }),
        );
    }
    return problems;
}

/** A cluster works without that right, until a data node is down. */
async function checkInsertWithCopy(servers: Servers, { facts, place }: AccessSide): Promise<Problem[]> {
    const { postgresVersion, user } = facts;
    if (await servers.on(place, (session) => mayInsertWithoutCopy(session, postgresVersion))) {
        return [];
    }
    const remedy = grantsSettings(postgresVersion)
        ? `GRANT SET ON PARAMETER ${INSERT_WITH_COPY} TO "${user.name}"`
        : `ALTER DATABASE "${servers.access.database}" SET ${INSERT_WITH_COPY} = 'false', once it is made`;
    return [
        problem(servers.label(ACCESS), {
            severity: "warning",
            check: "insert_with_copy",
            what:
                `role "${user.name}" may not set ${INSERT_WITH_COPY}: ` +
                "with TimescaleDB's default, rows for a data node that is down end all sessions of the access node",
            remedy: `As a superuser: ${remedy}`,
        }),
    ];
}

function checkAccessDatabase(server: string, database: string, { facts, cluster }: AccessSide): Problem[] {
    const problems: Problem[] = [];
    if (facts.license === "apache") {
        problems.push(apacheLicence(server));
    }
    if (cluster?.wrappers["timescaledb_fdw"] === false) {
        problems.push(
            problem(server, {
                check: "usage",
                what: `role "${facts.user.name}" may not use the foreign-data wrapper timescaledb_fdw`,
                remedy:
                    `As a superuser in database ${database}: ` +
                    `GRANT USAGE ON FOREIGN DATA WRAPPER timescaledb_fdw TO "${facts.user.name}"`,
            }),
        );
    }
    if (cluster?.distUuid !== undefined && cluster.distUuid !== cluster.uuid) {
        problems.push(
            problem(server, {
                check: "access_is_data_node",
                what: `database "${database}" is itself a data node, of the cluster ${cluster.distUuid}`,
                remedy: "Make the access node in another database",
            }),
        );
    }
    return problems;
}
