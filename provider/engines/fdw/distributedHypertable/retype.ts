/**
 * Another type or collation for columns of a partitioned table of foreign tables. PostgreSQL takes no USING for a
 * foreign table, and without it no type for the partitioned table that is not cast by itself. So the partitions leave,
 * each is altered by itself, and they come back. No row is touched: they are on the data nodes.
 */
import { qualified } from "../../../postgres/sql";
import type { Statement } from "../../step";
import type { ObservedColumn } from "../../tables/columns";
import { alterColumn, setDefault, typeClause, type TypeChange } from "../../tables/columnSteps";
import type { TableName } from "../../tables/names";
import type { Relation } from "./relations";

/** Makes the changes. A default of the old type is set anew, since not every default can be cast. */
export function planRetype(
    table: TableName,
    partitions: readonly Relation[],
    observed: readonly ObservedColumn[],
    changes: readonly TypeChange[],
): Statement[] {
    if (changes.length === 0) {
        return [];
    }
    const why = "its partitions take no USING";
    const withDefault = changes.filter(({ column }) =>
        observed.some(({ name, default: value }) => name === column.name && value !== undefined),
    );
    const defaultWhy = "a default of the old type cannot always be cast";
    return [
        ...withDefault.map(({ column: { name } }) => setDefault(table, { name }, defaultWhy)),
        ...partitions.map((partition) => detachPartition(table, partition, why)),
        ...changes.flatMap((change) => [
            ...alterColumn(table, change, true),
            ...partitions.map(({ schema, name }) => ({
                name: `alter type of column ${change.column.name}`,
                why: `column ${change.column.name} of ${schema}.${name} differs (${change.kind})`,
                sql: `ALTER FOREIGN TABLE ${qualified(schema, name)} ${typeClause(change)}`,
            })),
        ]),
        ...partitions.map((partition) => attachPartition(table, partition, partition.bound ?? "", why)),
        ...withDefault
            .filter(({ column }) => column.default !== undefined)
            .map(({ column }) => setDefault(table, column, defaultWhy)),
    ];
}

/** Takes a partition out of its table. */
export function detachPartition(table: TableName, partition: TableName, why: string): Statement {
    return {
        name: `detach partition ${partition.schema}.${partition.name}`,
        why,
        sql: `ALTER TABLE ${qualified(table.schema, table.name)} DETACH PARTITION ${qualified(partition.schema, partition.name)}`,
    };
}

/** Puts a partition into its table. */
export function attachPartition(table: TableName, partition: TableName, bound: string, why: string): Statement {
    return {
        name: `attach partition ${partition.schema}.${partition.name}`,
        why,
        sql: `ALTER TABLE ${qualified(table.schema, table.name)} ATTACH PARTITION ${qualified(partition.schema, partition.name)} ${bound}`,
    };
}
