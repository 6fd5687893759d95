/** Names of tables, and names that are made of other names and still fit into PostgreSQL's 63 bytes. */
import { createHash } from "node:crypto";

/** A schema and the name of a table, view or index in it. */
export interface TableName {
    readonly schema: string;
    readonly name: string;
}

const NAME_BYTES = 63;
const HASH_LENGTH = 8;

/** A name with an ending: `temp_check`. Where that is over 63 bytes, the name's beginning, a hash of it and the ending. */
export function derivedName(name: string, ending: string): string {
    const room = NAME_BYTES - Buffer.byteLength(ending);
    if (Buffer.byteLength(name) <= room) {
        return name + ending;
    }
    const hash = `_${shortHash(name)}`;
    let prefix = "";
    for (const character of name) {
        if (Buffer.byteLength(prefix + character) > room - hash.length) {
            break;
        }
        prefix += character;
    }
    return prefix + hash + ending;
}

/** Eight hexadecimal digits that stand for a text. */
export function shortHash(text: string): string {
    return createHash("sha256").update(text).digest("hex").slice(0, HASH_LENGTH);
}
