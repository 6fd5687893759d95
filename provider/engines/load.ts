/** Rows that come to a table from outside: how they are given, and in what form the engines take them. */
import { setImmediate } from "node:timers/promises";
import { ProviderError } from "../errors";

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

const ROWS_A_TURN = 2_000;

/**
 * Hands on row after row, as a list of its values, and has a turn whenever `take` asks for one by true, and at least
 * every {@link ROWS_A_TURN} rows. `take` has to be done with the row when it returns: a source may fill the same list
 * again.
 *
 * @throws INVALID_ARGUMENT with the number of the row, from 1 on
 */
export async function* turnsOf(
    rows: Rows,
    columns: readonly string[],
    take: (values: readonly unknown[]) => boolean,
): AsyncGenerator<void, void, undefined> {
    let count = 0;
    const isTurn = (row: Row): boolean => {
        count++;
        try {
            return take(valuesOf(row, columns)) || count % ROWS_A_TURN === 0;
        } catch (error) {
            throw error instanceof ProviderError && error.code === "INVALID_ARGUMENT"
                ? new ProviderError(error.code, `row ${count}: ${error.reason}`, { remedy: error.remedy })
                : error;
        }
    };
    if (Symbol.asyncIterator in rows) {
        for await (const row of rows) {
            if (isTurn(row)) {
                yield;
            }
        }
    } else {
        // Not by the same loop: waiting for every single row takes longer than the row itself.
        for (const row of rows) {
            if (isTurn(row)) {
                yield;
                // Rows that are all at hand would never let the sockets have their turn, and a refusal never be heard.
                await setImmediate();
            }
        }
    }
    yield;
}

function valuesOf(row: Row, columns: readonly string[]): readonly unknown[] {
    if (!isList(row)) {
        return columns.map((column): unknown => Reflect.get(row, column));
    }
    if (row.length !== columns.length) {
        throw new ProviderError("INVALID_ARGUMENT", `${row.length} values for ${columns.length} columns`);
    }
    return row;
}

function isList(row: Row): row is readonly unknown[] {
    return Array.isArray(row);
}
