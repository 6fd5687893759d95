/**
 * Another type or collation for columns of a partitioned table of foreign tables. PostgreSQL takes no USING for a
 * foreign table, and without it no type for the partitioned table that is not cast by itself. So the partitions leave,
 * each is altered by itself, and they come back. No row is touched: they are on the data nodes.
 */
import type { ColumnChange, ObservedColumn } from "../../tables/columns";
import type { Step } from "../../step";
import { identifier, qualified } from "../../../postgres/sql";
import type { Relation } from "./relations";
import type { TableName } from "./rowCounts";
import { alterAccessColumn, columnTypeClause } from "./columns";
import type { Stepper } from "./steps";

type Retype = Extract<ColumnChange, { kind: "type" | "collation" }>;

/** The changes that {@link planRetype} makes. */
export function retypes(changes: readonly ColumnChange[]): Retype[] {
    return changes.filter((change): change is Retype => change.kind === "type" || change.kind === "collation");
}

/** Makes them. A default of the old type is set anew, since not every default can be cast. */
export function planRetype(
    step: Stepper,
    table: TableName,
    leaves: readonly Relation[],
    observed: readonly ObservedColumn[],
    changes: readonly Retype[],
): Step[] {
    const parent = qualified(table.schema, table.name);
    const leave = "its partitions take no USING";
    const defaults = changes.filter(({ column }) =>
        observed.some(({ name, default: value }) => name === column.name && value !== undefined),
    );
    const setDefault = ({ column }: Retype, value: string | undefined): Step =>
        step(
            "setDefault",
            `column ${column.name} is of another type`,
            `ALTER TABLE ${parent} ALTER COLUMN ${identifier(column.name)} ` +
                (value === undefined ? "DROP DEFAULT" : `SET DEFAULT ${value}`),
        );
    return changes.length === 0
        ? []
        : [
              ...defaults.map((change) => setDefault(change, undefined)),
              ...leaves.map((leaf) =>
                  step("detachPartition", leave, `ALTER TABLE ${parent} DETACH PARTITION ${leafName(leaf)}`),
              ),
              ...changes.flatMap((change) => [
                  ...alterAccessColumn(step, table, change),
                  ...leaves.map((leaf) =>
                      step(
                          "setType",
                          `column ${change.column.name} of ${leaf.schema}.${leaf.name} differs (${change.kind})`,
                          `ALTER FOREIGN TABLE ${leafName(leaf)} ${columnTypeClause(change.column)}`,
                      ),
                  ),
              ]),
              ...leaves.map((leaf) =>
                  step(
                      "attachPartition",
                      leave,
                      `ALTER TABLE ${parent} ATTACH PARTITION ${leafName(leaf)} ${leaf.bound ?? ""}`,
                  ),
              ),
              ...defaults.flatMap((change) =>
                  change.column.default === undefined ? [] : [setDefault(change, change.column.default)],
              ),
          ];
}

function leafName({ schema, name }: Relation): string {
    return qualified(schema, name);
}
