/**
 * The checks that both engines use. Each takes facts and returns the problems that it sees in them; the engines read the
 * facts, once a server, and put the checks together.
 */
import { ProviderError } from "../../errors";
import { serverError, SQLSTATE } from "../../postgres/sqlState";
import { identifier, literal } from "../../postgres/sql";
import type { NodeCheck, Problem } from "../engine";
import type { Marker } from "../marks/marker";
import { mayTake, type Owner } from "../marks/ownership";
import type { ClusterFacts, RoleFacts, ServerFacts } from "./serverFacts";

/** Problems as the text of a PREFLIGHT_FAILED error: one line each, errors first. */
export function formatProblems(problems: readonly Problem[]): string {
    const line = ({ severity, server, what, remedy, restart }: Problem): string =>
        `- ${severity === "warning" ? "(advice) " : ""}${server}: ${what}. ${remedy}${restart ? " (needs a restart)" : ""}`;
    const of = (severity: Problem["severity"]): string[] =>
        problems.filter((problem) => problem.severity === severity).map(line);
    return ["", ...of("error"), ...of("warning")].join("\n");
}

/** What is wrong and what fixes it; the rest of a problem is the same for most. */
type Finding = Pick<Problem, "check" | "what" | "remedy"> & Partial<Pick<Problem, "severity" | "restart">>;

/** A problem of one server. An error without a restart, unless the finding says otherwise. */
export function problem(server: string, finding: Finding): Problem {
    return { severity: "error", restart: false, server, ...finding };
}

/** What a program asks of a data node, as far as checks depend on it. */
export interface NodeTerms {
    readonly node: NodeCheck;
    readonly bootstrap: boolean;
    /** The resource that the node is for; undefined before there is one: then any database with a mark may be used. */
    readonly owner?: Owner;
}

const LISTEN = "Start PostgreSQL there and let it listen: listen_addresses = '*' in postgresql.conf";

/** By SQLSTATE or socket code: the name of the check and the remedy. */
const UNREACHED: Readonly<Record<string, readonly [check: string, remedy: string, restart?: true]>> = {
    ECONNREFUSED: ["port_closed", LISTEN, true],
    ENOTFOUND: ["host_unknown", "Correct the host in the program, or enter it in the name service"],
    EAI_AGAIN: ["host_unknown", "Correct the host in the program, or enter it in the name service"],
    ETIMEDOUT: ["no_answer", "Open the port in the firewalls between here and the server"],
    [SQLSTATE.INVALID_PASSWORD]: [
        "password",
        "Correct the password in the program, or set it there: ALTER ROLE ... PASSWORD '...'",
    ],
    [SQLSTATE.INVALID_AUTHORIZATION]: [
        "authentication",
        "Create the role there, or let it in by a line in pg_hba.conf and SELECT pg_reload_conf()",
    ],
    [SQLSTATE.INVALID_CATALOG_NAME]: [
        "maintenance_database",
        "Name a database of the server as maintenanceDatabase of the connection",
    ],
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

/** The role that the access node connects as must exist on the node, may log in, and acts as itself. */
export function checkRole(server: string, name: string, role: RoleFacts | undefined): Problem[] {
    const item = (what: string, remedy: string): Problem =>
        problem(server, {
            check: "role",
            what: `role "${name}", which the access node connects as, ${what}`,
            remedy,
        });
    if (role === undefined) {
        return [item("does not exist", `CREATE ROLE ${identifier(name)} LOGIN CREATEDB`)];
    }
    return role.login ? checkActsAs(server, role) : [item("may not log in", `ALTER ROLE ${identifier(name)} LOGIN`)];
}

/** The provider's own sessions ignore this setting; those of the access node and of clients do not. */
export function checkActsAs(server: string, { name, actsAs }: RoleFacts): Problem[] {
    return actsAs === null || actsAs === name || actsAs === "none"
        ? []
        : [
              problem(server, {
                  check: "role_setting",
                  what: `role "${name}" acts as role "${actsAs}" in each new session, which lacks what is granted to "${name}"`,
                  remedy: `ALTER ROLE ${identifier(name)} RESET role, or use the role "${actsAs}" itself`,
              }),
          ];
}

/** A standby takes no changes. */
export function checkStandby(server: string, { standby }: ServerFacts): Problem[] {
    return standby === null
        ? []
        : [
              problem(server, {
                  check: "standby",
                  what: "it is a hot standby, which takes no changes",
                  remedy: `Use its primary, ${standby.primary ?? "the server that primary_conninfo there names"}, or run SELECT pg_promote()`,
              }),
          ];
}

/** The extension takes a superuser, or an owner of the database where it is trusted. */
export function mayNotCreateExtension(server: string, user: RoleFacts, extension: string, instead = ""): Problem {
    return problem(server, {
        check: "create_extension",
        what: `role "${user.name}" may not create the extension ${extension}`,
        remedy: `Use a superuser as the connection's user${instead}`,
    });
}

/** The foreign-data wrapper of the data nodes, in the access node's database. */
export function checkWrapperUsage(
    server: string,
    database: string,
    wrapper: string,
    { name }: RoleFacts,
    wrappers: ClusterFacts["wrappers"] = {},
): Problem[] {
    return wrappers[wrapper] !== false
        ? []
        : [
              problem(server, {
                  check: "usage",
                  what: `role "${name}" may not use the foreign-data wrapper ${wrapper}`,
                  remedy:
                      `As a superuser in database ${identifier(database)}: ` +
                      `GRANT USAGE ON FOREIGN DATA WRAPPER ${identifier(wrapper)} TO ${identifier(name)}`,
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

/** Literals without a zone, and values made by now(), mean the same everywhere only in one zone. */
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

/** The name of a database that the node does not have yet is taken by somebody else's. */
export function databaseTakenProblem(server: string, name: string): Problem {
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
 * @param owner undefined before there is a resource: then any database with a mark may be used
 * @param cluster the cluster's id, if it has one yet
 */
export function mayUse(owner: Owner | undefined, marker: Marker | undefined, cluster: string | undefined): boolean {
    if (owner === undefined) {
        return marker !== undefined;
    }
    return mayTake(owner, marker) || (marker?.cluster !== undefined && marker.cluster === cluster);
}

function plainZone(name: string): string {
    return ["UTC", "Etc/UTC", "Etc/UCT", "UCT", "Universal", "Zulu", "Etc/Universal", "Etc/Zulu"].includes(name)
        ? "UTC"
        : name;
}
