/** The columns of a table on the access node and of its shards: what is requested there, and the statements to it. */
import type { Column, DistributedHypertableInputs } from "../../inputs";
import type { Statement } from "../../step";
import {
    canonicalPath,
    isNullable,
    requiredColumns,
    type Canonical,
    type ColumnChange,
    type ObservedColumn,
} from "../../tables/columns";
import type { ColumnRow } from "../../tables/columnSql";
import { alterColumn, isTypeChange, setDefault } from "../../tables/columnSteps";
import { derivedName, shortHash, type TableName } from "../../tables/names";

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

/** Whether views on the table have to go before the change. */
export function breaksViews(change: ColumnChange): boolean {
    return isTypeChange(change) || change.kind === "drop";
}

/**
 * The statements of a change on a shard.
 *
 * @param fill the default that rows get which are there; new ones bring it along from the access node
 */
export function alterShardColumn(table: TableName, change: ColumnChange, fill: string | undefined): Statement[] {
    if (change.kind !== "add" || fill === undefined) {
        return alterColumn(table, change, true);
    }
    const { column } = change;
    return [
        ...alterColumn(table, { kind: "add", column: { ...column, default: fill } }, true),
        setDefault(table, column, "new rows bring it along from the access node"),
    ];
}
