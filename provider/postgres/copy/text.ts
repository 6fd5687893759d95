/** Rows and values as COPY's text format has them: every value has a form in it. */
import { ProviderError } from "../../errors";
import type { RowFormat } from "./rows";

/** The format for rows of these columns. */
export function textFormat(columns: readonly string[]): RowFormat {
    return {
        name: "text",
        frame: [Buffer.alloc(0), Buffer.alloc(0)],
        write(to, row) {
            let line = "";
            for (let place = 0; place < columns.length; place++) {
                const value = row[place];
                const text = textIn(columns[place] ?? "", value);
                // Most values are numbers and times, in which nothing is to be escaped.
                const field = typeof value === "number" || value instanceof Date ? text : copyField(text);
                line = place === 0 ? (field ?? "") : `${line}\t${field}`;
            }
            line += "\n";
            to.reserve(line.length * MOST_BYTES_A_CHARACTER);
            to.length += to.bytes.write(line, to.length);
            return true;
        },
    };
}

const MOST_BYTES_A_CHARACTER = 3;

/** {@link textOf} of a column's value, whose name the error says. */
export function textIn(column: string, value: unknown): string | null {
    try {
        return textOf(value);
    } catch (error) {
        throw error instanceof ProviderError
            ? new ProviderError(error.code, `column ${column}: ${error.reason}`, { remedy: error.remedy })
            : error;
    }
}

/**
 * A value as the text that PostgreSQL reads it from, or null. As pg binds values: a Date is a point in time (in UTC for
 * a column without a time zone), an array is an array, another object is JSON.
 *
 * @throws INVALID_ARGUMENT for what stands for no value: undefined, a function, a Date outside the years 1 to 9999
 */
export function textOf(value: unknown): string | null {
    switch (typeof value) {
        case "string":
            return value;
        case "number":
        case "bigint":
        case "boolean":
            return String(value);
        case "object":
            return value === null ? null : textOfObject(value);
        default:
            throw new ProviderError("INVALID_ARGUMENT", `${typeof value} is no value: null stands for none`);
    }
}

/** One field of a line. */
export function copyField(text: string | null): string {
    if (text === null) {
        return "\\N";
    }
    return SPECIAL.test(text) ? text.replace(SPECIALS, (character) => ESCAPES[character] ?? character) : text;
}

const SPECIAL = /[\\\n\r\t]/;
const SPECIALS = new RegExp(SPECIAL, "g");
const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function textOfObject(value: object): string {
    if (value instanceof Date) {
        return textOfDate(value);
    }
    if (value instanceof Uint8Array) {
        return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`;
    }
    return Array.isArray(value) ? textOfArray(value) : JSON.stringify(value);
}

function textOfDate(date: Date): string {
    const time = date.getTime();
    if (!canBeSent(time)) {
        throw new ProviderError("INVALID_ARGUMENT", `a Date of the year ${date.getUTCFullYear()} cannot be sent`, {
            remedy: "Give a text such as '0044-03-15 BC'",
        });
    }
    return isoText(time);
}

/** Whether a Date's time is of a year that is written with four digits. */
export function canBeSent(time: number): boolean {
    return time >= FIRST_TIME && time < END_OF_TIMES;
}

/** `2026-01-02T03:04:05.678Z`. Most of a row's time would go into Date's own toISOString, which knows no day before. */
function isoText(time: number): string {
    const day = Math.floor(time / DAY_MS);
    if (day !== lastDay.day) {
        lastDay = { day, text: new Date(day * DAY_MS).toISOString().slice(0, "2026-01-02T".length) };
    }
    const rest = time - day * DAY_MS;
    const seconds = Math.floor(rest / 1_000);
    const clock = `${two(seconds / 3_600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
    return `${lastDay.text}${clock}.${String((rest % 1_000) + 1_000).slice(1)}Z`;
}

function two(value: number): string | undefined {
    return TWO_DIGITS[Math.floor(value)];
}

const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, "0"));
const DAY_MS = 86_400_000;
const FIRST_TIME = Date.parse("0001-01-01T00:00:00Z");
const END_OF_TIMES = Date.parse("9999-12-31T00:00:00Z") + DAY_MS;
let lastDay = { day: Number.NaN, text: "" };

function textOfArray(values: readonly unknown[]): string {
    const elements = values.map((value) => {
        const text = textOf(value);
        return text === null || Array.isArray(value) ? (text ?? "NULL") : `"${text.replace(/["\\]/g, "\\$&")}"`;
    });
    return `{${elements.join(",")}}`;
}
