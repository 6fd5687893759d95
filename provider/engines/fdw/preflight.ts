/** What would keep the engine fdw from succeeding, found before any DDL and all at once. */
import type { NodeCheck, Problem, Request } from "../engine";
import type {
    AccessNodeComputed,
    AccessNodeInputs,
    DataNodeComputed,
    DataNodeInputs,
    DistributedHypertableComputed,
    DistributedHypertableInputs,
    TimescaledbChoice,
} from "../inputs";
import { identifier } from "../../postgres/sql";
import { ownerOf } from "../marks/ownership";
import {
    checkActsAs,
    checkCreateDatabase,
    checkStandby,
    checkWrapperUsage,
    mayNotCreateExtension,
    problem,
    unreached,
} from "../preflight/checks";
import { checkAllServers, checkDataNode, type ServerChecks } from "../preflight/checkServers";
import { checkEncoding } from "../preflight/locale";
import { nodeCheckOf, readFutureAccess, type AccessSide } from "../preflight/readServers";
import { checkHypertableRights } from "../preflight/rights";
import { readClusterFacts } from "../preflight/serverFacts";
import { ACCESS, type Servers } from "../run/servers";
import { describeNeeds, supports } from "../versions/capabilities";
import { checkAccessRoute } from "./accessRoute";
import { checkChoice, checkNode, checkVersion, type NodeTerms } from "./nodeChecks";

const WRAPPER = "postgres_fdw";

/** Checks the server of a new access node. */
export async function preflightAccessNode(
    servers: Servers,
    { inputs }: Request<AccessNodeInputs, AccessNodeComputed>,
): Promise<readonly Problem[]> {
    const access = await readFutureAccess(servers);
    const exists = access.facts.database?.name === inputs.database;
    const cluster = exists ? await servers.on(servers.cluster(ACCESS), readClusterFacts) : undefined;
    return checkNewAccess(servers, { ...access, cluster }, inputs.timescaledb);
}

/** Checks a new data node: from the provider and from the access node. */
export async function preflightDataNode(
    servers: Servers,
    request: Request<DataNodeInputs, DataNodeComputed>,
): Promise<readonly Problem[]> {
    const { bootstrap, timescaledb, accessNode } = request.inputs;
    const terms = { bootstrap, timescaledb, owner: ownerOf(request), clusterId: accessNode.id };
    const access = (side: AccessSide): Problem[] => checkWrapper(servers.label(ACCESS), servers.access.database, side);
    return checkDataNode(servers, nodeCheckOf(request), { access, ...nodeChecks(servers, terms) });
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
    const access = (side: AccessSide): Problem[] => checkNewAccess(servers, side, "auto");
    return checkAllServers(servers, nodes, {
        access,
        ...nodeChecks(servers, { bootstrap: true, timescaledb: "auto" }),
    });
}

function nodeChecks(servers: Servers, terms: Omit<NodeTerms, "node">): Pick<ServerChecks, "node" | "route"> {
    return {
        node: (node, access, found) => checkNode(servers, { ...terms, node }, access, found),
        route: (node, access) => checkAccessRoute(servers, node, access),
    };
}

function checkNewAccess(
    servers: Servers,
    { facts, cluster, locale }: AccessSide,
    timescaledb: TimescaledbChoice,
): Problem[] {
    const server = servers.label(ACCESS);
    if (facts.standby !== null) {
        return checkStandby(server, facts);
    }
    const { database } = servers.access;
    const problems = [
        ...checkVersion(server, facts),
        ...checkChoice(server, facts, timescaledb, cluster),
        ...checkActsAs(server, facts.user),
        ...checkEncoding(server, database, locale),
        ...checkWrapperUsage(server, database, WRAPPER, facts.user, cluster?.wrappers),
        ...(cluster === undefined ? checkCreateDatabase(server, facts.user) : []),
    ];
    if (!facts.postgresFdw) {
        problems.push(
            problem(server, {
                check: "postgres_fdw_missing",
                what: "the contrib extension postgres_fdw is not installed",
                remedy: `Install the contrib package of PostgreSQL ${facts.postgresVersion} (postgresql-contrib) on its machine`,
            }),
        );
    } else if (!facts.user.superuser && cluster?.wrappers[WRAPPER] === undefined) {
        problems.push(mayNotCreateExtension(server, facts.user, WRAPPER));
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
    return cluster?.wrappers[WRAPPER] === undefined
        ? [
              problem(server, {
                  check: "usage",
                  what: `database "${database}" lacks the extension ${WRAPPER}`,
                  remedy: `As a superuser in database ${identifier(database)}: CREATE EXTENSION ${WRAPPER}`,
              }),
          ]
        : checkWrapperUsage(server, database, WRAPPER, facts.user, cluster.wrappers);
}
