/**
 * The settings of every session, in one list. A server, a database and a role each may have settings of their own; what
 * a statement of this package does, and how a server spells types, defaults and checks, must not depend on them.
 *
 * They are set by a statement after connecting: PgBouncer refuses them in the startup packet (08P01). Not in the list:
 * `default_tablespace` and `default_table_access_method`, which say where the owner of a server wants tables;
 * `lc_monetary`, because an amount of money means another one under another locale; and whatever only makes statements
 * faster or slower.
 */
import type { ClientBase } from "pg";
import { ProviderError } from "../errors";
import type { Connection } from "./connection";
import { identifier, literal } from "./sql";
import { SQLSTATE, sqlStateOf } from "./sqlState";

/** Each with its value, in the order in which they are set: the role decides which of the others may be set. */
export const PINNED: Readonly<Record<string, string>> = {
    // Who acts is the user of the connection: user mappings and rights are that user's.
    role: "none",
    // Triggers and foreign keys work: TimescaleDB's catalogue needs them.
    session_replication_role: "origin",
    // The server's own default. Types of other schemas are spelled with their schema, also in states of version 0.1.0.
    search_path: '"$user", public',
    // How constants of dates, times and intervals are read and spelled.
    TimeZone: "UTC",
    timezone_abbreviations: "Default",
    DateStyle: "ISO, MDY",
    IntervalStyle: "postgres",
    // How other constants are read and spelled.
    standard_conforming_strings: "on",
    bytea_output: "hex",
    extra_float_digits: "1",
    array_nulls: "on",
    xmloption: "content",
    // `x = NULL` in a check stays what it is.
    transform_null_equals: "off",
    // Names are spelled with quotes only where they need them.
    quote_all_identifiers: "off",
    // Statements see and change everything, one transaction each.
    default_transaction_read_only: "off",
    default_transaction_isolation: "read committed",
    default_transaction_deferrable: "off",
    row_security: "on",
    restrict_nonsystem_relation_kind: "",
    // An error ends a statement, not the session.
    exit_on_error: "off",
    // A session lives as long as an operation needs it; the limits are the provider's own.
    idle_session_timeout: "0",
    idle_in_transaction_session_timeout: "0",
    transaction_timeout: "0",
    // The provider passes warnings on, and a function that does not compile is an error.
    client_min_messages: "notice",
    check_function_bodies: "on",
    // What one server says of another is told apart by its text. It takes a superuser.
    lc_messages: "C",
};

const PINNING = "SELECT pg_catalog.pg_backend_pid() AS pid, pg_catalog.count(pg_catalog.set_config(";

/**
 * Sets what differs, in one round trip. A setting that this version of PostgreSQL does not have is left out, as is
 * one that the user may not set and that has the right value.
 *
 * @returns the server's process that works for this session
 */
export async function pinSettings(client: ClientBase, connection: Connection): Promise<number | undefined> {
    try {
        const { rows } = await client.query<{ pid: number }>(pinningStatement(connection));
        return rows[0]?.pid;
    } catch (error) {
        throw sqlStateOf(error) === SQLSTATE.INSUFFICIENT_PRIVILEGE ? mayNotPin(error, connection) : error;
    }
}

/** Whether it is the statement that pins settings: a part of connecting, which logs and recordings leave out. */
export function isPinning(statement: unknown): statement is string {
    return typeof statement === "string" && statement.startsWith(PINNING);
}

/** The statement that pins the settings of a session. */
function pinningStatement({ statementTimeoutSeconds, lockTimeoutSeconds }: Connection): string {
    const settings = {
        ...PINNED,
        // Also those of 0, which else a server's or a role's own setting would fill.
        statement_timeout: String(Math.ceil(statementTimeoutSeconds * 1_000)),
        lock_timeout: String(Math.ceil(lockTimeoutSeconds * 1_000)),
    };
    const values = Object.entries(settings).map(([name, value]) => `(${literal(name)}, ${literal(value)})`);
    return `${PINNING}name, value, false)) AS changed
  FROM (VALUES ${values.join(", ")}) AS pinned (name, value)
 WHERE pg_catalog.current_setting(name, true) OPERATOR(pg_catalog.<>) value
   AND (name OPERATOR(pg_catalog.<>) 'lc_messages'
        OR pg_catalog.current_setting('is_superuser') OPERATOR(pg_catalog.=) 'on')`;
}

/** Of the settings in the list only this one takes a superuser. */
function mayNotPin(cause: unknown, { user }: Connection): ProviderError {
    return new ProviderError(
        "PERMISSION_DENIED",
        `the sessions of ${user} start with another session_replication_role than "origin", and ${user} may not change it`,
        {
            remedy: `As a superuser, run ALTER ROLE ${identifier(user)} RESET session_replication_role, or reset it where else it was set`,
            cause,
        },
    );
}
