/** Columns in SQL: how one is declared, how those of a table are read, and how the server spells what a program says. */
import type { Session } from "../../postgres/pool";
import { identifier, literal } from "../../postgres/sql";
import { canonicalColumns, type Canonical, type ObservedColumn } from "./columns";
import type { Column } from "../inputs";
import { derivedName, type TableName } from "./names";

/** The name of the check constraint of a column. Constraints have their names for each table. */
export function checkName(column: string): string {
    return derivedName(column, "_check");
}

/** A column as CREATE TABLE and ADD COLUMN take it. */
export function columnDefinition(column: Column): string {
    return [
        identifier(column.name),
        column.type,
        ...(column.collation === undefined ? [] : [`COLLATE ${identifier(column.collation)}`]),
        ...(column.nullable ? [] : ["NOT NULL"]),
        ...(column.default === undefined ? [] : [`DEFAULT ${column.default}`]),
        ...(column.check === undefined
            ? []
            : [`CONSTRAINT ${identifier(checkName(column.name))} CHECK (${column.check})`]),
    ].join(" ");
}

/**
 * A JSON list of the columns of the relation `<relation>` (an oid), as {@link observedColumns} reads it. A column's
 * check is the one of our name, else the only one that is about this column alone.
 */
export function columnsOf(relation: string): string {
    return `(SELECT coalesce(json_agg(json_build_object(
                'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'nullable', NOT a.attnotnull,
                'generated', to_jsonb(a) ->> 'attgenerated' <> '',
                'default', pg_get_expr(d.adbin, d.adrelid),
                'collation', CASE WHEN a.attcollation <> t.typcollation THEN l.collname END,
                'checks', (SELECT json_agg(json_build_object(
                                      'name', c.conname, 'expression', pg_get_expr(c.conbin, c.conrelid),
                                      'columns', cardinality(c.conkey)) ORDER BY c.conname)
                             FROM pg_catalog.pg_constraint c
                            WHERE c.conrelid = a.attrelid AND c.contype = 'c' AND a.attnum = ANY (c.conkey)))
                ORDER BY a.attnum), '[]')
               FROM pg_catalog.pg_attribute a
               JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
               LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
               LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
              WHERE a.attrelid = ${relation} AND a.attnum > 0 AND NOT a.attisdropped)`;
}

/** One column in the JSON of {@link columnsOf}. */
export interface ColumnRow {
    readonly name: string;
    readonly type: string;
    readonly nullable: boolean;
    /** null on PostgreSQL 11, which has no generated columns. */
    readonly generated: boolean | null;
    readonly default: string | null;
    readonly collation: string | null;
    readonly checks: readonly { readonly name: string; readonly expression: string; readonly columns: number }[] | null;
}

/** The columns in the JSON of {@link columnsOf}. */
export function observedColumns(rows: readonly ColumnRow[]): ObservedColumn[] {
    return rows.map(({ name, type, nullable, generated, default: value, collation, checks }) => {
        const alone = (checks ?? []).filter(({ columns }) => columns === 1);
        const check =
            checks?.find((candidate) => candidate.name === checkName(name)) ??
            (alone.length === 1 ? alone[0] : undefined);
        return {
            name,
            type,
            nullable,
            ...(value === null || generated === true ? {} : { default: value }),
            ...(collation === null ? {} : { collation }),
            ...(check === undefined ? {} : { check: { name: check.name, expression: check.expression } }),
        };
    });
}

/**
 * What the server makes of columns as a program spells them: they are declared on a temporary table in a transaction
 * that is rolled back, so nothing is changed.
 */
export function askSpelling(session: Session, columns: readonly Column[]): Promise<Canonical> {
    return onTemporaryTable(session, columns.map(columnDefinition).join(", "), (table) => readSpelling(session, table));
}

/** The canonical forms of a table's columns. */
export async function readSpelling(session: Session, { schema, name }: TableName): Promise<Canonical> {
    const table = literal(`${schema}.${name}`);
    const { columns } = await session.one<{ columns: ColumnRow[] }>(
        `SELECT ${columnsOf(`${table}::regclass`)} AS columns`,
    );
    return canonicalColumns(observedColumns(columns));
}

/**
 * Lends a temporary table to learn from, in a transaction that is rolled back.
 *
 * @param elements what stands between the parentheses of CREATE TABLE
 */
export async function onTemporaryTable<T>(
    session: Session,
    elements: string,
    use: (table: TableName) => Promise<T>,
): Promise<T> {
    const name = "pulumi_timescaledb_spelling";
    await session.query("BEGIN");
    try {
        await session.query(`CREATE TEMPORARY TABLE ${name} (${elements})`);
        return await use({ schema: "pg_temp", name });
    } finally {
        await session.query("ROLLBACK");
    }
}
