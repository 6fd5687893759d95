/** Indexes as the access node has them, and how the server spells those that a program declares. */
import type { Session } from "../../../postgres/pool";
import type { Index } from "../../inputs";
import type { Canonical } from "../../tables/columns";
import { createIndex, indexDefinition } from "../../tables/indexes";
import { derivedName, shortHash, type TableName } from "../../tables/names";

/** An index that is there, without those of constraints. */
export interface IndexState {
    readonly name: string;
    /** `UNIQUE btree (device, "time" DESC) WHERE ...`, in the server's words. */
    readonly definition: string;
}

/** The key of an index's canonical form in the outputs. It holds the whole of what the program says. */
export function indexPath({ columns, method, unique, where }: Index): string {
    return `indexes.${JSON.stringify({ columns, method, unique: unique === true, where })}`;
}

/** The SQL for an index's definition: `i` is its row in pg_index. */
export const INDEX_DEFINITION = `concat(
    CASE WHEN i.indisunique THEN 'UNIQUE ' END,
    (SELECT m.amname FROM pg_catalog.pg_class x JOIN pg_catalog.pg_am m ON m.oid = x.relam WHERE x.oid = i.indexrelid),
    ' (',
    (SELECT string_agg(pg_get_indexdef(i.indexrelid, k::int, true) ||
                       CASE i.indoption[k - 1] & 3 WHEN 1 THEN ' DESC NULLS LAST' WHEN 2 THEN ' NULLS FIRST'
                                                   WHEN 3 THEN ' DESC' ELSE '' END, ', ' ORDER BY k)
       FROM generate_series(1, i.indnkeyatts) k),
    ')', ' WHERE ' || pg_get_expr(i.indpred, i.indrelid))`;

/** The name of an index: as the program says, else one that follows from the table and the definition. */
export function indexName(table: string, index: Index): string {
    return index.name ?? derivedName(table, `_${shortHash(indexPath(index))}_idx`);
}

/**
 * What the server makes of indexes as a program spells them.
 *
 * @param table a temporary table with the same columns
 */
export async function readIndexSpelling(
    session: Session,
    table: TableName,
    indexes: readonly Index[],
    known: ReadonlySet<string>,
): Promise<Canonical> {
    const spelling: Record<string, string> = {};
    for (const [number, index] of indexes.entries()) {
        const name = `pulumi_timescaledb_spelling_${number}`;
        const { unique } = index;
        await session.query(createIndex(table, name, { unique, definition: indexDefinition(index, known) }).sql);
        const { definition } = await session.one<{ definition: string }>(
            `SELECT ${INDEX_DEFINITION} AS definition
               FROM pg_catalog.pg_index i WHERE i.indexrelid = $1::regclass`,
            [`${table.schema}.${name}`],
        );
        spelling[indexPath(index)] = definition;
    }
    return spelling;
}
