/** The indexes of a shard: requested ones, and those that every new shard gets. */
import type { DistributedHypertableInputs, Index } from "../../../inputs";
import { derivedName } from "../../../tables/names";
import { identifier } from "../../../../postgres/sql";
import { shortHash } from "../names";

/** An index that a shard is to have. */
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

/** The indexes that a shard is to have as long as it is there. */
export function wantedIndexes(inputs: IndexInputs): ShardIndex[] {
    const keys = [...(inputs.primaryKey === undefined ? [] : [inputs.primaryKey]), ...(inputs.uniqueKeys ?? [])];
    return distinct([
        ...keys.map((columns) => shardIndex({ columns, unique: true }, inputs)),
        ...(inputs.indexes ?? []).map((index) => shardIndex(index, inputs)),
        ...(inputs.lastPoint ? [byKey(inputs)] : []),
    ]);
}

/** The indexes that a shard gets when it is made; what becomes of them later is the user's own. */
export function defaultIndexes(inputs: IndexInputs): ShardIndex[] {
    const keys = [inputs.primaryKey ?? [], ...(inputs.uniqueKeys ?? [])];
    const covered = keys.some(([first, second]) => first === inputs.partitioningColumn && second === inputs.timeColumn);
    return [...(covered ? [] : [byKey(inputs)]), byTime(inputs)];
}

/** The name of an index on a shard; a name that the program gives gets the shard's number. */
export function indexName(index: ShardIndex, shard: string, remainder: number): string {
    return index.name === undefined
        ? derivedName(shard, `_${index.id}_${index.unique ? "key" : "idx"}`)
        : derivedName(index.name, `_${remainder}`);
}

function byKey(inputs: IndexInputs): ShardIndex {
    return shardIndex({ columns: [inputs.partitioningColumn ?? "", `${inputs.timeColumn} DESC`] }, inputs);
}

function byTime(inputs: IndexInputs): ShardIndex {
    return shardIndex({ columns: [`${inputs.timeColumn} DESC`] }, inputs);
}

function shardIndex({ name, columns, method, unique, where }: Index, inputs: IndexInputs): ShardIndex {
    const names = new Set((inputs.columns ?? []).map((column) => column.name));
    const elements = columns.map((column) => indexElement(column, names)).join(", ");
    const definition =
        `USING ${identifier(method ?? "btree")} (${elements})` + (where === undefined ? "" : ` WHERE ${where}`);
    return {
        id: shortHash(`${unique === true ? "unique " : ""}${definition}`),
        unique: unique === true,
        definition,
        ...(name === undefined ? {} : { name }),
    };
}

/** A column's name, one with a direction behind it, or an expression, which stays as it is. */
function indexElement(text: string, names: ReadonlySet<string>): string {
    if (names.has(text)) {
        return identifier(text);
    }
    const [, column = "", order] = /^(.+?)((?:\s+(?:asc|desc))?(?:\s+nulls\s+(?:first|last))?)$/is.exec(text) ?? [];
    return names.has(column) ? `${identifier(column)}${order}` : text;
}

function distinct(indexes: readonly ShardIndex[]): ShardIndex[] {
    return [...new Map(indexes.map((index) => [index.id, index])).values()];
}
