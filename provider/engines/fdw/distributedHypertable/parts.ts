/**
 * Which of a distributed hypertable's objects one is, as its mark says it: so that each is found again under any name.
 */
import type { Marker } from "../../marks/marker";

/** One of the objects that make up a distributed hypertable; the last three are there once a shard. */
export type PartKind = "table" | "last table" | "route" | "shard" | "view" | "last";

/** An object's part in its table. */
export interface Part {
    readonly kind: PartKind;
    /** Of the objects that are there once a shard: the shard's remainder and the number of shards. */
    readonly remainder?: number;
    readonly modulus?: number;
}

/** A part as text: "shard 3/8". */
export function partText({ kind, remainder, modulus }: Part): string {
    return remainder === undefined ? kind : `${kind} ${remainder}/${modulus}`;
}

/** The part that a mark names. */
export function partOf(marker: Marker | undefined): Part | undefined {
    const found = marker?.part?.match(/^(table|last table|route|shard|view|last)(?: (\d+)\/(\d+))?$/);
    if (!found) {
        return undefined;
    }
    const kind = found[1] as PartKind;
    return found[2] === undefined ? { kind } : { kind, remainder: Number(found[2]), modulus: Number(found[3]) };
}
