/** What a table holds: what a delete would destroy, and what has no second copy. */
import { ProviderError } from "../../../errors";
import type { Session } from "../../../postgres/pool";
import { qualified } from "../../../postgres/sql";
import type { RunningVersions } from "../../versions/capabilities";
import { observeCutMoves, type CutMove, type SoleChunk } from "../dataNode/holdings";
import type { TableState } from "./tables";

/** What a table holds. */
export interface TableContents {
    readonly chunks: number;
    /** undefined: the rows could not be counted. */
    readonly rows: number | undefined;
    /** Whether there are more rows than that. */
    readonly isMore: boolean;
    /** Chunks that are on one data node only. */
    readonly soleChunks: readonly (SoleChunk & { readonly node: string })[];
    /** Moves and copies of chunks between its data nodes that were cut. */
    readonly cutMoves: readonly CutMove[];
}

/** Counting goes no further than this: whether there are rows is what matters. */
const COUNTED_ROWS = 10_000;
const COUNT_TIMEOUT = "5s";

/** Reads what a table holds. */
export async function observeContents(
    session: Session,
    versions: RunningVersions,
    table: TableState,
    canCount: boolean,
): Promise<TableContents> {
    const { hypertable } = table;
    if (hypertable === undefined) {
        return { chunks: 0, ...(await countRows(session, table)), soleChunks: [], cutMoves: [] };
    }
    const chunks = await session.query<{ schema: string; name: string; copies: string[] }>(
        `SELECT k.schema_name::text AS schema, k.table_name::text AS name,
                (SELECT coalesce(array_agg(n.node_name::text), '{}') FROM _timescaledb_catalog.chunk_data_node n
                  WHERE n.chunk_id = k.id) AS copies
           FROM _timescaledb_catalog.chunk k
          WHERE k.hypertable_id = $1::integer AND NOT k.dropped
          ORDER BY k.id`,
        [hypertable.id],
    );
    const counted =
        chunks.length === 0
            ? { rows: 0, isMore: false }
            : canCount
              ? await countRows(session, table)
              : { rows: undefined, isMore: false };
    return {
        chunks: chunks.length,
        ...counted,
        soleChunks: chunks.flatMap(({ schema, name, copies: [node, ...others] }) =>
            node === undefined || others.length > 0 ? [] : [{ schema, name, node, nodes: hypertable.nodes }],
        ),
        cutMoves: await observeCutMoves(session, versions, hypertable.nodes),
    };
}

/** A node that hangs, or a lock that somebody holds, must not keep the operation from being planned. */
async function countRows(
    session: Session,
    { schema, name }: TableState,
): Promise<Pick<TableContents, "rows" | "isMore">> {
    await session.query("BEGIN READ ONLY");
    try {
        await session.query(`SET LOCAL statement_timeout = '${COUNT_TIMEOUT}'`);
        const { count } = await session.one<{ count: number }>(
            `SELECT count(*)::int AS count FROM (SELECT FROM ${qualified(schema, name)} LIMIT $1::bigint) rows`,
            [COUNTED_ROWS + 1],
        );
        return { rows: Math.min(count, COUNTED_ROWS), isMore: count > COUNTED_ROWS };
    } catch (error) {
        if (error instanceof ProviderError) {
            return { rows: undefined, isMore: false };
        }
        throw error;
    } finally {
        await session.query("ROLLBACK");
    }
}

/** `5 chunks with more than 10000 rows`. */
export function contentsText({ chunks, rows, isMore }: TableContents): string {
    const counted = rows === undefined ? "an unknown number of" : isMore ? `more than ${rows}` : String(rows);
    return `${chunks} chunks with ${counted} rows`;
}
