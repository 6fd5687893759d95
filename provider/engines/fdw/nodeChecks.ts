/** What one data node must be like for an access node of the engine fdw. Facts in, problems out. */
import { identifier, literal } from "../../postgres/sql";
import { describeNeeds, supports } from "../versions/capabilities";
import type { TimescaledbChoice } from "../inputs";
import type { Problem } from "../engine";
import { userOf, type AccessSide, type NodeSide } from "../preflight/readServers";
import type { Owner } from "../marks/ownership";
import {
    checkCollationVersion,
    checkConnections,
    checkCreateDatabase,
    checkLocaleExists,
    checkRole,
    checkSameLocale,
    checkTimescaledb,
    checkTimeZone,
    databaseTaken,
    isOurs,
    notPreloaded,
    problem,
    unreached,
} from "../preflight/checks";
import { type NodeCheck } from "../engine";
import type { ClusterFacts, ServerFacts } from "../preflight/serverFacts";
import type { Servers } from "../run/servers";

/** What is requested of a node. */
export interface NodeTerms {
    readonly node: NodeCheck;
    readonly bootstrap: boolean;
    readonly timescaledb: TimescaledbChoice;
    /** Whose the node is to be; absent before there is a resource: then whatever bears a mark will do. */
    readonly owner?: Owner;
    readonly clusterId?: string;
}

/** Checks a node. */
export function checkNode(servers: Servers, terms: NodeTerms, access: AccessSide, found: NodeSide): Problem[] {
    const { node, timescaledb } = terms;
    const server = servers.label(node.nodeName);
    const { facts, cluster, failure } = found;
    const failures =
        facts !== undefined && failure === undefined
            ? []
            : [unreached(server, failure ?? new Error("no way to it is known"))];
    if (facts === undefined) {
        return failures;
    }
    return [
        ...failures,
        ...checkVersion(server, facts),
        ...checkRole(server, userOf(servers, node), facts.role),
        ...checkChoice(server, facts, timescaledb, cluster),
        ...checkTimeZone(server, facts, access.facts),
        ...checkConnections(server, facts, access.facts),
        ...checkDatabase(server, terms, access, facts, cluster),
    ];
}

/** The engine's PostgreSQL. */
export function checkVersion(server: string, { postgresVersion }: ServerFacts): Problem[] {
    return supports("distribution", { engine: "fdw", postgresVersion, timescaledbVersion: null })
        ? []
        : [
              problem(server, {
                  check: "version",
                  what: `it runs PostgreSQL ${postgresVersion}`,
                  remedy: `Use ${describeNeeds("distribution", "fdw")}`,
              }),
          ];
}

/** TimescaleDB, as far as the program asks for it. */
export function checkChoice(
    server: string,
    facts: ServerFacts,
    choice: TimescaledbChoice,
    database: ClusterFacts | undefined,
): Problem[] {
    if (choice === "none" || (choice === "auto" && facts.timescaledb.length === 0)) {
        return [];
    }
    if (choice === "required") {
        return [
            ...checkTimescaledb(server, facts, "TimescaleDB"),
            ...mayCreateExtension(server, facts, database, "Use a superuser as the connection's user"),
        ];
    }
    return facts.preloaded
        ? mayCreateExtension(
              server,
              facts,
              database,
              'Use a superuser as the connection\'s user, or timescaledb: "none"',
          )
        : [{ ...notPreloaded(server, facts), severity: "warning" }];
}

function mayCreateExtension(
    server: string,
    facts: ServerFacts,
    database: ClusterFacts | undefined,
    remedy: string,
): Problem[] {
    const trusted = facts.timescaledb.some((extension) => extension.trusted);
    return facts.timescaledb.length === 0 || facts.user.superuser || trusted || database?.timescaledb !== undefined
        ? []
        : [
              problem(server, {
                  check: "create_extension",
                  what: `role "${facts.user.name}" may not create the extension timescaledb`,
                  remedy,
              }),
          ];
}

function checkDatabase(
    server: string,
    { node, bootstrap, owner, clusterId }: NodeTerms,
    { locale }: AccessSide,
    facts: ServerFacts,
    cluster: ClusterFacts | undefined,
): Problem[] {
    const { database: name = "" } = node;
    const database = facts.database?.name === name ? facts.database : undefined;
    if (database === undefined) {
        return bootstrap
            ? [...checkCreateDatabase(server, facts.user), ...checkLocaleExists(server, facts, locale)]
            : [
                  problem(server, {
                      check: "not_prepared",
                      what: `database "${name}" does not exist, although bootstrap: false says that it is prepared`,
                      remedy:
                          `CREATE DATABASE ${identifier(name)} TEMPLATE template0 ENCODING ${literal(locale.encoding)} ` +
                          `LC_COLLATE ${literal(locale.collation)} LC_CTYPE ${literal(locale.characterType)}; ` +
                          "or leave bootstrap out",
                  }),
              ];
    }
    if (bootstrap && !isOurs(owner, database.marker, clusterId)) {
        return [databaseTaken(server, name)];
    }
    return [
        ...checkSameLocale(server, name, database, locale),
        ...checkCollationVersion(server, database, locale),
        ...(cluster?.mayCreate === false
            ? [
                  problem(server, {
                      check: "database_create",
                      what: `role "${facts.user.name}" may not create schemas in database "${name}"`,
                      remedy: `GRANT CREATE ON DATABASE ${identifier(name)} TO ${identifier(facts.user.name)}`,
                  }),
              ]
            : []),
    ];
}
