/** What one data node must be like for an access node of multi-node. Facts in, problems out. */
import { identifier, literal } from "../../postgres/sql";
import type { Problem } from "../engine";
import {
    checkCreateDatabase,
    checkRole,
    checkStandby,
    checkTimescaledb,
    checkTimeZone,
    databaseTakenProblem,
    mayUse,
    problem,
    unreached,
    type NodeTerms as CommonTerms,
} from "../preflight/checks";
import { isApache } from "../preflight/choose";
import { checkCollationVersion, checkLocaleExists, checkSameLocale, notPrepared } from "../preflight/locale";
import { userOf, type AccessSide, type NodeSide } from "../preflight/readServers";
import type { ClusterFacts, ServerFacts } from "../preflight/serverFacts";
import type { Servers } from "../run/servers";
import { compareVersions, minorOf } from "../versions/range";

/** TimescaleDB's own advice, for a server of the default 100 connections. */
const ADVISED_PREPARED_TRANSACTIONS = 150;

/** What a program asks of a data node. */
export interface NodeTerms extends CommonTerms {
    readonly drainOnDelete: boolean;
}

type Extension = NonNullable<ClusterFacts["timescaledb"]>;

/**
 * Checks a node.
 *
 * @param extension TimescaleDB as the access node has it, or will have it
 */
export function checkNode(
    servers: Servers,
    terms: NodeTerms,
    access: AccessSide,
    extension: Extension | undefined,
    found: NodeSide,
): Problem[] {
    const { node } = terms;
    const server = servers.label(node.nodeName);
    const { facts, cluster, failure } = found;
    if (facts === undefined) {
        return [node.ownConnection && failure !== undefined ? unreached(server, failure) : unseen(server, failure)];
    }
    if (facts.standby !== null) {
        return checkStandby(server, facts);
    }
    return [
        ...(failure === undefined ? [] : [unreached(server, failure)]),
        ...checkPreparedTransactions(server, facts),
        ...(terms.drainOnDelete ? checkWalLevel(server, facts) : []),
        ...checkTimescaledb(server, facts, `TimescaleDB ${extension?.version ?? "2.0 to 2.13"}`),
        ...(isApache(facts, facts.timescaledb.at(-1)) ? [apacheLicence(server)] : []),
        ...checkRole(server, userOf(servers, node), facts.role),
        ...checkTimeZone(server, facts, access.facts),
        ...checkDatabase(server, terms, access, extension, facts, cluster),
    ];
}

function unseen(server: string, failure: unknown): Problem {
    return problem(server, {
        severity: "warning",
        check: "unseen",
        what:
            "the provider has no way to it, so its settings, versions and rights were not checked" +
            (failure instanceof Error ? ` (${failure.message})` : ""),
        remedy: "Give the data node a connection if the provider can reach it by another way",
    });
}

function checkPreparedTransactions(server: string, facts: ServerFacts): Problem[] {
    const { maxPreparedTransactions, maxConnections } = facts;
    const advised = Math.max(ADVISED_PREPARED_TRANSACTIONS, maxConnections);
    return maxPreparedTransactions >= advised
        ? []
        : [
              problem(server, {
                  severity: maxPreparedTransactions === 0 ? "error" : "warning",
                  check: "max_prepared_transactions",
                  what:
                      maxPreparedTransactions === 0
                          ? "max_prepared_transactions is 0, so no distributed transaction can commit"
                          : `max_prepared_transactions is ${maxPreparedTransactions}, advised are ${advised} for ` +
                            `${maxConnections} connections`,
                  remedy: `ALTER SYSTEM SET max_prepared_transactions = ${advised}`,
                  restart: true,
              }),
          ];
}

/** Moving a chunk is logical replication from the node that it leaves. */
function checkWalLevel(server: string, { walLevel }: ServerFacts): Problem[] {
    return walLevel === "logical"
        ? []
        : [
              problem(server, {
                  severity: "warning",
                  check: "wal_level",
                  what: `wal_level is ${walLevel}, so drainOnDelete cannot move its chunks to other data nodes`,
                  remedy: "ALTER SYSTEM SET wal_level = 'logical'",
                  restart: true,
              }),
          ];
}

/** The apache licence leaves out multi-node. */
export function apacheLicence(server: string): Problem {
    return problem(server, {
        check: "licence",
        what: 'TimescaleDB runs under the licence "apache", which has no multi-node',
        remedy: "Set timescaledb.license = 'timescale' in postgresql.conf, with the Community Edition installed",
        restart: true,
    });
}

function checkDatabase(
    server: string,
    terms: NodeTerms,
    access: AccessSide,
    extension: Extension | undefined,
    facts: ServerFacts,
    cluster: ClusterFacts | undefined,
): Problem[] {
    const { node, bootstrap } = terms;
    const name = node.database ?? "";
    const database = facts.database?.name === name ? facts.database : undefined;
    const version = extension === undefined ? "" : ` VERSION ${literal(extension.version)}`;
    const missing = (what: string): Problem =>
        notPrepared(server, name, access.locale, what, `, and in it CREATE EXTENSION timescaledb${version}`);
    if (database === undefined) {
        return bootstrap
            ? [
                  ...checkAvailable(server, facts, extension),
                  ...(facts.role === undefined ? [] : checkCreateDatabase(server, facts.role)),
                  ...checkLocaleExists(server, facts, access.locale),
              ]
            : [missing(`database "${name}" does not exist`)];
    }
    const others = checkOwner(server, name, terms, access, facts, cluster);
    if (others.length > 0) {
        return others;
    }
    const installed = cluster?.timescaledb;
    return [
        ...checkSameLocale(server, name, database, access.locale),
        ...checkCollationVersion(server, database, access.locale),
        ...(installed !== undefined
            ? [...checkVersion(server, installed.version, extension), ...checkSchema(server, installed, extension)]
            : bootstrap
              ? checkAvailable(server, facts, extension)
              : [missing("the extension timescaledb is not in its database")]),
    ];
}

/** Who owns the database: this cluster, nobody, or another cluster, which must not lose it by mistake. */
function checkOwner(
    server: string,
    name: string,
    { bootstrap, owner }: NodeTerms,
    access: AccessSide,
    facts: ServerFacts,
    cluster: ClusterFacts | undefined,
): Problem[] {
    const mine = access.cluster?.uuid;
    const clusterId = cluster?.distUuid;
    if (clusterId !== undefined && clusterId !== mine) {
        return [foreignClusterProblem(server, name, clusterId, access, facts, cluster?.uuid)];
    }
    const free = clusterId !== undefined || !bootstrap || mayUse(owner, facts.database?.marker, mine);
    return free ? [] : [databaseTakenProblem(server, name)];
}

function foreignClusterProblem(
    server: string,
    name: string,
    owner: string,
    access: AccessSide,
    facts: ServerFacts,
    own: string | undefined,
): Problem {
    const drop = `DROP DATABASE ${identifier(name)}`;
    if (owner === own) {
        return problem(server, {
            check: "node_is_access_node",
            what: `database "${name}" is itself an access node with data nodes`,
            remedy: "Choose another database for the data node",
        });
    }
    const alive = access.facts.accessDatabases[owner] ?? facts.accessDatabases[owner];
    if (alive !== undefined) {
        return problem(server, {
            check: "foreign_cluster",
            what: `database "${name}" is a data node of another cluster, ${owner}, whose access node is database "${alive}"`,
            remedy: `Choose another database, or remove the node there first: SELECT delete_data_node(...) in "${alive}", then ${drop}`,
        });
    }
    const marker = facts.database?.marker;
    return problem(server, {
        check: "lost_cluster",
        what:
            `database "${name}" is a data node of the cluster ${owner}` +
            (marker === undefined ? "" : `, made by ${marker.urn},`) +
            " which the access node's server does not know: it is gone, or lives on another server",
        remedy:
            `If it is gone: ${drop}, or to keep what it holds, in it: ` +
            "DELETE FROM _timescaledb_catalog.metadata WHERE key = 'dist_uuid'",
    });
}

/** Bootstrapping creates the extension in the access node's own version. */
function checkAvailable(server: string, facts: ServerFacts, extension: Extension | undefined): Problem[] {
    const available = facts.timescaledb.map((candidate) => candidate.version);
    if (extension === undefined || available.length === 0 || available.includes(extension.version)) {
        return [];
    }
    return [
        problem(server, {
            check: "version",
            what: `it has TimescaleDB ${available.join(", ")}, the access node has ${extension.version}`,
            remedy: `Install TimescaleDB ${extension.version} there`,
            restart: true,
        }),
    ];
}

/** A node may be newer than its access node, not older. */
function checkVersion(server: string, version: string, extension: Extension | undefined): Problem[] {
    if (extension === undefined) {
        return [];
    }
    const order = compareVersions(minorOf(version), minorOf(extension.version));
    if (order === 0) {
        return [];
    }
    const moved = compareVersions(extension.version, "2.12") < 0 && compareVersions(version, "2.12") >= 0;
    const refused = order < 0 || moved || compareVersions(version, "2.14") >= 0;
    return [
        problem(server, {
            severity: refused ? "error" : "warning",
            check: "version",
            what: `its TimescaleDB ${version} is ${order < 0 ? "older" : "newer"} than the access node's ${extension.version}`,
            remedy:
                order < 0
                    ? `In its database, as the first statement of a session: ALTER EXTENSION timescaledb UPDATE TO ${literal(extension.version)}`
                    : `In the access node's database, as the first statement of a session: ALTER EXTENSION timescaledb UPDATE TO ${literal(version)}`,
        }),
    ];
}

function checkSchema(server: string, installed: Extension, extension: Extension | undefined): Problem[] {
    return extension === undefined || installed.schema === extension.schema
        ? []
        : [
              problem(server, {
                  check: "extension_schema",
                  what: `its extension timescaledb is in schema "${installed.schema}", the access node's in "${extension.schema}"`,
                  remedy: `In its database: DROP EXTENSION timescaledb CASCADE; CREATE EXTENSION timescaledb SCHEMA ${identifier(extension.schema)}`,
              }),
          ];
}
