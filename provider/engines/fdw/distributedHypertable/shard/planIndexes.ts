/** From the indexes that a shard has to those it is to have. */
import type { Step } from "../../../step";
import { withMarker, type Marker } from "../../../marks/marker";
import { identifier, literal, qualified } from "../../../../postgres/sql";
import type { Target } from "../target";
import { defaultIndexes, indexName, type ShardIndex } from "./indexes";
import type { RelationIndex } from "../relations";
import type { TableName } from "../rowCounts";
import type { Stepper } from "../steps";

/** Makes what is missing, renames what is ours, and drops what is ours and not requested any more. */
export function planIndexes(
    step: Stepper,
    { inputs, marking }: Target,
    shard: TableName,
    remainder: number,
    found: readonly RelationIndex[],
    wanted: readonly ShardIndex[],
): Step[] {
    const optional = new Set(defaultIndexes(inputs).map(({ id }) => id));
    const own = found.flatMap((index) => {
        const id = idOf(index.marker);
        return id === undefined ? [] : [{ id, index }];
    });
    const isWanted = ({ id, index }: { id: string; index: RelationIndex }): boolean =>
        index.valid && (wanted.some((candidate) => candidate.id === id) || optional.has(id));
    const all = [...wanted, ...defaultIndexes(inputs).filter(({ id }) => wanted.every((index) => index.id !== id))];
    return [
        ...own
            .filter((candidate) => !isWanted(candidate))
            .map(({ index }) =>
                step(
                    "dropIndex",
                    `index ${index.name} is ${index.valid ? "not requested" : "invalid"}`,
                    `DROP INDEX ${qualified(shard.schema, index.name)}`,
                ),
            ),
        ...all.flatMap((index) => {
            const name = indexName(index, shard.name, remainder);
            const there = own.find(({ id, index: candidate }) => id === index.id && candidate.valid)?.index;
            const mark: Marker = { ...marking.mark, part: `index ${index.id}` };
            if (there !== undefined) {
                return keepIndex(step, shard, there, name, mark);
            }
            if (wanted.every(({ id }) => id !== index.id)) {
                return [];
            }
            const unmarked = found.some((candidate) => candidate.name === name && candidate.marker === undefined);
            return [
                ...(unmarked ? [] : [createIndex(step, shard, index, name)]),
                markIndex(step, shard, name, null, mark),
            ];
        }),
    ];
}

function createIndex(step: Stepper, shard: TableName, index: ShardIndex, name: string): Step {
    return step(
        "createIndex",
        `${shard.schema}.${shard.name} lacks an index`,
        `CREATE ${index.unique ? "UNIQUE " : ""}INDEX ${identifier(name)} ` +
            `ON ${qualified(shard.schema, shard.name)} ${index.definition}`,
    );
}

function keepIndex(step: Stepper, shard: TableName, found: RelationIndex, name: string, mark: Marker): Step[] {
    const rename =
        found.name === name
            ? []
            : [
                  step(
                      "renameIndex",
                      `index ${found.name} is to be ${name}`,
                      `ALTER INDEX ${qualified(shard.schema, found.name)} RENAME TO ${identifier(name)}`,
                  ),
              ];
    const isMarked = withMarker(found.comment, mark) === found.comment;
    return [...rename, ...(isMarked ? [] : [markIndex(step, shard, name, found.comment, mark)])];
}

function markIndex(step: Stepper, shard: TableName, name: string, comment: string | null, mark: Marker): Step {
    return step(
        "mark",
        `the mark on index ${name} is missing or old`,
        `COMMENT ON INDEX ${qualified(shard.schema, name)} IS ${literal(withMarker(comment, mark))}`,
    );
}

function idOf(marker: Marker | undefined): string | undefined {
    return marker?.part?.match(/^index ([0-9a-f]{8})$/)?.[1];
}
