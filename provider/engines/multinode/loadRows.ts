/** Rows from outside: one COPY to the access node, which sends them on to where their chunks are. */
import { ProviderError } from "../../errors";
import { RowBuffer } from "../../postgres/copy/rows";
import { textFormat } from "../../postgres/copy/text";
import type { Session } from "../../postgres/pool";
import { identifier, qualified } from "../../postgres/sql";
import { turnsOf, type Load, type LoadResult } from "../load";
import { ACCESS, type Servers } from "../run/servers";

const CHUNK_BYTES = 500_000;

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

/** The access node reads the values of a row to find its chunk, and hands it on as it came: text does for both. */
async function* encoded({ rows, onProgress }: Load, columns: readonly string[]): AsyncGenerator<Buffer> {
    const format = textFormat(columns);
    const buffer = new RowBuffer();
    let read = 0;
    const turns = turnsOf(rows, columns, (values) => {
        format.write(buffer, values);
        read++;
        return buffer.length >= CHUNK_BYTES;
    });
    for await (const _turn of turns) {
        yield buffer.take();
        onProgress({ rows: read });
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
