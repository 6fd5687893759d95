/** What a server is, as far as plans depend on it. */
import type { TimescaledbChoice } from "../inputs";
import type { Session } from "../../postgres/pool";

/** A server's versions, and the role we are on it. */
export interface ServerFacts {
    /** For example "15.18". */
    readonly postgresVersion: string;
    readonly role: string;
    /** The version that CREATE EXTENSION timescaledb would install; null where it cannot be had or is not preloaded. */
    readonly timescaledbAvailable: string | null;
}

/** Reads a server's facts, in any of its databases. */
export async function readServerFacts(session: Session): Promise<ServerFacts> {
    // shared_preload_libraries is hidden from ordinary roles; a setting that only the preloaded library has is not.
    const row = await session.one<{ version: string; role: string; available: string | null }>(
        `SELECT split_part(current_setting('server_version'), ' ', 1) AS version, current_user::text AS role,
                (SELECT e.default_version
                   FROM pg_catalog.pg_available_extensions e
                  WHERE e.name = 'timescaledb'
                    AND current_setting('timescaledb.disable_load', true) IS NOT NULL) AS available`,
    );
    return { postgresVersion: row.version, role: row.role, timescaledbAvailable: row.available };
}

/** Whether the timescaledb extension is to be installed in a database that does not have it. */
export function wantsTimescaledb(choice: TimescaledbChoice, facts: ServerFacts): boolean {
    return choice === "required" || (choice === "auto" && facts.timescaledbAvailable !== null);
}
