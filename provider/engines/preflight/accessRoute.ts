/**
 * Whether the access node reaches a data node, and is let in: tried from the access node itself. Nothing stays on
 * either side.
 */
import { identifier } from "../../postgres/sql";
import { refusalOf, type RefusalCause } from "../../postgres/refusal";
import { serverError } from "../../postgres/sqlState";
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
}

/** What came of it. Where it is not known, the reason says why it could not be tried. */
export type RouteOutcome =
    | { readonly outcome: "reached" }
    | { readonly outcome: "refused"; readonly text: string }
    | { readonly outcome: "unknown"; readonly why: string };

const TABLES = { remote_database: { schema: "pg_catalog", table: "pg_database", columns: "datname name" } };
const UNABLE_TO_CONNECT = "08001";
/** The set-up was refused for what the user asked: a missing password for a user who is not superuser, an option. */
const BAD_ROUTE = ["2F003", "HV00D", "HV024"];

/** Tries the route. */
export async function tryRoute(
    servers: Servers,
    access: Pick<AccessSide, "place" | "facts">,
    { route, databases }: Trial,
): Promise<RouteOutcome> {
    let first: RouteOutcome | undefined;
    for (const database of databases) {
        const view = await tryDatabase(servers, access, route, database);
        // The answer that a database does not exist is given only to whom the server lets in.
        if (view.outcome !== "refused" || refusalOf(view.text).cause === "database") {
            return view.outcome === "refused" ? { outcome: "reached" } : view;
        }
        first ??= view;
    }
    return first ?? { outcome: "unknown", why: "no database of it is known" };
}

async function tryDatabase(
    servers: Servers,
    access: Pick<AccessSide, "place" | "facts">,
    route: Route,
    database: string,
): Promise<RouteOutcome> {
    try {
        await withForeignTables(servers, access, route, database, TABLES, (session) =>
            session.query("SELECT FROM pg_temp.remote_database LIMIT 1"),
        );
        return { outcome: "reached" };
    } catch (error) {
        const found = serverError(error);
        const text = [found?.message ?? String(error), found?.detail].filter((part) => part !== undefined).join(": ");
        if (found?.code === UNABLE_TO_CONNECT || BAD_ROUTE.includes(found?.code ?? "")) {
            return { outcome: "refused", text };
        }
        return { outcome: "unknown", why: text };
    }
}

/** What the user is told of it: an error where the access node is refused, advice where that could not be tried. */
export function describeOutcome(
    server: string,
    view: RouteOutcome,
    route: Route,
    databases: readonly string[],
): Problem[] {
    switch (view.outcome) {
        case "reached":
            return [];
        case "unknown":
            return [
                problem(server, {
                    severity: "warning",
                    check: "access_view",
                    what: `whether the access node is let in at ${route.host}:${route.port} could not be tried (${view.why})`,
                    remedy:
                        "Install the contrib extension postgres_fdw on the access node and use a superuser, " +
                        "or see yourself that it is let in",
                }),
            ];
        case "refused": {
            const { cause, client } = refusalOf(view.text);
            return [
                problem(server, {
                    check: `access_${cause}`,
                    what: `the access node cannot connect to it at ${route.host}:${route.port}: ${view.text}`,
                    remedy: remedyOf(cause, client, route, databases),
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
            return "Mend what the text says, on the data node or in the program";
    }
}

function hbaName(name: string): string {
    return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name}"`;
}
