/** A distributed hypertable as the program would have to describe it. */
import { ProviderError } from "../../../errors";
import { canonicalColumns, describeColumns, requiredColumns, type Canonical } from "../../tables/columns";
import { INTERVAL_PATH } from "../../tables/intervals";
import { findSchema, isOurSchema } from "../../tables/schemas";
import type { DistributedHypertableComputed, DistributedHypertableInputs } from "../../inputs";
import type { Description } from "../../engine";
import { indexPath } from "./indexes";
import { findIndex, findUniqueKey, isSameList, primaryKeyOf } from "./keys";
import { isHypertableThere, type HypertableRequest, type ObservedHypertable } from "./observe";
import { spaceDimension, timeDimension, type HypertableState, type TableState } from "./tables";

/** What is there, as inputs and outputs. */
export function describeHypertable(
    observed: ObservedHypertable,
    { inputs, last }: HypertableRequest,
): Description<DistributedHypertableInputs, DistributedHypertableComputed> {
    if (!isHypertableThere(observed)) {
        throw new ProviderError("NOT_FOUND", `"${inputs.schema}.${inputs.tableName}" is not there`);
    }
    const { table, canonical, schemas } = observed;
    const { hypertable } = table;
    return {
        inputs: {
            ...inputs,
            schema: table.schema,
            tableName: table.name,
            ...describeParts(table, canonical, inputs),
            ...describeDistribution(hypertable, canonical, inputs),
        },
        computed: {
            engine: "multinode",
            hypertableId: String(hypertable.id),
            dimensions: hypertable.dimensions.map(({ column, type, interval, partitions }) => ({
                column,
                type: partitions === null ? "time" : "space",
                columnType: type,
                interval,
                partitions,
            })),
            attachedDataNodes: hypertable.nodes,
            created: {
                table: table.marker === undefined ? (last?.created.table ?? false) : table.marker.adopted !== true,
                schema: isOurSchema(findSchema(schemas, table.schema), observed.cluster?.clusterId),
            },
            canonical: recordedForms(table, hypertable, canonical, inputs),
        },
    };
}

function describeParts(
    table: TableState,
    canonical: Canonical,
    inputs: DistributedHypertableInputs,
): Partial<DistributedHypertableInputs> {
    const { columns, primaryKey, uniqueKeys, indexes } = inputs;
    const found = primaryKeyOf(table)?.columns;
    return {
        ...(columns && { columns: describeColumns(columns, table.columns, canonical, requiredColumns(inputs)) }),
        ...(primaryKey && { primaryKey: isSameList(found, primaryKey) ? primaryKey : found }),
        ...(uniqueKeys && { uniqueKeys: uniqueKeys.filter((key) => findUniqueKey(table, key) !== undefined) }),
        ...(indexes && { indexes: indexes.filter((index) => findIndex(table, index, canonical) !== undefined) }),
    };
}

function describeDistribution(
    hypertable: HypertableState,
    canonical: Canonical,
    inputs: DistributedHypertableInputs,
): Partial<DistributedHypertableInputs> {
    const time = timeDimension(hypertable);
    const space = spaceDimension(hypertable);
    const { partitioningColumn, numberPartitions, chunkTimeInterval, dataNodes } = inputs;
    const { associatedSchemaName, associatedTablePrefix } = inputs;
    const isSameInterval = time?.length === canonical[INTERVAL_PATH];
    const isSameNodes = isSameList(dataNodes && [...dataNodes].sort(), [...hypertable.nodes].sort());
    return {
        timeColumn: time?.column ?? inputs.timeColumn,
        partitioningColumn: partitioningColumn && space?.column,
        numberPartitions: numberPartitions && (space?.partitions ?? numberPartitions),
        chunkTimeInterval: isSameInterval ? chunkTimeInterval : inServersWords(time?.interval),
        replicationFactor: hypertable.replicationFactor ?? inputs.replicationFactor,
        dataNodes: dataNodes && (isSameNodes ? dataNodes : hypertable.nodes),
        associatedSchemaName: associatedSchemaName && hypertable.associatedSchema,
        associatedTablePrefix: associatedTablePrefix && hypertable.associatedPrefix,
    };
}

function inServersWords(interval: string | null | undefined): string | number | undefined {
    return interval === undefined || interval === null
        ? undefined
        : /^\d+$/.test(interval)
          ? Number(interval)
          : interval;
}

/** The server's spelling of what is there of what the program requests. */
function recordedForms(
    table: TableState,
    hypertable: HypertableState,
    canonical: Canonical,
    { columns, indexes }: DistributedHypertableInputs,
): Canonical {
    const length = timeDimension(hypertable)?.length;
    return {
        ...(columns === undefined ? {} : canonicalColumns(table.columns)),
        ...Object.fromEntries(
            (indexes ?? []).flatMap((index) => {
                const found = findIndex(table, index, canonical);
                return found === undefined ? [] : [[indexPath(index), found.definition] as const];
            }),
        ),
        ...(length === undefined || length === null ? {} : { [INTERVAL_PATH]: length }),
    };
}
