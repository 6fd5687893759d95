/** Values as COPY's text format has them. */
import { ProviderError } from "../errors";

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
    const year = date.getUTCFullYear();
    if (!(year >= 1 && year <= 9999)) {
        throw new ProviderError("INVALID_ARGUMENT", `a Date of the year ${year} cannot be sent`, {
            remedy: "Give a text such as '0044-03-15 BC'",
        });
    }
    return date.toISOString();
}

function textOfArray(values: readonly unknown[]): string {
    const elements = values.map((value) => {
        const text = textOf(value);
        return text === null || Array.isArray(value) ? (text ?? "NULL") : `"${text.replace(/["\\]/g, "\\$&")}"`;
    });
    return `{${elements.join(",")}}`;
}
