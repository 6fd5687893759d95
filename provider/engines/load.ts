/** Rows that come to a table from outside: how they are given, and in what form the engines take them. */
import { setImmediate } from "node:timers/promises";
import { ProviderError } from "../errors";
import { copyField, textOf } from "../postgres/copyText";

/** A row: its values in the order of the columns, or an object with a property a column. */
export type Row = readonly unknown[] | Readonly<Record<string, unknown>>;

/** Rows, all at hand or as they come. */
export type Rows = Iterable<Row> | AsyncIterable<Row>;

/** How far a load has come. */
export interface LoadProgress {
    /** Rows that the servers have taken; they are seen by others only when all of them are committed. */
    readonly rows: number;
}

/** What a load has brought. */
export interface LoadResult {
    readonly rows: number;
    /**
     * Rows by the server that they were sent to: the data nodes with the engine fdw, and with multinode the access
     * node, which alone knows where chunks are.
     */
    readonly nodes: Readonly<Record<string, number>>;
}

/** What is to be loaded, and into which table. */
export interface Load {
    readonly schema: string;
    readonly table: string;
    /** Absent: every column of the table, in its order. */
    readonly columns?: readonly string[];
    readonly rows: Rows;
    readonly onProgress: (progress: LoadProgress) => void;
}

/** Some rows that follow each other, as lines of COPY's text format, and the text of each row's key. */
export interface RowBlock {
    readonly lines: readonly string[];
    readonly keys: readonly (string | null)[];
}

const ROWS_A_BLOCK = 2_000;
const CHARACTERS_A_BLOCK = 500_000;

/**
 * Cuts rows into blocks.
 *
 * @param key the place of the key among the columns; undefined: no keys are wanted
 * @throws INVALID_ARGUMENT with the number of the row, from 1 on
 */
export async function* blocksOf(
    rows: Rows,
    columns: readonly string[],
    key: number | undefined,
): AsyncGenerator<RowBlock, void, undefined> {
    const blocks = new BlockWriter(columns, key);
    if (Symbol.asyncIterator in rows) {
        for await (const row of rows) {
            if (blocks.add(row)) {
                yield blocks.take();
            }
        }
    } else {
        // Not by the same loop: waiting for every single row takes longer than the row itself.
        for (const row of rows) {
            if (blocks.add(row)) {
                yield blocks.take();
                // Rows that are all at hand would never let the sockets have their turn, and a refusal never be heard.
                await setImmediate();
            }
        }
    }
    yield blocks.take();
}

class BlockWriter {
    private lines: string[] = [];
    private keys: (string | null)[] = [];
    private characters = 0;
    private count = 0;

    constructor(
        private readonly columns: readonly string[],
        private readonly key: number | undefined,
    ) {}

    /** Whether the block is full with it. */
    add(row: Row): boolean {
        this.count++;
        const values = isList(row) ? row : undefined;
        if (values !== undefined && values.length !== this.columns.length) {
            throw this.refusal(`${values.length} values for ${this.columns.length} columns`);
        }
        let line = "";
        for (let place = 0; place < this.columns.length; place++) {
            const value: unknown = values === undefined ? Reflect.get(row, this.columns[place] ?? "") : values[place];
            const text = this.textOf(value, place);
            // Most values are numbers and times, in which nothing is to be escaped.
            const field = typeof value === "number" || value instanceof Date ? text : copyField(text);
            line = place === 0 ? (field ?? "") : `${line}\t${field}`;
            if (place === this.key) {
                this.keys.push(text);
            }
        }
        this.lines.push(`${line}\n`);
        this.characters += line.length;
        return this.lines.length >= ROWS_A_BLOCK || this.characters >= CHARACTERS_A_BLOCK;
    }

    take(): RowBlock {
        const { lines, keys } = this;
        this.lines = [];
        this.keys = [];
        this.characters = 0;
        return { lines, keys };
    }

    private textOf(value: unknown, place: number): string | null {
        try {
            return textOf(value);
        } catch (error) {
            throw error instanceof ProviderError ? this.refusal(error.reason, place, error.remedy) : error;
        }
    }

    private refusal(reason: string, place?: number, remedy?: string): ProviderError {
        const where = `row ${this.count}${place === undefined ? "" : `, column ${this.columns[place]}`}`;
        return new ProviderError("INVALID_ARGUMENT", `${where}: ${reason}`, { remedy });
    }
}

function isList(row: Row): row is readonly unknown[] {
    return Array.isArray(row);
}
