/** Rows from outside: one COPY to the access node, which sends them on to where their chunks are. */
import { ProviderError } from "../../errors";
import type { Session } from "../../postgres/pool";
import { identifier, qualified } from "../../postgres/sql";
import { blocksOf, type Load, type LoadResult } from "../load";
import { ACCESS, type Servers } from "../servers";

/**
 * Loads them, all or none.
 *
 * @throws NOT_FOUND, INVALID_ARGUMENT, and what the server refuses
 */
export async function loadRows(servers: Servers, load: Load): Promise<LoadResult> {
    const rows = await servers.on(servers.cluster(ACCESS), async (session) => {
        const columns = load.columns ?? (await readColumns(session, load));
        const into = `${qualified(load.schema, load.table)} (${columns.map(identifier).join(", ")})`;
        return session.copyIn(`COPY ${into} FROM STDIN`, encoded(load, columns));
    });
    return { rows, nodes: { [ACCESS]: rows } };
}

async function* encoded({ rows, onProgress }: Load, columns: readonly string[]): AsyncGenerator<Buffer> {
    let sent = 0;
    for await (const { lines } of blocksOf(rows, columns, undefined)) {
        yield Buffer.from(lines.join(""));
        sent += lines.length;
        onProgress({ rows: sent });
    }
}

async function readColumns(session: Session, { schema, table }: Load): Promise<string[]> {
    const rows = await session.query<{ name: string }>(
        `SELECT a.attname::text AS name
           FROM pg_catalog.pg_attribute a
           JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped
            AND coalesce(to_jsonb(a) ->> 'attgenerated', '') = ''
          ORDER BY a.attnum`,
        [schema, table],
    );
    if (rows.length === 0) {
        throw new ProviderError("NOT_FOUND", `there is no table "${schema}.${table}"`);
    }
    return rows.map(({ name }) => name);
}
