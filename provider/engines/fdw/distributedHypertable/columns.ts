/** The columns of a table on the access node and of its shards: what is requested there, and the statements to it. */
import { ProviderError } from "../../../errors";
import { identifier, qualified } from "../../../postgres/sql";
import {
    canonicalPath,
    isNullable,
    type Canonical,
    type ColumnChange,
    type ObservedColumn,
} from "../../tables/columns";
import { checkName, columnDefinition, type ColumnRow } from "../../tables/columnSql";
import type { Column, DistributedHypertableInputs } from "../../inputs";
import type { Step } from "../../step";
import { derivedName } from "../../tables/names";
import { shortHash } from "./names";
import type { TableName } from "./rowCounts";
import type { Stepper } from "./steps";

/** Columns that are NOT NULL whatever the program says. */
export function requiredColumns({ primaryKey, timeColumn }: DistributedHypertableInputs): ReadonlySet<string> {
    return new Set([timeColumn, ...(primaryKey ?? [])]);
}

/** The columns as the access node's table is declared. */
export function accessColumns(inputs: DistributedHypertableInputs): Column[] {
    const required = requiredColumns(inputs);
    return (inputs.columns ?? []).map((column) => ({ ...column, nullable: isNullable(column, required) }));
}

/**
 * The columns of a shard: with the server's names of types, and without defaults, which come from the access node.
 * Checks are apart, see {@link shardChecks}.
 */
export function shardColumns(inputs: DistributedHypertableInputs, canonical: Canonical): Column[] {
    return accessColumns(inputs).map(({ name, type, nullable, collation }) => ({
        name,
        type: canonical[canonicalPath(name, "type")] ?? type,
        nullable,
        ...(collation === undefined ? {} : { collation }),
    }));
}

/** The columns of the table of newest rows, which needs no checks and no NOT NULL. */
export function lastColumns(inputs: DistributedHypertableInputs, canonical: Canonical): Column[] {
    return shardColumns(inputs, canonical).map((column) => ({ ...column, nullable: true }));
}

/** A check on a shard. Nodes may spell it differently, so its name tells which text of the program it is. */
export interface ShardCheck {
    readonly column: string;
    readonly name: string;
    readonly expression: string;
}

/** The checks of a shard's columns. */
export function shardChecks({ columns }: DistributedHypertableInputs): ShardCheck[] {
    return (columns ?? []).flatMap(({ name, check }) =>
        check === undefined
            ? []
            : [{ column: name, expression: check, name: derivedName(name, `_check_${shortHash(check)}`) }],
    );
}

/** Whether a constraint's name is one that {@link shardChecks} gives. */
export function isShardCheck(name: string): boolean {
    return /_check_[0-9a-f]{8}$/.test(name);
}

/** A relation's columns without what is not compared on shards. */
export function bareColumns(rows: readonly ColumnRow[]): ObservedColumn[] {
    return rows.map(({ name, type, nullable, collation }) => ({
        name,
        type,
        nullable,
        ...(collation === null ? {} : { collation }),
    }));
}

/**
 * Refuses what loses values and is not asked for by forceDestroy, and what no engine can do in place.
 *
 * @throws HOLDS_DATA, NOT_SUPPORTED
 */
export function refuseLosses(changes: readonly ColumnChange[], inputs: DistributedHypertableInputs): void {
    const key = changes.find(
        (change) =>
            (change.kind === "type" || change.kind === "collation" || change.kind === "drop") &&
            change.column.name === inputs.partitioningColumn,
    );
    if (key !== undefined) {
        throw new ProviderError("NOT_SUPPORTED", `the partitioning column "${key.column.name}" cannot be changed`, {
            remedy: "Set it back, or replace the table",
        });
    }
    const losing = changes.flatMap((change) =>
        change.kind === "drop" || (change.kind === "type" && change.losesValues) ? [change.column.name] : [],
    );
    if (losing.length > 0 && !inputs.forceDestroy) {
        throw new ProviderError("HOLDS_DATA", `values of ${losing.join(", ")} would be lost by the change of columns`, {
            remedy: "Set forceDestroy: true if they may go",
        });
    }
}

/** Whether views on the table have to go before the change. */
export function breaksViews({ kind }: ColumnChange): boolean {
    return kind === "drop" || kind === "type" || kind === "collation";
}

/** The statements of a change on a table that holds no rows itself. */
export function alterAccessColumn(step: Stepper, table: TableName, change: ColumnChange): Step[] {
    const alter = alterer(step, table, change);
    const { column } = change;
    switch (change.kind) {
        case "add":
            return [alter("addColumn", `ADD COLUMN ${columnDefinition(change.column)}`)];
        case "default":
            return [alter("setDefault", setDefault(change.column))];
        case "check":
            return [
                ...(change.from === undefined
                    ? []
                    : [alter("dropCheck", `DROP CONSTRAINT ${identifier(change.from.name)}`)]),
                ...(change.column.check === undefined
                    ? []
                    : [
                          alter(
                              "addCheck",
                              `ADD CONSTRAINT ${identifier(checkName(column.name))} CHECK (${change.column.check})`,
                          ),
                      ]),
            ];
        default:
            return alterColumn(alter, change);
    }
}

/** The statements of a change on a shard. */
export function alterShardColumn(
    step: Stepper,
    table: TableName,
    change: ColumnChange,
    fill: Column | undefined,
): Step[] {
    const alter = alterer(step, table, change);
    if (change.kind !== "add") {
        return alterColumn(alter, change);
    }
    const added = `ADD COLUMN ${columnDefinition({ ...change.column, default: fill?.default })}`;
    // Rows that are there get the default; new ones bring it along from the access node.
    return fill?.default === undefined
        ? [alter("addColumn", added)]
        : [
              alter("addColumn", added),
              alter("setDefault", `ALTER COLUMN ${identifier(change.column.name)} DROP DEFAULT`),
          ];
}

type Alter = (name: string, action: string, more?: Partial<Step>) => Step;

function alterer(step: Stepper, table: TableName, change: ColumnChange): Alter {
    const full = `${table.schema}.${table.name}`;
    const why = `column ${change.column.name} of ${full} differs (${change.kind})`;
    const loses = change.kind === "drop" || (change.kind === "type" && change.losesValues);
    return (name, action) =>
        step(name, why, `ALTER TABLE ${qualified(table.schema, table.name)} ${action}`, {
            ...(loses ? { destroys: { what: `values of column ${change.column.name} of ${full}` } } : {}),
        });
}

function alterColumn(alter: Alter, change: ColumnChange): Step[] {
    const name = identifier(change.column.name);
    switch (change.kind) {
        case "drop":
            return [alter("dropColumn", `DROP COLUMN ${name}`)];
        case "nullable":
            return [alter("setNullable", `ALTER COLUMN ${name} ${change.column.nullable ? "DROP" : "SET"} NOT NULL`)];
        case "type":
        case "collation":
            return [alter("setType", `${columnTypeClause(change.column)} USING ${name}::${change.column.type}`)];
        default:
            return [];
    }
}

/** `ALTER COLUMN temp TYPE numeric`, as ALTER TABLE takes it. */
export function columnTypeClause({ name, type, collation }: Column): string {
    const collate = collation === undefined ? "" : ` COLLATE ${identifier(collation)}`;
    return `ALTER COLUMN ${identifier(name)} TYPE ${type}${collate}`;
}

function setDefault({ name, default: value }: Column): string {
    return `ALTER COLUMN ${identifier(name)} ${value === undefined ? "DROP DEFAULT" : `SET DEFAULT ${value}`}`;
}
