/** Changing a distributed hypertable in place, in one transaction across all nodes. */
import { ProviderError } from "../../../errors";
import { identifier, literal, qualified } from "../../../postgres/sql";
import type { DistributedHypertableInputs } from "../../inputs";
import type { Plan, Step } from "../../step";
import { withMarker } from "../../marks/marker";
import { ownerOf, wantedMark } from "../../marks/ownership";
import { planColumns } from "./columns";
import { planAttach, planDetach } from "./nodes";
import { functionOf, markerOf, type ClusterState } from "../cluster";
import type { HypertableRequest } from ".";
import type { ObservedHypertable } from "./observe";
import { requestedName } from "./names";
import { DEFAULT_CHUNK_INTERVAL, INTERVAL_PATH, intervalArgument } from "./intervals";
import { planKeys } from "./keys";
import { accessDatabase } from "../places";
import { planCreateSchema } from "./schemas";
import type { DimensionState, HypertableState, TableState } from "./tables";

const TRANSACTION = "alter distributed hypertable";

/** A step whose place and transaction are those of the whole change. */
export type TableStep = Omit<Step, "on">;

/** An observation with a table in it. */
export type ObservedTable = ObservedHypertable & { readonly table: TableState };

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
    if (hypertable === undefined) {
        return { steps: [], warnings: [] };
    }
    refuseOtherDimensions(table, hypertable, inputs);
    const on = accessDatabase(inputs.accessNode);
    const leaving = planDetach(on, cluster, observed, hypertable, nodes, request);
    const keys = planKeys(table, observed.canonical, request);
    const steps: TableStep[] = [
        ...planName(cluster, observed, request),
        ...planMark(cluster, table, request),
        ...planAttach(cluster, hypertable, nodes, request),
        ...keys.drops,
        ...planColumns(cluster, table, observed.canonical, inputs),
        ...keys.adds,
        ...planDimensions(cluster, observed, hypertable, inputs),
        ...leaving.steps,
    ];
    return {
        steps: [...leaving.before, ...steps.map((step) => ({ ...step, on, transaction: TRANSACTION }))],
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

/** The first time dimension. */
export function timeDimension({ dimensions }: HypertableState): DimensionState | undefined {
    return dimensions.find(({ partitions }) => partitions === null);
}

/** The first space dimension. */
export function spaceDimension({ dimensions }: HypertableState): DimensionState | undefined {
    return dimensions.find(({ partitions }) => partitions !== null);
}

function planName(
    cluster: ClusterState,
    { table, schemas }: ObservedTable,
    { inputs }: HypertableRequest,
): TableStep[] {
    const { schema, tableName } = inputs;
    const isRenamed = table.name !== tableName;
    const isMoved = table.schema !== schema;
    const found = schemas.find(({ name }) => name === schema);
    const nodes = table.hypertable?.nodes ?? [];
    return [
        ...(isMoved ? planCreateSchema(cluster, schema, found, nodes, markerOf(cluster, inputs)) : []),
        ...(isRenamed
            ? [
                  {
                      name: "renameTable",
                      why: `the table is called ${table.name}`,
                      sql: `ALTER TABLE ${qualified(table.schema, table.name)} RENAME TO ${identifier(tableName)}`,
                  },
              ]
            : []),
        ...(isMoved
            ? [
                  {
                      name: "setSchema",
                      why: `the table is in schema ${table.schema}`,
                      sql: `ALTER TABLE ${qualified(table.schema, tableName)} SET SCHEMA ${identifier(schema)}`,
                  },
              ]
            : []),
    ];
}

function planMark(cluster: ClusterState, { comment, marker }: TableState, request: HypertableRequest): TableStep[] {
    const { inputs, last } = request;
    const mark = markerOf(cluster, inputs);
    const wanted = wantedMark(ownerOf(request), marker, mark);
    const lost = marker === undefined && last?.created.table === false;
    const text = withMarker(comment, lost ? { ...wanted, adopted: true } : wanted);
    return text === comment
        ? []
        : [
              {
                  name: "markTable",
                  why: "the mark on the table is missing or old",
                  sql: `COMMENT ON TABLE ${requestedName(inputs)} IS ${literal(text)}`,
              },
          ];
}

/** All three act on new chunks only. */
function planDimensions(
    cluster: ClusterState,
    { canonical }: ObservedTable,
    hypertable: HypertableState,
    inputs: DistributedHypertableInputs,
): TableStep[] {
    const time = timeDimension(hypertable);
    const space = spaceDimension(hypertable);
    const { numberPartitions, replicationFactor } = inputs;
    const interval = inputs.chunkTimeInterval ?? DEFAULT_CHUNK_INTERVAL;
    return [
        ...(time !== undefined && time.length !== canonical[INTERVAL_PATH]
            ? [
                  {
                      name: "setChunkTimeInterval",
                      why: `chunks span ${time.interval}`,
                      sql: `SELECT ${functionOf(cluster, "set_chunk_time_interval")}(
    $1::regclass, ${intervalArgument(interval, 2)}, $3::name)`,
                      values: [requestedName(inputs), interval, time.column],
                  },
              ]
            : []),
        ...(space !== undefined && numberPartitions !== undefined && space.partitions !== numberPartitions
            ? [
                  {
                      name: "setNumberPartitions",
                      why: `there are ${space.partitions} partitions`,
                      sql: `SELECT ${functionOf(cluster, "set_number_partitions")}(
    $1::regclass, $2::integer, $3::name)`,
                      values: [requestedName(inputs), numberPartitions, space.column],
                  },
              ]
            : []),
        ...(hypertable.replicationFactor === replicationFactor
            ? []
            : [
                  {
                      name: "setReplicationFactor",
                      why: `new chunks get ${hypertable.replicationFactor} copies`,
                      sql: `SELECT ${functionOf(cluster, "set_replication_factor")}($1::regclass, $2::integer)`,
                      values: [requestedName(inputs), replicationFactor],
                  },
              ]),
    ];
}
