/** Changing columns of a distributed hypertable: statements that the access node passes on to the data nodes. */
import { ProviderError } from "../../../errors";
import { identifier } from "../../../postgres/sql";
import { describeNeeds, supports } from "../../versions/capabilities";
import { canonicalPath, compareColumns, isNullable, type Canonical, type ColumnChange } from "../../tables/columns";
import { checkName, columnDefinition } from "../../tables/columnSql";
import type { DistributedHypertableInputs } from "../../inputs";
import type { TableStep } from "./alter";
import type { ClusterState } from "../cluster";
import { requestedName } from "./names";
import type { TableState } from "./tables";

/** Columns that the server keeps NOT NULL whatever the program says. */
export function requiredColumns({ primaryKey, timeColumn }: DistributedHypertableInputs): ReadonlySet<string> {
    return new Set([timeColumn, ...(primaryKey ?? [])]);
}

/** The steps to the requested columns. */
export function planColumns(
    cluster: ClusterState,
    table: TableState,
    canonical: Canonical,
    inputs: DistributedHypertableInputs,
): TableStep[] {
    if (inputs.columns === undefined) {
        return [];
    }
    const required = requiredColumns(inputs);
    return compareColumns(inputs.columns, table.columns, canonical, required).flatMap((change) => {
        refuse(change, cluster, inputs);
        return stepsOf(change, canonical, required, inputs);
    });
}

function refuse(change: ColumnChange, cluster: ClusterState, inputs: DistributedHypertableInputs): void {
    const { kind, column } = change;
    if (kind === "default") {
        throw new ProviderError(
            "NOT_SUPPORTED",
            `the default of column "${column.name}" cannot be changed on multi-node`,
            {
                remedy: `Set it back to ${change.from ?? "none"}, or add another column`,
            },
        );
    }
    if (kind === "type" || kind === "collation") {
        if (column.name === inputs.partitioningColumn) {
            throw new ProviderError("NOT_SUPPORTED", `the type of the partitioning column "${column.name}" is fixed`, {
                remedy: "Set it back, or replace the table",
            });
        }
        if (!supports("alterColumnType", cluster.versions)) {
            throw new ProviderError(
                "NOT_SUPPORTED",
                `changing the type of a column needs ${describeNeeds("alterColumnType", "multinode")}`,
                { remedy: "Set it back, or update TimescaleDB first" },
            );
        }
    }
    const loses = kind === "drop" || (kind === "type" && change.losesValues);
    if (loses && !inputs.forceDestroy) {
        throw new ProviderError(
            "HOLDS_DATA",
            kind === "drop"
                ? `column "${column.name}" is not requested any more, and dropping it loses its values`
                : `column "${column.name}" is ${change.from}, and changing it to ${change.column.type} can lose values`,
            { remedy: "Set forceDestroy: true if they may go, or add the column to columns" },
        );
    }
}

function stepsOf(
    change: ColumnChange,
    canonical: Canonical,
    required: ReadonlySet<string>,
    inputs: DistributedHypertableInputs,
): TableStep[] {
    const { name } = change.column;
    const column = identifier(name);
    const alter = (step: string, why: string, action: string, destroys?: TableStep["destroys"]): TableStep => ({
        name: step,
        why,
        sql: `ALTER TABLE ${requestedName(inputs)} ${action}`,
        ...(destroys === undefined ? {} : { destroys }),
    });
    switch (change.kind) {
        case "add":
            return [
                alter("addColumn", `column ${name} does not exist`, `ADD COLUMN ${columnDefinition(change.column)}`),
            ];
        case "drop":
            return [
                alter("dropColumn", `column ${name} is not requested`, `DROP COLUMN ${column}`, {
                    what: `column ${name}`,
                }),
            ];
        case "type":
        case "collation": {
            const type = canonical[canonicalPath(name, "type")] ?? change.column.type;
            const { collation } = change.column;
            const loses = change.kind === "type" && change.losesValues;
            return [
                alter(
                    "alterColumnType",
                    `column ${name} is ${change.from ?? "of the default collation"}`,
                    // Without USING: on the access node the chunks are foreign tables, which cannot have it.
                    `ALTER COLUMN ${column} TYPE ${type}` +
                        (collation === undefined ? "" : ` COLLATE ${identifier(collation)}`),
                    loses ? { what: `values of column ${name} that ${type} cannot hold` } : undefined,
                ),
            ];
        }
        case "nullable": {
            const nullable = isNullable(change.column, required);
            return [
                alter(
                    "alterColumnNotNull",
                    `column ${name} ${nullable ? "is NOT NULL" : "takes NULL"}`,
                    `ALTER COLUMN ${column} ${nullable ? "DROP" : "SET"} NOT NULL`,
                ),
            ];
        }
        case "check": {
            const { check } = change.column;
            const why = `the check of column ${name} differs`;
            return [
                ...(change.from === undefined
                    ? []
                    : [alter("dropConstraint", why, `DROP CONSTRAINT ${identifier(change.from.name)}`)]),
                ...(check === undefined
                    ? []
                    : [alter("addConstraint", why, `ADD CONSTRAINT ${identifier(checkName(name))} CHECK (${check})`)]),
            ];
        }
        case "default":
            return [];
    }
}
