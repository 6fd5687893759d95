/** A distributed hypertable as the program would have to describe it. */
import type { Description } from "../../engine";
import type { Dimension, DistributedHypertableComputed, DistributedHypertableInputs } from "../../inputs";
import { mayTake, ownerOf } from "../../marks/ownership";
import {
    canonicalColumns,
    compareColumns,
    describeColumns,
    requiredColumns,
    type Canonical,
} from "../../tables/columns";
import { observedColumns } from "../../tables/columnSql";
import { DEFAULT_CHUNK_INTERVAL, INTERVAL_PATH } from "../../tables/intervals";
import { findSchema, isOurSchema } from "../../tables/schemas";
import { byName, byOwner } from "./findParts";
import { placedShards } from "./layout";
import type { HypertableRequest, ObservedHypertable } from "./observe";
import { partOf } from "./parts";
import { relationKey, type Relation } from "./relations";
import { spellingHash } from "./spelling";

/** What is there, as inputs and outputs. */
export function describeHypertable(
    observed: ObservedHypertable,
    request: HypertableRequest,
): Description<DistributedHypertableInputs, DistributedHypertableComputed> {
    const { access, canonical } = observed;
    const { inputs } = request;
    const placed = placedShards(observed, request);
    const attached = [...new Set(placed.nodes.values())].sort();
    const table = findTable(access.relations, request);
    const found = table === undefined ? inputs : describeTable(observed, request, table, placed.modulus, attached);
    const schema = findSchema(access.schemas, found.schema);
    const isSame = spellingHash(found) === canonical.spelling;
    return {
        inputs: found,
        computed: {
            engine: "fdw",
            hypertableId: table?.oid ?? "",
            dimensions: dimensions(found, placed.modulus, table),
            attachedDataNodes: attached,
            created: {
                table: table?.marker?.adopted !== true,
                schema: isOurSchema(schema, inputs.accessNode.id),
            },
            canonical: isSame ? canonical : spelledByServer(canonical, table, found),
        },
    };
}

/** What was changed by hand is spelled as the server has it. */
function spelledByServer(
    canonical: Canonical,
    table: Relation | undefined,
    found: DistributedHypertableInputs,
): Canonical {
    return {
        ...canonical,
        ...(table === undefined ? {} : canonicalColumns(observedColumns(table.columns))),
        spelling: spellingHash(found),
    };
}

function findTable(relations: readonly Relation[], request: HypertableRequest): Relation | undefined {
    const { inputs, last } = request;
    const owner = ownerOf(request);
    const marked = byOwner(relations, owner).find(({ marker }) => partOf(marker)?.kind === "table");
    const named = byName(relations, last?.schema ?? inputs.schema, last?.tableName ?? inputs.tableName);
    return marked ?? (named?.kind === "p" && mayTake(owner, named.marker) ? named : undefined);
}

function describeTable(
    observed: ObservedHypertable,
    request: HypertableRequest,
    table: Relation,
    modulus: number | undefined,
    attached: readonly string[],
): DistributedHypertableInputs {
    const { canonical, access } = observed;
    const { inputs } = request;
    const required = requiredColumns(inputs);
    const columns = observedColumns(table.columns);
    const requested = inputs.columns ?? [];
    const isSame = compareColumns(requested, columns, canonical, required).length === 0;
    const interval = intervalOf(observed, table);
    const nodes = inputs.dataNodes;
    return {
        ...inputs,
        schema: table.schema,
        tableName: table.name,
        columns: isSame ? inputs.columns : describeColumns(requested, columns, canonical, required),
        ...(inputs.numberPartitions === undefined || modulus === undefined ? {} : { numberPartitions: modulus }),
        ...(interval === undefined || interval === canonical[INTERVAL_PATH]
            ? {}
            : { chunkTimeInterval: inServersWords(interval, inputs.chunkTimeInterval) }),
        ...(nodes === undefined || attached.length === 0 || sameNames(nodes, attached) ? {} : { dataNodes: attached }),
        lastPoint: byOwner(access.relations, ownerOf(request)).some(
            ({ marker }) => partOf(marker)?.kind === "last table",
        ),
    };
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
    return JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
}

/** The chunk interval of the first shard that has another one than requested, else of any. */
function intervalOf({ nodes, canonical }: ObservedHypertable, table: Relation): string | undefined {
    const urn = table.marker?.urn;
    const intervals = Object.values(nodes).flatMap((side) =>
        side.reachable
            ? side.relations
                  .filter(({ marker }) => marker?.urn === urn && partOf(marker)?.kind === "shard")
                  .flatMap((shard) => side.intervals[relationKey(shard)] ?? [])
            : [],
    );
    return intervals.find((interval) => interval !== canonical[INTERVAL_PATH]) ?? intervals[0];
}

function inServersWords(interval: string, requested: string | number | undefined): string | number {
    return typeof requested === "number" ? Number(interval) : `${Number(interval) / 1_000_000} seconds`;
}

function dimensions(
    found: DistributedHypertableInputs,
    modulus: number | undefined,
    table: Relation | undefined,
): Dimension[] {
    const typeOf = (column: string): string => table?.columns.find(({ name }) => name === column)?.type ?? "";
    return [
        {
            column: found.timeColumn,
            type: "time",
            columnType: typeOf(found.timeColumn),
            interval: String(found.chunkTimeInterval ?? DEFAULT_CHUNK_INTERVAL),
            partitions: null,
        },
        {
            column: found.partitioningColumn ?? "",
            type: "space",
            columnType: typeOf(found.partitioningColumn ?? ""),
            interval: null,
            partitions: modulus ?? null,
        },
    ];
}
