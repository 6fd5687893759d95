/**
 * The names that follow from a table's name. They all begin with the table's stem: its name, or where that would leave
 * no room for the longest ending within PostgreSQL's 63 bytes, a prefix of it and a hash of the whole.
 */
import { createHash } from "node:crypto";
import { derivedName } from "../../tables/names";

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

/** Eight hexadecimal digits that stand for a text. */
export function shortHash(text: string): string {
    return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
