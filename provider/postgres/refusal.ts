/**
 * Why one server could not connect to another. Where postgres_fdw or TimescaleDB opens the connection, the session sees
 * one SQLSTATE for every cause (08001) and libpq's text as the detail: nothing else tells the causes apart. A text in
 * another language is an unknown cause; it is shown, only its remedy is general.
 */

/** The causes that have remedies of their own. */
export type RefusalCause =
    "hba" | "password" | "role" | "database" | "port_closed" | "host_unknown" | "no_answer" | "tls" | "unknown";

/** Why a connection was refused. */
export interface Refusal {
    readonly cause: RefusalCause;
    /** The address that the refusing server saw, where its text says so. */
    readonly client?: string;
}

const CAUSES: readonly (readonly [RefusalCause, RegExp])[] = [
    ["hba", /no pg_hba\.conf entry for host "([^"]+)"|pg_hba\.conf rejects connection for host "([^"]+)"/],
    ["password", /password authentication failed|no password supplied|empty password/],
    ["role", /role ".*" (?:does not exist|is not permitted to log in)/],
    ["database", /database ".*" does not exist|cannot connect to invalid database/],
    ["port_closed", /Connection refused/],
    ["host_unknown", /could not translate host name/],
    ["no_answer", /timeout expired|Connection timed out|No route to host|Network is unreachable/],
    ["tls", /SSL|certificate/],
];

/** Reads the cause out of libpq's text. */
export function refusalOf(text: string): Refusal {
    for (const [cause, pattern] of CAUSES) {
        const match = pattern.exec(text);
        if (match !== null) {
            const client = match[1] ?? match[2];
            return client === undefined ? { cause } : { cause, client };
        }
    }
    return { cause: "unknown" };
}
