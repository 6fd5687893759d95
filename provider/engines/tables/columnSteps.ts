/** From a difference between columns to the statements that make it, and what of that is refused. */
import { ProviderError } from "../../errors";
import { identifier, qualified } from "../../postgres/sql";
import type { Column, DistributedHypertableInputs } from "../inputs";
import type { Statement } from "../step";
import type { ColumnChange } from "./columns";
import { checkName, columnDefinition } from "./columnSql";
import type { TableName } from "./names";

/** A change that PostgreSQL makes by rewriting the column. */
export type TypeChange = Extract<ColumnChange, { kind: "type" | "collation" }>;

/** Whether a change rewrites the column. */
export function isTypeChange(change: ColumnChange): change is TypeChange {
    return change.kind === "type" || change.kind === "collation";
}

/**
 * Refuses what loses values and is not asked for by forceDestroy, and another partitioning column.
 *
 * @throws HOLDS_DATA, NOT_SUPPORTED
 */
export function refuseLosses(
    changes: readonly ColumnChange[],
    { partitioningColumn, forceDestroy }: DistributedHypertableInputs,
): void {
    const rewritten = changes.filter((change) => isTypeChange(change) || change.kind === "drop");
    if (rewritten.some(({ column }) => column.name === partitioningColumn)) {
        throw new ProviderError("NOT_SUPPORTED", `the partitioning column "${partitioningColumn}" cannot be changed`, {
            remedy: "Set it back, or replace the table",
        });
    }
    const losses = changes.flatMap((change) => {
        const { name } = change.column;
        return change.kind === "drop"
            ? [`column "${name}" is no longer in the program, and dropping it loses its values`]
            : change.kind === "type" && change.losesValues
              ? [`column "${name}" is ${change.from}, and changing it to ${change.column.type} can lose values`]
              : [];
    });
    if (losses.length > 0 && !forceDestroy) {
        throw new ProviderError("HOLDS_DATA", losses.join("; "), {
            remedy: "Set forceDestroy: true if they may go, or set the columns back",
        });
    }
}

/**
 * The statements of one change.
 *
 * @param using whether values are cast explicitly. Foreign tables, as the chunks of an access node are, take no USING
 */
export function alterColumn(table: TableName, change: ColumnChange, using: boolean): Statement[] {
    const { name } = change.column;
    const column = identifier(name);
    const alter = `ALTER TABLE ${qualified(table.schema, table.name)}`;
    const where = `${table.schema}.${table.name}`;
    switch (change.kind) {
        case "add":
            return [
                {
                    name: `add column ${name}`,
                    why: `${where} has no column ${name}`,
                    sql: `${alter} ADD COLUMN ${columnDefinition(change.column)}`,
                },
            ];
        case "drop":
            return [
                {
                    name: `drop column ${name}`,
                    why: `column ${name} of ${where} is no longer in the program`,
                    sql: `${alter} DROP COLUMN ${column}`,
                    destroys: { what: `values of column ${name} of ${where}` },
                },
            ];
        case "type":
        case "collation":
            return [
                {
                    name: `alter type of column ${name}`,
                    why: `column ${name} of ${where} is ${change.from ?? "of the default collation"}`,
                    sql: `${alter} ${typeClause(change)}${using ? ` USING ${column}::${change.to}` : ""}`,
                    ...(change.kind === "type" && change.losesValues
                        ? { destroys: { what: `values of column ${name} of ${where} that ${change.to} cannot hold` } }
                        : {}),
                },
            ];
        case "nullable":
            return [
                {
                    name: change.to ? `drop not null of column ${name}` : `set column ${name} not null`,
                    why: `column ${name} of ${where} ${change.to ? "is NOT NULL" : "takes NULL"}`,
                    sql: `${alter} ALTER COLUMN ${column} ${change.to ? "DROP" : "SET"} NOT NULL`,
                },
            ];
        case "default":
            return [setDefault(table, change.column, `the default of column ${name} differs`)];
        case "check": {
            const why = `the check of column ${name} of ${where} differs`;
            const { check } = change.column;
            return [
                ...(change.from === undefined ? [] : [dropCheck(table, name, change.from.name, why)]),
                ...(check === undefined
                    ? []
                    : [addCheck(table, { column: name, name: checkName(name), expression: check }, why)]),
            ];
        }
    }
}

/** Sets a column's default, or drops it where the program gives none. */
export function setDefault(
    table: TableName,
    { name, default: value }: Pick<Column, "name" | "default">,
    why: string,
): Statement {
    const action = value === undefined ? "DROP DEFAULT" : `SET DEFAULT ${value}`;
    return {
        name: `${value === undefined ? "drop" : "set"} default of column ${name}`,
        why,
        sql: `ALTER TABLE ${qualified(table.schema, table.name)} ALTER COLUMN ${identifier(name)} ${action}`,
    };
}

/** Adds a check constraint of a column. */
export function addCheck(
    table: TableName,
    { column, name, expression }: { readonly column: string; readonly name: string; readonly expression: string },
    why: string,
): Statement {
    return {
        name: `add check of column ${column}`,
        why,
        sql: `ALTER TABLE ${qualified(table.schema, table.name)} ADD CONSTRAINT ${identifier(name)} CHECK (${expression})`,
    };
}

/** Drops a check constraint of a column. */
export function dropCheck(table: TableName, column: string, constraint: string, why: string): Statement {
    return {
        name: `drop check of column ${column}`,
        why,
        sql: `ALTER TABLE ${qualified(table.schema, table.name)} DROP CONSTRAINT ${identifier(constraint)}`,
    };
}

/** `ALTER COLUMN "temp" TYPE numeric COLLATE "C"`, as ALTER TABLE and ALTER FOREIGN TABLE take it. */
export function typeClause({ column: { name, collation }, to }: TypeChange): string {
    const collate = collation === undefined ? "" : ` COLLATE ${identifier(collation)}`;
    return `ALTER COLUMN ${identifier(name)} TYPE ${to}${collate}`;
}
