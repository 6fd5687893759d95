/** Which shard a key belongs to. The access node itself is asked, once a key: its hash is not ours to repeat. */
import type { Session } from "../../../postgres/pool";
import { literal, qualified } from "../../../postgres/sql";
import { textIn, textOf } from "../../../postgres/copy/text";
import type { TableName } from "../../tables/names";

/** A value of the partitioning column: as it is where it is equal to itself alone, else as text. */
export type Key = string | number | null;

/** @throws INVALID_ARGUMENT for what stands for no value */
export function keyOf(column: string, value: unknown): Key {
    return typeof value === "string" || typeof value === "number" ? value : textIn(column, value);
}

/** Keys of time series are few; where they are not, the oldest knowledge goes. */
const KEYS_KEPT = 200_000;

/** Answers by the remainder. */
export class ShardOfKey {
    private readonly known = new Map<Key, number>();

    constructor(
        private readonly session: Session,
        private readonly table: TableName,
        private readonly keyType: string,
        private readonly modulus: number,
    ) {}

    /** Asks for those of the keys that are not known yet, all at once. */
    async learn(keys: readonly Key[]): Promise<void> {
        const news = [...new Set(keys.filter((key) => !this.known.has(key)))];
        if (news.length === 0) {
            return;
        }
        if (this.known.size + news.length > KEYS_KEPT) {
            this.known.clear();
            return this.learn(keys);
        }
        const rows = await this.session.query<{ remainder: number }>(this.question(), [news.map(textOf), this.modulus]);
        rows.forEach(({ remainder }, place) => this.known.set(news[place] ?? null, remainder));
    }

    /** undefined: it has to be learnt first. */
    get(key: Key): number | undefined {
        return this.known.get(key);
    }

    private question(): string {
        const table = literal(qualified(this.table.schema, this.table.name));
        return `
SELECT (SELECT r FROM generate_series(0, $2::integer - 1) AS r
         WHERE satisfies_hash_partition(${table}::regclass, $2::integer, r, k.key::${this.keyType})) AS remainder
  FROM unnest($1::text[]) WITH ORDINALITY AS k (key, place)
 ORDER BY k.place`;
    }
}
