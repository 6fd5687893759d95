/** Indexes: how one is declared, and how the server tells those that are there. */
import { createHash } from "node:crypto";
import type { Session } from "../../../postgres/pool";
import { identifier } from "../../../postgres/sql";
import type { Canonical } from "../../tables/columns";
import type { Index } from "../../inputs";
import { derivedName } from "../../tables/names";

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

/**
 * CREATE INDEX, without whatever comes from the server: it must read the same on every node.
 *
 * @param table the quoted, qualified name
 * @param known the names of the table's columns
 */
export function createIndex(table: string, name: string, index: Index, known: ReadonlySet<string>): string {
    const elements = index.columns.map((text) => indexElement(text, known)).join(", ");
    return (
        `CREATE ${index.unique ? "UNIQUE " : ""}INDEX ${identifier(name)} ON ${table}` +
        ` USING ${identifier(index.method ?? "btree")} (${elements})` +
        (index.where === undefined ? "" : ` WHERE ${index.where}`)
    );
}

/** The name of an index: as the program says, else one that follows from the table and the definition. */
export function indexName(table: string, index: Index): string {
    if (index.name !== undefined) {
        return index.name;
    }
    const hash = createHash("sha256").update(indexPath(index)).digest("hex").slice(0, 8);
    return derivedName(table, `_${hash}_idx`);
}

/** A column's name, one with a direction behind it, or an expression, which stays as it is. */
function indexElement(text: string, known: ReadonlySet<string>): string {
    if (known.has(text)) {
        return identifier(text);
    }
    const [, column = "", order = ""] =
        /^(.+?)((?:\s+(?:asc|desc))?(?:\s+nulls\s+(?:first|last))?)$/is.exec(text) ?? [];
    return known.has(column) ? `${identifier(column)}${order}` : text;
}

/**
 * What the server makes of indexes as a program spells them.
 *
 * @param table a temporary table with the same columns
 */
export async function readIndexSpelling(
    session: Session,
    table: string,
    indexes: readonly Index[],
    known: ReadonlySet<string>,
): Promise<Canonical> {
    const spelling: Record<string, string> = {};
    for (const [number, index] of indexes.entries()) {
        const name = `pulumi_timescaledb_spelling_${number}`;
        await session.query(createIndex(table, name, index, known));
        const [row] = await session.query<{ definition: string }>(
            `SELECT ${INDEX_DEFINITION} AS definition
               FROM pg_catalog.pg_index i WHERE i.indexrelid = $1::regclass`,
            [`pg_temp.${name}`],
        );
        spelling[indexPath(index)] = row?.definition ?? "";
    }
    return spelling;
}
