/** What a server answers, as it came over the wire, and what pg's users get of it. */
import type { QueryArrayResult } from "pg";
import { realPg } from "./realPg";

/** The rows of one statement: the server's texts, not yet parsed. */
export interface RawResult {
    readonly command: string;
    readonly count: number | null;
    /** Name and type of each column. */
    readonly fields: readonly (readonly [string, number])[];
    readonly rows: readonly (readonly (string | null)[])[];
}

/** An error or a notice: the fields that are there. */
export type Message = Readonly<Record<string, string | number>>;

/** All that comes back for one question: notices, and results or an error. */
export interface Answer {
    readonly notices?: readonly Message[];
    readonly results?: readonly RawResult[];
    /** `class` tells a server's error from a socket's or pg's own. */
    readonly error?: Message & { readonly class: "server" | "other" };
}

/** Keeps pg from parsing, for what is recorded are the texts. */
export const UNPARSED = { getTypeParser: (): ((text: string) => string) => (text) => text };

/** What pg gives for a statement with {@link UNPARSED} values and rows as arrays. */
export function rawResults(results: QueryArrayResult | QueryArrayResult[]): RawResult[] {
    return [results].flat().map(({ command, rowCount, fields, rows }) => ({
        command,
        count: rowCount,
        fields: fields.map(({ name, dataTypeID }) => [name, dataTypeID] as const),
        rows: rows as (string | null)[][],
    }));
}

/** What pg would have given for it: one result, or a list of them where the text had several statements. */
export function parsedResults(raw: readonly RawResult[]): object | object[] {
    const results = raw.map(({ command, count, fields, rows }) => ({
        command,
        rowCount: count,
        fields: fields.map(([name, dataTypeID]) => ({ name, dataTypeID })),
        rows: rows.map((row) =>
            Object.fromEntries(
                fields.map(([name, type], column) => {
                    const text = row[column] ?? null;
                    return [name, text === null ? null : parse(type, text)];
                }),
            ),
        ),
    }));
    return results.length === 1 ? (results[0] as object) : results;
}

function parse(type: number, text: string): unknown {
    return (realPg.types.getTypeParser(type, "text") as (text: string) => unknown)(text);
}

/** The fields of an error; its length in bytes, which a longer port changes, is not among them. */
export function rawError(error: unknown): Answer["error"] {
    if (!(error instanceof Error)) {
        throw error;
    }
    const isServers = error instanceof realPg.DatabaseError;
    return { class: isServers ? "server" : "other", message: error.message, ...rawMessage(error) };
}

/** The fields of a notice or an error that are there. */
export function rawMessage(message: object): Message {
    const fields = Object.entries(message).filter(
        ([name, value]) => name !== "length" && name !== "name" && /^(string|number)$/.test(typeof value),
    );
    return Object.fromEntries(fields);
}

/** The error that pg or a socket raised. */
export function parsedError({ class: origin, message, ...fields }: NonNullable<Answer["error"]>): Error {
    const text = String(message);
    const error = origin === "server" ? new realPg.DatabaseError(text, text.length, "error") : new Error(text);
    return Object.assign(error, fields);
}
