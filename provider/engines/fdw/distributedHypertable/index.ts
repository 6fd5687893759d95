/** A distributed hypertable: hash partitions on the access node, each a view of a shard on a data node. */
import { compareColumns, describeColumns, canonicalColumns, type Canonical } from "../../tables/columns";
import { observedColumns } from "../../tables/columnSql";
import type { Dimension, DistributedHypertableComputed, DistributedHypertableInputs } from "../../inputs";
import type { Description, ResourceEngine } from "../../engine";
import { mayTake, ownerOf } from "../../marks/ownership";
import { foreseeHypertable } from "../foresee";
import { planDeleteHypertable } from "./delete";
import {
    observeHypertable,
    relationKey,
    spellingHash,
    type HypertableRequest,
    type ObservedHypertable,
} from "./observe";
import { planHypertable } from "./plan";
import { accessPlace } from "./target";
import { hypertableLimits } from "./limits";
import { marked, named } from "./findParts";
import { partOf } from "./parts";
import { preflightDistributedHypertable } from "../preflight";
import type { Relation } from "./relations";
import { placedShards } from "./layout";
import { requiredColumns } from "./columns";

/** Distributed hypertables of the engine fdw. */
export const distributedHypertable: ResourceEngine<
    DistributedHypertableInputs,
    DistributedHypertableComputed,
    ObservedHypertable | undefined
> = {
    locks({ inputs, last }) {
        const tables = [inputs, ...(last?.tableName === undefined ? [] : [last])];
        const names = new Set(tables.map(({ schema, tableName }) => `${schema}.${tableName}`));
        return {
            on: accessPlace(inputs),
            locks: [{ name: "cluster", shared: true }, ...[...names].sort().map((name) => ({ name, shared: false }))],
        };
    },
    limits: hypertableLimits,
    preflight: preflightDistributedHypertable,
    observe: observeHypertable,
    isThere: (observed) => observed !== undefined,
    foresee: foreseeHypertable,
    plan: planHypertable,
    planDelete: planDeleteHypertable,
    describe,
};

function describe(
    observed: ObservedHypertable,
    request: HypertableRequest,
): Description<DistributedHypertableInputs, DistributedHypertableComputed> {
    const { access } = observed;
    const { inputs } = request;
    const placed = placedShards(observed, request);
    const attached = [...new Set(placed.nodes.values())].sort();
    const table = findTable(access.relations, request);
    const found = table === undefined ? inputs : describeTable(observed, request, table, placed.modulus, attached);
    const schema = access.schemas.find(({ name }) => name === found.schema);
    const isSame = spellingHash(found) === observed.canonical.spelling;
    return {
        inputs: found,
        computed: {
            engine: "fdw",
            hypertableId: table?.oid ?? "",
            dimensions: dimensions(found, placed.modulus, table),
            attachedDataNodes: attached,
            created: {
                table: table?.marker?.adopted !== true,
                schema: schema?.marker?.cluster === inputs.accessNode.id && !schema.marker.adopted,
            },
            canonical: isSame ? observed.canonical : spelledByServer(observed.canonical, table, found),
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

function findTable(
    relations: readonly Relation[],
    { inputs, last, ...request }: HypertableRequest,
): Relation | undefined {
    const owner = ownerOf({ inputs, last, ...request });
    const byMark = marked(relations, owner).find(({ marker }) => partOf(marker)?.kind === "table");
    const byName = named(relations, last?.schema ?? inputs.schema, last?.tableName ?? inputs.tableName);
    return byMark ?? (byName?.kind === "p" && mayTake(owner, byName.marker) ? byName : undefined);
}

function describeTable(
    observed: ObservedHypertable,
    { inputs, last }: HypertableRequest,
    table: Relation,
    modulus: number | undefined,
    attached: readonly string[],
): DistributedHypertableInputs {
    const { canonical } = observed;
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
        ...(interval === undefined || interval === canonical.chunkTimeInterval
            ? {}
            : { chunkTimeInterval: spellInterval(interval, inputs.chunkTimeInterval) }),
        ...(nodes === undefined || attached.length === 0 || sameNames(nodes, attached) ? {} : { dataNodes: attached }),
        lastPoint: hasLast(observed, { inputs, last, newId: "" }),
    };
}

function hasLast({ access }: ObservedHypertable, request: HypertableRequest): boolean {
    return marked(access.relations, ownerOf(request)).some(({ marker }) => partOf(marker)?.kind === "last table");
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
    return intervals.find((interval) => interval !== canonical.chunkTimeInterval) ?? intervals[0];
}

function spellInterval(interval: string, requested: string | number | undefined): string | number {
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
            interval: String(found.chunkTimeInterval ?? "7 days"),
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
