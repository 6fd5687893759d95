/** Indexes: how one is declared. */
import { identifier, qualified } from "../../postgres/sql";
import type { Index } from "../inputs";
import type { Statement } from "../step";
import type { TableName } from "./names";

/**
 * `USING "btree" ("device", "time" DESC) WHERE ...`.
 *
 * @param known the names of the table's columns
 */
export function indexDefinition({ columns, method, where }: Omit<Index, "name">, known: ReadonlySet<string>): string {
    const elements = columns.map((text) => indexElement(text, known)).join(", ");
    const condition = where === undefined ? "" : ` WHERE ${where}`;
    return `USING ${identifier(method ?? "btree")} (${elements})${condition}`;
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
 * Makes an index.
 *
 * @param definition as {@link indexDefinition} writes it
 */
export function createIndex(
    table: TableName,
    name: string,
    { unique, definition }: { readonly unique?: boolean; readonly definition: string },
): Statement {
    return {
        name: `create index ${name}`,
        why: `${table.schema}.${table.name} has no such index`,
        sql: `CREATE ${unique === true ? "UNIQUE " : ""}INDEX ${identifier(name)} ON ${qualified(table.schema, table.name)} ${definition}`,
    };
}

/** Drops an index. */
export function dropIndex({ schema, name }: TableName, why: string): Statement {
    return { name: `drop index ${name}`, why, sql: `DROP INDEX ${qualified(schema, name)}` };
}
