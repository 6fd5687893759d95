/**
 * Preflight's parts that both engines use. Each check takes facts and answers with the problems it sees in them; the
 * engines read the facts, once a server, and put the checks together.
 */
import { ProviderError } from "../../errors";
import { serverError } from "../../postgres/sqlState";
import { identifier, literal } from "../../postgres/sql";
import type { NodeCheck, Problem } from "../engine";
import type { Marker } from "../marks/marker";
import { mayTake, type Owner } from "../marks/ownership";
import type { LocaleFacts, RoleFacts, ServerFacts } from "./serverFacts";
import type { ServerAccess, Servers } from "../run/servers";

/** Problems as the text of a PREFLIGHT_FAILED error: one line each, errors first. */
export function formatProblems(problems: readonly Problem[]): string {
    const line = ({ severity, server, what, remedy, restart }: Problem): string =>
        `- ${severity === "warning" ? "(advice) " : ""}${server}: ${what}. ${remedy}${restart ? " (needs a restart)" : ""}`;
    const of = (severity: Problem["severity"]): string[] =>
        problems.filter((problem) => problem.severity === severity).map(line);
    return ["", ...of("error"), ...of("warning")].join("\n");
}

/** What is wrong and what mends it; the rest of a problem is the same for most. */
type Finding = Pick<Problem, "check" | "what" | "remedy"> & Partial<Pick<Problem, "severity" | "restart">>;

/** A problem of one server. An error without a restart, unless the finding says otherwise. */
export function problem(server: string, finding: Finding): Problem {
    return { severity: "error", restart: false, server, ...finding };
}

const LISTEN = "Start PostgreSQL there and let it listen: listen_addresses = '*' in postgresql.conf";

/** By SQLSTATE or socket code: the name of the check and the remedy. */
const UNREACHED: Readonly<Record<string, readonly [check: string, remedy: string, restart?: true]>> = {
    ECONNREFUSED: ["port_closed", LISTEN, true],
    ENOTFOUND: ["host_unknown", "Correct the host in the program, or enter it in the name service"],
    EAI_AGAIN: ["host_unknown", "Correct the host in the program, or enter it in the name service"],
    ETIMEDOUT: ["no_answer", "Open the port in the firewalls between here and the server"],
    "28P01": ["password", "Correct the password in the program, or set it there: ALTER ROLE ... PASSWORD '...'"],
    "28000": [
        "authentication",
        "Create the role there, or let it in by a line in pg_hba.conf and SELECT pg_reload_conf()",
    ],
    "3D000": ["maintenance_database", "Name a database of the server as maintenanceDatabase of the connection"],
};

/** The provider cannot reach a server, or is not let in. */
export function unreached(server: string, error: unknown): Problem {
    const code = serverError(error)?.code;
    const [check, remedy, restart] = (code !== undefined && UNREACHED[code]) || [
        "connection",
        "Check the connection in the program, and the server's log",
    ];
    const known = error instanceof ProviderError ? error.reason : String(error);
    return problem(server, { check, what: `the provider cannot connect: ${known}`, remedy, restart: restart ?? false });
}

/** The session's role must be able to make databases. */
export function checkCreateDatabase(server: string, user: RoleFacts): Problem[] {
    return user.createDatabase
        ? []
        : [
              problem(server, {
                  check: "createdb",
                  what: `role "${user.name}" may not create databases`,
                  remedy: `ALTER ROLE ${identifier(user.name)} CREATEDB`,
              }),
          ];
}

/** The role that the access node connects as must exist on the node. */
export function checkRole(server: string, name: string, role: RoleFacts | undefined): Problem[] {
    if (role === undefined) {
        return [
            problem(server, {
                check: "role",
                what: `role "${name}", as which the access node connects, does not exist`,
                remedy: `CREATE ROLE ${identifier(name)} LOGIN CREATEDB`,
            }),
        ];
    }
    return role.login
        ? []
        : [
              problem(server, {
                  check: "role",
                  what: `role "${name}", as which the access node connects, may not log in`,
                  remedy: `ALTER ROLE ${identifier(name)} LOGIN`,
              }),
          ];
}

/** TimescaleDB's files must be there and preloaded. */
export function checkTimescaledb(server: string, facts: ServerFacts, wanted: string): Problem[] {
    const problems: Problem[] = [];
    if (facts.timescaledb.length === 0) {
        problems.push(
            problem(server, {
                check: "timescaledb_missing",
                what: "TimescaleDB is not installed",
                remedy: `Install ${wanted} for PostgreSQL ${facts.postgresVersion} on its machine`,
            }),
        );
    }
    if (!facts.preloaded) {
        problems.push(notPreloaded(server, facts));
    }
    return problems;
}

/** TimescaleDB is not in shared_preload_libraries. */
export function notPreloaded(server: string, { preloadLibraries }: ServerFacts): Problem {
    const others = (preloadLibraries ?? "").split(",").map((library) => library.trim().replaceAll('"', ""));
    const libraries = [...others.filter((library) => library !== ""), "timescaledb"].map(literal).join(", ");
    return problem(server, {
        check: "preload",
        what: "TimescaleDB is not preloaded",
        remedy:
            preloadLibraries === null
                ? "Add timescaledb to shared_preload_libraries in postgresql.conf"
                : `ALTER SYSTEM SET shared_preload_libraries = ${libraries}`,
        restart: true,
    });
}

/** Two databases of one cluster must write and compare text alike. */
export function checkSameLocale(server: string, name: string, found: LocaleFacts, wanted: LocaleFacts): Problem[] {
    const differing = (
        [
            ["encoding", "encoding", found.encoding, wanted.encoding],
            ["collation", "collation", found.collation, wanted.collation],
            ["character_type", "character type (LC_CTYPE)", found.characterType, wanted.characterType],
        ] as const
    ).filter(([, , has, needs]) => has !== needs);
    return differing.map(([check, word, has, needs]) =>
        problem(server, {
            check,
            what: `database "${name}" has the ${word} ${has}, the access node's has ${needs}`,
            remedy:
                `Make it anew: CREATE DATABASE ${identifier(name)} TEMPLATE template0 ENCODING ` +
                `${literal(wanted.encoding)} LC_COLLATE ${literal(wanted.collation)} ` +
                `LC_CTYPE ${literal(wanted.characterType)}`,
        }),
    );
}

/** A database that is still to be made gets the access node's locale: the node's system must have it. */
export function checkLocaleExists(server: string, facts: ServerFacts, wanted: LocaleFacts): Problem[] {
    const known = [...facts.collations, facts.defaults.collation, facts.defaults.characterType].map(plainLocale);
    const missing = [...new Set([wanted.collation, wanted.characterType])].filter(
        (locale) => !["C", "POSIX"].includes(locale) && !known.includes(plainLocale(locale)),
    );
    return missing.map((locale) =>
        problem(server, {
            severity: "warning",
            check: "locale",
            what: `the locale ${locale} of the access node's database seems to be missing`,
            remedy: "Install it in the operating system if creating the database fails",
            restart: true,
        }),
    );
}

/** Indexes and merged results rely on one order of text. */
export function checkCollationVersion(server: string, found: LocaleFacts, wanted: LocaleFacts): Problem[] {
    const [has, needs] = [found.collationVersion, wanted.collationVersion];
    return has === null || needs === null || has === needs || found.collation !== wanted.collation
        ? []
        : [
              problem(server, {
                  severity: "warning",
                  check: "collation_version",
                  what: `its system sorts text by version ${has} of ${found.collation}, the access node's by ${needs}`,
                  remedy: 'Run both on the same release of the operating system, or use the collation "C"',
              }),
          ];
}

/** Literals without a zone, and what is made by now(), mean the same everywhere only in one zone. */
export function checkTimeZone(server: string, facts: ServerFacts, access: ServerFacts): Problem[] {
    return plainZone(facts.timeZone) === plainZone(access.timeZone)
        ? []
        : [
              problem(server, {
                  severity: "warning",
                  check: "time_zone",
                  what: `its time zone is ${facts.timeZone}, the access node's is ${access.timeZone}`,
                  remedy: `ALTER SYSTEM SET timezone = ${literal(access.timeZone)}; SELECT pg_reload_conf()`,
              }),
          ];
}

/** Every session of the access node may open one on every data node. */
export function checkConnections(server: string, facts: ServerFacts, access: ServerFacts): Problem[] {
    return facts.maxConnections >= access.maxConnections
        ? []
        : [
              problem(server, {
                  severity: "warning",
                  check: "max_connections",
                  what: `it takes ${facts.maxConnections} connections, the access node takes ${access.maxConnections} and may pass each of them on`,
                  remedy: `ALTER SYSTEM SET max_connections = ${access.maxConnections}`,
                  restart: true,
              }),
          ];
}

/** The database of a node is still to be made: its name must be free, or what has it must be ours. */
export function databaseTaken(server: string, name: string): Problem {
    return problem(server, {
        check: "database_exists",
        what: `database "${name}" exists and was not made by this cluster`,
        remedy:
            `Choose another database, set adopt: true to take it over or bootstrap: false where it is prepared, ` +
            `or DROP DATABASE ${identifier(name)}`,
    });
}

/**
 * Whether a database may be used under its name.
 *
 * @param owner undefined before there is a resource: then whatever bears a mark will do
 * @param cluster the cluster's id, if it has one yet
 */
export function isOurs(owner: Owner | undefined, marker: Marker | undefined, cluster: string | undefined): boolean {
    if (owner === undefined) {
        return marker !== undefined;
    }
    return mayTake(owner, marker) || (marker?.cluster !== undefined && marker.cluster === cluster);
}

/** The access node's database, asked of servers before any resource exists. */
export function checkAccessName(server: string, access: ServerAccess, facts: ServerFacts): Problem[] {
    const { connection, database } = access;
    const taken =
        database !== connection.maintenanceDatabase &&
        facts.database?.name === database &&
        facts.database.marker === undefined;
    return taken ? [databaseTaken(server, database)] : [];
}

/** What is to be said of data nodes while the access node itself cannot be reached. */
export function unreachedNodes(
    servers: Servers,
    nodes: readonly NodeCheck[],
    found: readonly { readonly failure?: unknown }[],
): Problem[] {
    return nodes.flatMap(({ nodeName }, i) => {
        const failure = found[i]?.failure;
        return failure === undefined ? [] : [unreached(servers.label(nodeName), failure)];
    });
}

/** glibc lists en_US.UTF-8 as en_US.utf8. */
function plainLocale(name: string): string {
    return name.toLowerCase().replaceAll("-", "");
}

function plainZone(name: string): string {
    return ["UTC", "Etc/UTC", "Etc/UCT", "UCT", "Universal", "Zulu", "Etc/Universal", "Etc/Zulu"].includes(name)
        ? "UTC"
        : name;
}
