/** Every object of a distributed hypertable, and what it is called on which side. */
import { lastShardName, lastTableName, routeName, shardName, viewName } from "./names";
import type { Part } from "./parts";

/** An object and the name that it is to have. */
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
export function nodeParts(table: string, modulus: number, held: readonly number[], lastPoint: boolean): NamedPart[] {
    return [
        { part: { kind: "route" }, name: routeName(table) },
        ...held.flatMap((remainder) => [
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
    const held = remainders(modulus);
    return [...accessParts(table, modulus, true), ...nodeParts(table, modulus, held, true)].map(({ name }) => name);
}

/** 0, 1, ... up to but without the number of shards. */
export function remainders(modulus: number): number[] {
    return Array.from({ length: modulus }, (_, remainder) => remainder);
}
