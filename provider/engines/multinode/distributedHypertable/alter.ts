/** Changing a distributed hypertable in place, in one transaction across all nodes. */
import { ProviderError } from "../../../errors";
import type { DistributedHypertableInputs } from "../../inputs";
import { at, type Plan, type Statement } from "../../step";
import { ownerOf, wantedMark } from "../../marks/ownership";
import { compareColumns, requiredColumns, type Canonical, type ColumnChange } from "../../tables/columns";
import { alterColumn, isTypeChange, refuseLosses } from "../../tables/columnSteps";
import { DEFAULT_CHUNK_INTERVAL, INTERVAL_PATH, intervalArgument } from "../../tables/intervals";
import { findSchema } from "../../tables/schemas";
import { markObject, renameObject } from "../../tables/statements";
import { describeNeeds, supports } from "../../versions/capabilities";
import { functionOf, markerOf, type ClusterState } from "../cluster";
import { accessDatabase } from "../../run/places";
import { planKeys } from "./keys";
import { planAttach, planDetach } from "./nodes";
import type { HypertableRequest, ObservedTable } from "./observe";
import { planCreateSchema } from "./schemas";
import { requestedName, spaceDimension, timeDimension, type HypertableState, type TableState } from "./tables";

const TRANSACTION = "alter distributed hypertable";

/** The steps from a distributed hypertable to the requested one. */
export function planAlterHypertable(
    cluster: ClusterState,
    observed: ObservedTable,
    nodes: readonly string[],
    request: HypertableRequest,
): Plan {
    const { inputs } = request;
    const { table } = observed;
    const { hypertable } = table;
    refuseOtherDimensions(table, hypertable, inputs);
    const leaving = planDetach({ cluster, observed, nodes, request });
    const keys = planKeys(table, observed.canonical, request);
    const statements = [
        ...planName(cluster, observed, request),
        ...planMark(cluster, table, request),
        ...planAttach(cluster, hypertable, nodes, inputs),
        ...keys.drops,
        ...planColumns(cluster, table, observed.canonical, inputs),
        ...keys.adds,
        ...planDimensions(cluster, observed, inputs),
        ...leaving.detach,
    ];
    return {
        steps: [...leaving.moves, ...at(accessDatabase(inputs.accessNode), statements, TRANSACTION)],
        warnings: leaving.warnings,
    };
}

function refuseOtherDimensions(
    { schema, name }: TableState,
    hypertable: HypertableState,
    { timeColumn, partitioningColumn }: DistributedHypertableInputs,
): void {
    const time = timeDimension(hypertable)?.column;
    const space = spaceDimension(hypertable)?.column;
    if (time !== timeColumn || (space !== partitioningColumn && partitioningColumn !== undefined)) {
        throw new ProviderError(
            "NOT_SUPPORTED",
            `"${schema}.${name}" is partitioned by ${[time, space].filter((column) => column !== undefined).join(", ")}, ` +
                "and that cannot be changed in place",
            { remedy: "Set timeColumn and partitioningColumn to these, or replace the table" },
        );
    }
}

function planName(
    cluster: ClusterState,
    { table, schemas }: ObservedTable,
    { inputs }: HypertableRequest,
): Statement[] {
    const { schema, tableName } = inputs;
    const isThere = findSchema(schemas, schema) !== undefined;
    return [
        ...(table.schema === schema ? [] : planCreateSchema(cluster, table.hypertable.nodes, inputs, isThere)),
        ...renameObject("TABLE", table, { schema, name: tableName }),
    ];
}

function planMark(cluster: ClusterState, { comment, marker }: TableState, request: HypertableRequest): Statement[] {
    const { inputs, last } = request;
    const wanted = wantedMark(ownerOf(request), marker, markerOf(cluster, inputs));
    const isLost = marker === undefined && last?.created.table === false;
    return markObject(
        "TABLE",
        { schema: inputs.schema, name: inputs.tableName },
        comment,
        isLost ? { ...wanted, adopted: true } : wanted,
    );
}

function planColumns(
    cluster: ClusterState,
    table: TableState,
    canonical: Canonical,
    inputs: DistributedHypertableInputs,
): Statement[] {
    if (inputs.columns === undefined) {
        return [];
    }
    const changes = compareColumns(inputs.columns, table.columns, canonical, requiredColumns(inputs));
    changes.forEach((change) => refuseChange(change, cluster));
    refuseLosses(changes, inputs);
    const name = { schema: inputs.schema, name: inputs.tableName };
    return changes.flatMap((change) => alterColumn(name, change, false));
}

function refuseChange(change: ColumnChange, { versions }: ClusterState): void {
    if (change.kind === "default") {
        throw new ProviderError(
            "NOT_SUPPORTED",
            `the default of column "${change.column.name}" cannot be changed on multi-node`,
            { remedy: `Set it back to ${change.from ?? "none"}, or add another column` },
        );
    }
    if (isTypeChange(change) && !supports("alterColumnType", versions)) {
        throw new ProviderError(
            "NOT_SUPPORTED",
            `changing the type of a column needs ${describeNeeds("alterColumnType", "multinode")}`,
            { remedy: "Set it back, or update TimescaleDB first" },
        );
    }
}

/** All three act on new chunks only. */
function planDimensions(
    cluster: ClusterState,
    { canonical, table: { hypertable } }: ObservedTable,
    inputs: DistributedHypertableInputs,
): Statement[] {
    const time = timeDimension(hypertable);
    const space = spaceDimension(hypertable);
    const { numberPartitions, replicationFactor, chunkTimeInterval: interval = DEFAULT_CHUNK_INTERVAL } = inputs;
    const table = requestedName(inputs);
    return [
        ...(time !== undefined && time.length !== canonical[INTERVAL_PATH]
            ? [
                  {
                      name: `set chunk time interval to ${interval}`,
                      why: `chunks span ${time.interval}`,
                      sql: `SELECT ${functionOf(cluster, "set_chunk_time_interval")}(
    $1::regclass, ${intervalArgument(interval, 2)}, $3::name)`,
                      values: [table, interval, time.column],
                  },
              ]
            : []),
        ...(space !== undefined && numberPartitions !== undefined && space.partitions !== numberPartitions
            ? [
                  {
                      name: `set number of partitions to ${numberPartitions}`,
                      why: `there are ${space.partitions} partitions`,
                      sql: `SELECT ${functionOf(cluster, "set_number_partitions")}(
    $1::regclass, $2::integer, $3::name)`,
                      values: [table, numberPartitions, space.column],
                  },
              ]
            : []),
        ...(hypertable.replicationFactor === replicationFactor
            ? []
            : [
                  {
                      name: `set replication factor to ${replicationFactor}`,
                      why: `new chunks get ${hypertable.replicationFactor} copies`,
                      sql: `SELECT ${functionOf(cluster, "set_replication_factor")}($1::regclass, $2::integer)`,
                      values: [table, replicationFactor],
                  },
              ]),
    ];
}
