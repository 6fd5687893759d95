/** Rows on their way to the shards that they belong to, gathered until a COPY statement is worth its while. */
import { ProviderError } from "../../../errors";
import { binaryFormat } from "../../../postgres/copy/binary";
import { RowBuffer, type RowFormat } from "../../../postgres/copy/rows";
import { textFormat } from "../../../postgres/copy/text";
import type { LoadLayout } from "./loadLayout";
import type { NodeLoad } from "./nodeLoad";
import type { TableName } from "../../tables/names";
import { keyOf, type Key, type ShardOfKey } from "./shardOfKey";

/** A shard, and the node that takes its rows. */
export interface OpenShard {
    readonly node: NodeLoad;
    readonly table: TableName;
}

/** What one statement brings. */
export interface Batch {
    readonly shard: OpenShard;
    readonly format: RowFormat;
    readonly rows: Buffer;
}

/** All shards' rows together, while they are gathered. */
const GATHERED_BYTES = 16_000_000;
const LARGEST_BATCH_BYTES = 512_000;
/** What is worth a statement to a node that has nothing to do. */
const SMALLEST_BATCH_BYTES = 32_000;
/** Rows of keys whose shards are asked for at the next turn, which comes at once when there are more. */
const MOST_UNPLACED_BYTES = 500_000;

/** The rows for one shard, a buffer a format. */
interface Gathered {
    readonly shard: OpenShard;
    readonly buffers: readonly RowBuffer[];
}

/** A row whose shard is not known yet, and where it is written. */
interface Unplaced {
    readonly key: Key;
    readonly format: number;
    readonly start: number;
    readonly end: number;
}

/** Distributes rows, each in the first format that has a form for all of its values. */
export class Distribution {
    private readonly formats: readonly RowFormat[];
    private readonly gathered: ReadonlyMap<number, Gathered>;
    private readonly unplacedBuffers: readonly RowBuffer[];
    private unplaced: Unplaced[] = [];
    private readonly largestBatch: number;

    constructor(
        private readonly layout: LoadLayout,
        private readonly shardOf: ShardOfKey,
        shards: ReadonlyMap<number, OpenShard>,
    ) {
        const binary = binaryFormat(layout.types);
        this.formats = [...(binary === undefined ? [] : [binary]), textFormat(layout.columns)];
        this.unplacedBuffers = this.newBuffers();
        this.gathered = new Map(
            [...shards].map(([remainder, shard]) => [remainder, { shard, buffers: this.newBuffers() }]),
        );
        this.largestBatch = Math.min(LARGEST_BATCH_BYTES, Math.ceil(GATHERED_BYTES / layout.modulus));
    }

    /**
     * Takes a row, and says whether something is to be sent now.
     *
     * @throws INVALID_ARGUMENT for what stands for no value; NOT_FOUND where the row's shard is not attached
     */
    add(values: readonly unknown[]): boolean {
        const { columns, key: place } = this.layout;
        const key = place === undefined ? null : keyOf(columns[place] ?? "", values[place]);
        const remainder = this.shardOf.get(key);
        if (remainder === undefined) {
            return this.addUnplaced(key, values);
        }
        const target = this.shardAt(remainder, key);
        const buffer = target.buffers[this.write(target.buffers, values)];
        return buffer !== undefined && this.isFull(buffer, target.shard);
    }

    /** Asks for the shards of the rows that are not placed yet; to be called at every turn. */
    async settle(): Promise<void> {
        if (this.unplaced.length === 0) {
            return;
        }
        await this.shardOf.learn(this.unplaced.map(({ key }) => key));
        for (const { key, format, start, end } of this.unplaced) {
            const remainder = this.shardOf.get(key);
            const written = this.unplacedBuffers[format];
            if (remainder === undefined || written === undefined) {
                throw new Error("a key was not learnt");
            }
            this.shardAt(remainder, key).buffers[format]?.append(written.bytes.subarray(start, end));
        }
        this.unplaced = [];
        this.unplacedBuffers.forEach((buffer) => buffer.clear());
    }

    /** What is worth a statement, or with `all` whatever there is. What a node has to do by then counts. */
    *take(all: boolean): Generator<Batch> {
        for (const { shard, buffers } of this.gathered.values()) {
            for (const [place, buffer] of buffers.entries()) {
                const format = this.formats[place];
                if (format !== undefined && buffer.length > 0 && (all || this.isFull(buffer, shard))) {
                    yield { shard, format, rows: buffer.take() };
                }
            }
        }
    }

    private addUnplaced(key: Key, values: readonly unknown[]): boolean {
        const starts = this.unplacedBuffers.map(({ length }) => length);
        const format = this.write(this.unplacedBuffers, values);
        const end = this.unplacedBuffers[format]?.length ?? 0;
        this.unplaced.push({ key, format, start: starts[format] ?? 0, end });
        return end >= MOST_UNPLACED_BYTES;
    }

    /** The place of the format in which it was written; the last one, text, has a form for everything. */
    private write(buffers: readonly RowBuffer[], values: readonly unknown[]): number {
        for (let place = 0; place < buffers.length; place++) {
            if (this.formats[place]?.write(buffers[place] as RowBuffer, values)) {
                return place;
            }
        }
        throw new Error("no format took the row");
    }

    private isFull({ length }: RowBuffer, { node }: OpenShard): boolean {
        return length >= (node.isIdle ? SMALLEST_BATCH_BYTES : this.largestBatch);
    }

    private shardAt(remainder: number, key: Key): Gathered {
        const found = this.gathered.get(remainder);
        if (found === undefined) {
            throw new ProviderError("NOT_FOUND", `the shard of key ${key ?? "NULL"} is not attached`, {
                remedy: "Set available: true on its data node first",
            });
        }
        return found;
    }

    private newBuffers(): readonly RowBuffer[] {
        return this.formats.map(() => new RowBuffer());
    }
}
