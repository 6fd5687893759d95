/**
 * What would keep multi-node from succeeding, found before any DDL and all at once. Several of these faults TimescaleDB
 * itself reports late, or after something was changed for good: a data node without prepared transactions is added
 * without a word and then fails every statement.
 */
import { identifier, literal } from "../../postgres/sql";
import type { NodeCheck, Problem, Request } from "../engine";
import type {
    AccessNodeComputed,
    AccessNodeInputs,
    DataNodeComputed,
    DataNodeInputs,
    DistributedHypertableComputed,
    DistributedHypertableInputs,
} from "../inputs";
import { ownerOf } from "../marks/ownership";
import {
    checkActsAs,
    checkCreateDatabase,
    checkStandby,
    checkTimescaledb,
    checkWrapperUsage,
    mayNotCreateExtension,
    problem,
} from "../preflight/checks";
import { checkAllServers, checkDataNode, type ServerChecks } from "../preflight/checkServers";
import { fdwObstacle, isApache, multinodeVersion } from "../preflight/choose";
import { checkEncoding } from "../preflight/locale";
import { nodeCheckOf, readFutureAccess, type AccessSide } from "../preflight/readServers";
import { checkHypertableRights } from "../preflight/rights";
import type { ClusterFacts } from "../preflight/serverFacts";
import { ACCESS, type Servers } from "../run/servers";
import { checkAccessRoute } from "./accessRoute";
import { grantsSettings, INSERT_WITH_COPY, mayInsertWithoutCopy } from "./accessNode/settings";
import { apacheLicence, checkNode, type NodeTerms } from "./nodeChecks";

const WRAPPER = "timescaledb_fdw";
const WANTED = "TimescaleDB 2.0 to 2.13 under the timescale licence";

/** Checks the server of a new access node. */
export async function preflightAccessNode(
    servers: Servers,
    _request: Request<AccessNodeInputs, AccessNodeComputed>,
): Promise<readonly Problem[]> {
    return checkNewAccess(servers, await readFutureAccess(servers));
}

/** Checks a new data node: from the provider and from the access node. */
export async function preflightDataNode(
    servers: Servers,
    request: Request<DataNodeInputs, DataNodeComputed>,
): Promise<readonly Problem[]> {
    const { bootstrap, drainOnDelete } = request.inputs;
    const terms = { bootstrap, drainOnDelete, owner: ownerOf(request) };
    const access = (side: AccessSide): Problem[] =>
        checkAccessDatabase(servers.label(ACCESS), servers.access.database, side);
    const extensionOf = ({ cluster }: AccessSide): Extension => cluster?.timescaledb;
    return checkDataNode(servers, nodeCheckOf(request), { access, ...nodeChecks(servers, terms, extensionOf) });
}

/** Checks what a new distributed hypertable needs of the access node. */
export async function preflightDistributedHypertable(
    servers: Servers,
    request: Request<DistributedHypertableInputs, DistributedHypertableComputed>,
): Promise<readonly Problem[]> {
    return checkHypertableRights(servers, servers.cluster(ACCESS), WRAPPER, request.inputs);
}

/** Checks servers before any resource exists. */
export async function checkServers(servers: Servers, nodes: readonly NodeCheck[]): Promise<readonly Problem[]> {
    const access = (side: AccessSide): Promise<Problem[]> => checkNewAccess(servers, side);
    const extensionOf = ({ facts }: AccessSide): Extension => {
        const version = multinodeVersion(facts);
        return version === undefined ? undefined : { version, schema: "public" };
    };
    const terms = { bootstrap: true, drainOnDelete: false };
    return checkAllServers(servers, nodes, { access, ...nodeChecks(servers, terms, extensionOf) });
}

/** TimescaleDB as the access node has it, or will have it. */
type Extension = ClusterFacts["timescaledb"];

function nodeChecks(
    servers: Servers,
    terms: Omit<NodeTerms, "node">,
    extensionOf: (access: AccessSide) => Extension,
): Pick<ServerChecks, "node" | "route"> {
    return {
        node: (node, access, found) => checkNode(servers, { ...terms, node }, access, extensionOf(access), found),
        route: (node, access) => checkAccessRoute(servers, { ...terms, node }, access),
    };
}

async function checkNewAccess(servers: Servers, access: AccessSide): Promise<Problem[]> {
    const { facts, locale } = access;
    const server = servers.label(ACCESS);
    if (facts.standby !== null) {
        return checkStandby(server, facts);
    }
    const otherwise = fdwObstacle(facts) === undefined ? ', or set engine: "fdw", which works without it' : "";
    const problems = [
        ...checkCreateDatabase(server, facts.user),
        ...checkActsAs(server, facts.user),
        ...checkEncoding(server, servers.access.database, locale),
        ...checkTimescaledb(server, facts, WANTED).map((found) => ({ ...found, remedy: found.remedy + otherwise })),
    ];
    const version = multinodeVersion(facts);
    const extension = facts.timescaledb.find((candidate) => candidate.version === version);
    if (extension === undefined && facts.timescaledb.length > 0) {
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
    if (extension !== undefined && isApache(facts, extension)) {
        problems.push(apacheLicence(server));
    }
    if (extension !== undefined && !facts.user.superuser && !extension.trusted) {
        problems.push(mayNotCreateExtension(server, facts.user, `timescaledb ${extension.version}`));
    }
    return [...problems, ...(await checkInsertWithCopy(servers, access))];
}

/** A cluster works without that right, until a data node is down. */
async function checkInsertWithCopy(servers: Servers, { facts, place }: AccessSide): Promise<Problem[]> {
    const { postgresVersion, user } = facts;
    if (await servers.on(place, (session) => mayInsertWithoutCopy(session, postgresVersion))) {
        return [];
    }
    const remedy = grantsSettings(postgresVersion)
        ? `GRANT SET ON PARAMETER ${INSERT_WITH_COPY} TO ${identifier(user.name)}`
        : `ALTER DATABASE ${identifier(servers.access.database)} SET ${INSERT_WITH_COPY} = ${literal("false")}, once it is made`;
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
    const problems = checkWrapperUsage(server, database, WRAPPER, facts.user, cluster?.wrappers);
    if (facts.license === "apache") {
        problems.push(apacheLicence(server));
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
