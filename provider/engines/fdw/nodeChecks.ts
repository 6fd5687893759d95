/** What one data node must be like for an access node of the engine fdw. Facts in, problems out. */
import { identifier } from "../../postgres/sql";
import type { Problem } from "../engine";
import type { TimescaledbChoice } from "../inputs";
import {
    checkConnections,
    checkCreateDatabase,
    checkRole,
    checkStandby,
    checkTimescaledb,
    checkTimeZone,
    databaseTakenProblem,
    mayNotCreateExtension,
    mayUse,
    notPreloaded,
    problem,
    unreached,
    type NodeTerms as CommonTerms,
} from "../preflight/checks";
import { checkCollationVersion, checkLocaleExists, checkSameLocale, notPrepared } from "../preflight/locale";
import { userOf, type AccessSide, type NodeSide } from "../preflight/readServers";
import type { ClusterFacts, ServerFacts } from "../preflight/serverFacts";
import type { Servers } from "../run/servers";
import { describeNeeds, supports } from "../versions/capabilities";

/** What a program asks of a data node. */
export interface NodeTerms extends CommonTerms {
    readonly timescaledb: TimescaledbChoice;
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
            : [unreached(server, failure ?? new Error("no connection to it is known"))];
    if (facts === undefined) {
        return failures;
    }
    if (facts.standby !== null) {
        return checkStandby(server, facts);
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
        return [...checkTimescaledb(server, facts, "TimescaleDB"), ...mayCreateExtension(server, facts, database, "")];
    }
    return facts.preloaded
        ? mayCreateExtension(server, facts, database, ', or timescaledb: "none"')
        : [{ ...notPreloaded(server, facts), severity: "warning" }];
}

function mayCreateExtension(
    server: string,
    facts: ServerFacts,
    database: ClusterFacts | undefined,
    instead: string,
): Problem[] {
    const trusted = facts.timescaledb.some((extension) => extension.trusted);
    return facts.timescaledb.length === 0 || facts.user.superuser || trusted || database?.timescaledb !== undefined
        ? []
        : [mayNotCreateExtension(server, facts.user, "timescaledb", instead)];
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
            : [notPrepared(server, name, locale, `database "${name}" does not exist`)];
    }
    if (bootstrap && !mayUse(owner, database.marker, clusterId)) {
        return [databaseTakenProblem(server, name)];
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
