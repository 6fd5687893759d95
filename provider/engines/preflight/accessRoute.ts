/**
 * Whether the access node reaches a data node, and is let in: tried from the access node itself. Nothing stays on
 * either side.
 */
import { identifier } from "../../postgres/sql";
import { refusalOf, type RefusalCause } from "../../postgres/refusal";
import { serverError, SQLSTATE } from "../../postgres/sqlState";
import type { Problem } from "../engine";
import type { AccessSide } from "./readServers";
import { problem } from "./checks";
import type { Servers } from "../run/servers";
import { withForeignTables, type Route } from "./remoteTables";

/** What is tried. */
export interface Trial {
    readonly route: Route;
    /** Databases of the node, any of which proves that the access node is let in. */
    readonly databases: readonly string[];
    /** Databases that a line in pg_hba.conf must name. */
    readonly allowed: readonly string[];
}

/** What came of it. Where it is unknown, the reason says why it could not be tried. */
type Outcome =
    | { readonly outcome: "reached" }
    | { readonly outcome: "refused"; readonly text: string }
    | { readonly outcome: "unknown"; readonly why: string };

const TABLES = { remote_database: { schema: "pg_catalog", table: "pg_database", columns: "datname name" } };
/** The set-up was refused for what the user asked: a missing password for a user who is not superuser, an option. */
const BAD_ROUTE: readonly string[] = [
    SQLSTATE.PASSWORD_REQUIRED,
    SQLSTATE.FDW_INVALID_OPTION_NAME,
    SQLSTATE.FDW_INVALID_ATTRIBUTE_VALUE,
];

/** Tries the access node's route to a data node. */
export async function checkRoute(
    servers: Servers,
    access: Pick<AccessSide, "place" | "facts">,
    nodeName: string,
    trial: Trial,
): Promise<Problem[]> {
    return describe(servers.label(nodeName), await tryRoute(servers, access, trial), trial);
}

async function tryRoute(
    servers: Servers,
    access: Pick<AccessSide, "place" | "facts">,
    { route, databases }: Trial,
): Promise<Outcome> {
    let first: Outcome | undefined;
    for (const database of databases) {
        const found = await tryDatabase(servers, access, route, database);
        // Only who is let in learns that a database does not exist.
        if (found.outcome !== "refused" || refusalOf(found.text).cause === "database") {
            return found.outcome === "refused" ? { outcome: "reached" } : found;
        }
        first ??= found;
    }
    return first ?? { outcome: "unknown", why: "no database of it is known" };
}

async function tryDatabase(
    servers: Servers,
    access: Pick<AccessSide, "place" | "facts">,
    route: Route,
    database: string,
): Promise<Outcome> {
    try {
        await withForeignTables(servers, access, route, database, TABLES, (session) =>
            session.query("SELECT FROM pg_temp.remote_database LIMIT 1"),
        );
        return { outcome: "reached" };
    } catch (error) {
        const found = serverError(error);
        const text = [found?.message ?? String(error), found?.detail].filter((part) => part !== undefined).join(": ");
        if (found?.code === SQLSTATE.UNABLE_TO_CONNECT || BAD_ROUTE.includes(found?.code ?? "")) {
            return { outcome: "refused", text };
        }
        return { outcome: "unknown", why: text };
    }
}

/** An error where the access node is refused, advice where that could not be tried. */
function describe(server: string, found: Outcome, { route, allowed }: Trial): Problem[] {
    switch (found.outcome) {
        case "reached":
            return [];
        case "unknown":
            return [
                problem(server, {
                    severity: "warning",
                    check: "access_view",
                    what: `whether the access node is let in at ${route.host}:${route.port} could not be tried (${found.why})`,
                    remedy:
                        "Install the contrib extension postgres_fdw on the access node and use a superuser, " +
                        "or make sure yourself that it is let in",
                }),
            ];
        case "refused": {
            const { cause, client } = refusalOf(found.text);
            return [
                problem(server, {
                    check: `access_${cause}`,
                    what: `the access node cannot connect to it at ${route.host}:${route.port}: ${found.text}`,
                    remedy: remedyOf(cause, client, route, allowed),
                    restart: cause === "port_closed",
                }),
            ];
        }
    }
}

function remedyOf(cause: RefusalCause, client: string | undefined, route: Route, databases: readonly string[]): string {
    switch (cause) {
        case "hba":
            return (
                `Add to pg_hba.conf there: host ${databases.map(hbaName).join(",")} ${hbaName(route.user)} ` +
                `${client === undefined ? "<access node>" : `${client}/${client.includes(":") ? 128 : 32}`} ` +
                "scram-sha-256, and then SELECT pg_reload_conf()"
            );
        case "password":
            return route.password === undefined
                ? `Give the data node the password of role "${route.user}"`
                : `Correct the data node's password, or set it there: ALTER ROLE ${identifier(route.user)} PASSWORD '...'`;
        case "role":
            return `CREATE ROLE ${identifier(route.user)} LOGIN CREATEDB`;
        case "port_closed":
            return "Correct the data node's port, or let PostgreSQL listen there: listen_addresses = '*' in postgresql.conf";
        case "host_unknown":
            return "Give the data node a host that the access node's machine knows";
        case "no_answer":
            return "Open the port in the firewalls between the access node and it";
        case "tls":
            return "Set sslmode and certificates in the data node's serverOptions, or ssl on both servers";
        case "database":
        case "unknown":
            return "Fix what the message names, on the data node or in the program";
    }
}

function hbaName(name: string): string {
    return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name}"`;
}
