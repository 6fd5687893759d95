/**
 * The objects that make up a distributed hypertable: what their marks call them, so that each is found again under any
 * name, and the names that follow from the table's name. These begin with the table's stem: its name, or where that
 * would leave no room for the longest ending within PostgreSQL's 63 bytes, a prefix of it and a hash of the whole.
 */
import type { Marker } from "../../marks/marker";
import { derivedName } from "../../tables/names";

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

const LONGEST_ENDING = "_s32767_last";

/** The table's name, shortened so that every ending fits. */
export function stem(table: string): string {
    return derivedName(table, LONGEST_ENDING).slice(0, -LONGEST_ENDING.length);
}

/** The shard itself on a data node, and the foreign table for it on the access node. */
export function shardName(table: string, remainder: number): string {
    return `${stem(table)}_s${remainder}`;
}

/** The view on a data node through which a shard is read and written. */
export function viewName(table: string, remainder: number): string {
    return `${shardName(table, remainder)}_v`;
}

/** The view of a shard's newest rows on a data node, and the foreign table for it on the access node. */
export function lastShardName(table: string, remainder: number): string {
    return `${shardName(table, remainder)}_last`;
}

/** The table of all shards' newest rows on the access node. */
export function lastTableName(table: string): string {
    return `${stem(table)}_last`;
}

/** The empty partitioned table on a data node by which the guards compute remainders. */
export function routeName(table: string): string {
    return `${stem(table)}_route`;
}

/** An object and the name that it has to have. */
export interface NamedPart {
    readonly part: Part;
    readonly name: string;
}

/** What the access node holds: the table, a foreign table a shard, and the same again for the newest rows. */
export function accessParts(table: string, modulus: number, lastPoint: boolean): NamedPart[] {
    const shards = remainders(modulus);
    return [
        { part: { kind: "table" }, name: table },
        ...shards.map((remainder) => ({
            part: { kind: "shard" as const, remainder, modulus },
            name: shardName(table, remainder),
        })),
        ...(lastPoint
            ? [
                  { part: { kind: "last table" as const }, name: lastTableName(table) },
                  ...shards.map((remainder) => ({
                      part: { kind: "last" as const, remainder, modulus },
                      name: lastShardName(table, remainder),
                  })),
              ]
            : []),
    ];
}

/** What a data node holds for some of the shards. */
export function nodeParts(table: string, modulus: number, shards: readonly number[], lastPoint: boolean): NamedPart[] {
    return [
        { part: { kind: "route" }, name: routeName(table) },
        ...shards.flatMap((remainder) => [
            { part: { kind: "shard" as const, remainder, modulus }, name: shardName(table, remainder) },
            { part: { kind: "view" as const, remainder, modulus }, name: viewName(table, remainder) },
            ...(lastPoint
                ? [{ part: { kind: "last" as const, remainder, modulus }, name: lastShardName(table, remainder) }]
                : []),
        ]),
    ];
}

/** Every name that an object of the table can have on either side. */
export function allNames(table: string, modulus: number): string[] {
    const shards = remainders(modulus);
    return [...accessParts(table, modulus, true), ...nodeParts(table, modulus, shards, true)].map(({ name }) => name);
}

/** 0, 1, ... up to but without the number of shards. */
export function remainders(modulus: number): number[] {
    return Array.from({ length: modulus }, (_, remainder) => remainder);
}
