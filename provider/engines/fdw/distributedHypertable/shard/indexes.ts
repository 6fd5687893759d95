/** The indexes of a shard: requested ones, and those that every new shard gets. */
import type { DistributedHypertableInputs, Index } from "../../../inputs";
import type { Marker } from "../../../marks/marker";
import type { Statement } from "../../../step";
import { createIndex, dropIndex, indexDefinition } from "../../../tables/indexes";
import { derivedName, shortHash } from "../../../tables/names";
import { markObject, renameObject } from "../../../tables/statements";
import type { RelationIndex } from "../relations";
import type { Target, WantedPart } from "../target";

/** An index that a shard has to have. */
export interface ShardIndex {
    /** Stands for its definition, whatever its name. */
    readonly id: string;
    readonly unique: boolean;
    /** `USING btree (device, "time" DESC) WHERE ...` */
    readonly definition: string;
    /** What the program calls it. */
    readonly name?: string;
}

type IndexInputs = Pick<
    DistributedHypertableInputs,
    | "columns"
    | "primaryKey"
    | "uniqueKeys"
    | "indexes"
    | "timeColumn"
    | "partitioningColumn"
    | "createDefaultIndexes"
    | "lastPoint"
>;

/** The indexes that a shard has to have as long as it is there. */
function wantedIndexes(inputs: IndexInputs): ShardIndex[] {
    const keys = [...(inputs.primaryKey === undefined ? [] : [inputs.primaryKey]), ...(inputs.uniqueKeys ?? [])];
    return distinct([
        ...keys.map((columns) => shardIndex({ columns, unique: true }, inputs)),
        ...(inputs.indexes ?? []).map((index) => shardIndex(index, inputs)),
        ...(inputs.lastPoint ? [byKey(inputs)] : []),
    ]);
}

/** The indexes that a shard gets when it is made; what becomes of them later is the user's own. */
function defaultIndexes(inputs: IndexInputs): ShardIndex[] {
    const keys = [inputs.primaryKey ?? [], ...(inputs.uniqueKeys ?? [])];
    const covered = keys.some(([first, second]) => first === inputs.partitioningColumn && second === inputs.timeColumn);
    return [...(covered ? [] : [byKey(inputs)]), byTime(inputs)];
}

/** The name of an index on a shard; a name that the program gives gets the shard's number. */
function indexName(index: ShardIndex, { name: shard, part }: WantedPart): string {
    return index.name === undefined
        ? derivedName(shard, `_${index.id}_${index.unique ? "key" : "idx"}`)
        : derivedName(index.name, `_${part.remainder}`);
}

function byKey(inputs: IndexInputs): ShardIndex {
    return shardIndex({ columns: [inputs.partitioningColumn ?? "", `${inputs.timeColumn} DESC`] }, inputs);
}

function byTime(inputs: IndexInputs): ShardIndex {
    return shardIndex({ columns: [`${inputs.timeColumn} DESC`] }, inputs);
}

function shardIndex(index: Index, { columns }: IndexInputs): ShardIndex {
    const definition = indexDefinition(index, new Set((columns ?? []).map((column) => column.name)));
    const { name, unique = false } = index;
    return {
        id: shortHash(`${unique ? "unique " : ""}${definition}`),
        unique,
        definition,
        ...(name === undefined ? {} : { name }),
    };
}

function distinct(indexes: readonly ShardIndex[]): ShardIndex[] {
    return [...new Map(indexes.map((index) => [index.id, index])).values()];
}

/** The indexes of a shard that is made. */
export function createIndexes(target: Target, shard: WantedPart): Statement[] {
    const { inputs } = target;
    const defaults = inputs.createDefaultIndexes ? defaultIndexes(inputs) : [];
    return distinct([...wantedIndexes(inputs), ...defaults]).flatMap((index) => addIndex(target, shard, index, []));
}

/** Makes what is missing, renames what is ours, and drops what is ours and not requested any more. */
export function planIndexes(target: Target, shard: WantedPart, found: readonly RelationIndex[]): Statement[] {
    const { inputs, marking } = target;
    const wanted = wantedIndexes(inputs);
    const known = distinct([...wanted, ...defaultIndexes(inputs)]);
    const own = new Map<string, RelationIndex>();
    const surplus: RelationIndex[] = [];
    for (const index of found) {
        const id = idOf(index.marker);
        if (id !== undefined && index.valid && known.some((candidate) => candidate.id === id)) {
            own.set(id, index);
        } else if (id !== undefined) {
            surplus.push(index);
        }
    }
    return [
        ...surplus.map(({ name, valid }) =>
            dropIndex({ schema: shard.schema, name }, `index ${name} is ${valid ? "not requested" : "invalid"}`),
        ),
        ...known.flatMap((index) => {
            const there = own.get(index.id);
            if (there === undefined) {
                return wanted.includes(index) ? addIndex(target, shard, index, found) : [];
            }
            const name = { schema: shard.schema, name: indexName(index, shard) };
            return [
                ...renameObject("INDEX", { ...name, name: there.name }, name),
                ...markObject("INDEX", name, there.comment, markOf(marking.mark, index)),
            ];
        }),
    ];
}

/** An unmarked index of that name is what a run left that was cut between the two statements. */
function addIndex(
    { marking }: Target,
    shard: WantedPart,
    index: ShardIndex,
    found: readonly RelationIndex[],
): Statement[] {
    const name = indexName(index, shard);
    const isUnmarked = found.some((candidate) => candidate.name === name && candidate.marker === undefined);
    return [
        ...(isUnmarked ? [] : [createIndex(shard, name, index)]),
        ...markObject("INDEX", { schema: shard.schema, name }, null, markOf(marking.mark, index)),
    ];
}

function markOf(mark: Marker, { id }: ShardIndex): Marker {
    return { ...mark, part: `index ${id}` };
}

function idOf(marker: Marker | undefined): string | undefined {
    return marker?.part?.match(/^index ([0-9a-f]{8})$/)?.[1];
}
