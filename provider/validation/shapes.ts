/**
 * Shapes of values: each says what it expects, checks a value and fills in defaults. All of them skip unknowns first,
 * and all of them report every failure, not only the first.
 */
import { isUnknown } from "./unknown";

/** A failure: where, and what was expected and what came. Never the value of a secret. */
export interface Failure {
    /** `columns[1].name`; empty for the value itself. */
    readonly path: string;
    readonly reason: string;
    /** Whether the value at the path, or one around it, holds a secret. */
    readonly secret: boolean;
}

/** What a value has to look like. */
export interface Shape {
    /** Ends the sentence "expected ...", and stands in the docs' tables. */
    readonly expected: string;
    readonly secret?: boolean;
    check(value: unknown, path: string): Failure[];
    /** The value with the defaults inside it filled in. */
    fill(value: unknown): unknown;
}

/** One property of an object shape. */
export interface PropertyShape {
    readonly shape: Shape;
    readonly required?: boolean;
    readonly default?: unknown;
}

/** Says what came instead, shortened; the value of a secret is never shown. */
export function got(value: unknown): string {
    const text = JSON.stringify(value) ?? String(value);
    return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

interface LeafOptions {
    readonly expected: string;
    readonly accepts: (value: unknown) => boolean;
    readonly secret?: boolean;
}

/** A shape without anything inside. */
export function leaf({ expected, accepts, secret = false }: LeafOptions): Shape {
    return {
        expected,
        secret,
        check: (value, path) =>
            isUnknown(value) || accepts(value)
                ? []
                : [{ path, reason: `expected ${expected}, got ${secret ? typeof value : got(value)}`, secret }],
        fill: (value) => value,
    };
}

/** true or false. */
export const bool = leaf({ expected: "true or false", accepts: (value) => typeof value === "boolean" });

/** Any text; PostgreSQL has no zero byte in one. */
export function text(expected = "a string", options: { secret?: boolean; empty?: boolean } = {}): Shape {
    return leaf({
        expected,
        secret: options.secret ?? false,
        accepts: (value) =>
            typeof value === "string" && !value.includes("\0") && (options.empty === true || value !== ""),
    });
}

/** A whole number within bounds. */
export function integer(min: number, max: number): Shape {
    return leaf({
        expected: `a whole number from ${min} to ${max}`,
        accepts: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
    });
}

/** A duration in seconds. */
export function seconds(min: number): Shape {
    return leaf({
        expected: min > 0 ? "a number of seconds above 0" : "a number of seconds, 0 or more",
        accepts: (value) =>
            typeof value === "number" && Number.isFinite(value) && (min > 0 ? value > 0 : value >= 0) && value < 2e6,
    });
}

/** One of a few words. */
export function oneOf(words: readonly string[]): Shape {
    return leaf({
        expected: `one of ${words.map((word) => `"${word}"`).join(", ")}`,
        accepts: (value) => typeof value === "string" && words.includes(value),
    });
}

/** The longest identifier, in bytes. PostgreSQL cuts longer ones without a word. */
export const MAX_IDENTIFIER_BYTES = 63;

/**
 * A PostgreSQL identifier: 1 to 63 bytes.
 *
 * @param doubleQuote false where TimescaleDB hands the name to data nodes without escaping it
 */
export function identifier(doubleQuote = true): Shape {
    return leaf({
        expected: `a name of 1 to ${MAX_IDENTIFIER_BYTES} bytes${doubleQuote ? "" : " without a double quote"}`,
        accepts: (value) =>
            typeof value === "string" &&
            value !== "" &&
            Buffer.byteLength(value) <= MAX_IDENTIFIER_BYTES &&
            !value.includes("\0") &&
            (doubleQuote || !value.includes('"')),
    });
}

const INTERVAL_UNIT =
    "(?:microseconds?|milliseconds?|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w|months?|mons?|years?|yrs?|y)";
const INTERVAL = new RegExp(
    `^\\s*(?:(?:\\d+(?:\\.\\d+)?\\s*${INTERVAL_UNIT}\\s*)+(?:\\d{1,3}:\\d{2}(?::\\d{2}(?:\\.\\d+)?)?)?|\\d{1,3}:\\d{2}(?::\\d{2}(?:\\.\\d+)?)?|P(?=.*\\d)[0-9YMWDTHS.]+)\\s*$`,
    "i",
);

/** A PostgreSQL interval above zero. */
export const interval = leaf({
    expected: 'an interval above zero such as "7 days"',
    accepts: (value) => typeof value === "string" && INTERVAL.test(value) && /[1-9]/.test(value),
});

/** One shape or another. */
export function either(...shapes: readonly Shape[]): Shape {
    return leaf({
        expected: shapes.map((shape) => shape.expected).join(", or "),
        accepts: (value) => shapes.some((shape) => shape.check(value, "").length === 0),
    });
}

/** A list; `distinctBy` names what may not come twice. */
export function list(item: Shape, options: { min?: number; distinctBy?: (item: unknown) => unknown } = {}): Shape {
    const expected = `a list of ${item.expected}${options.min === undefined ? "" : `, ${options.min} at least`}`;
    return {
        expected,
        secret: item.secret ?? false,
        check(value, path) {
            if (isUnknown(value)) {
                return [];
            }
            if (!Array.isArray(value) || value.length < (options.min ?? 0)) {
                return [{ path, reason: `expected ${expected}, got ${got(value)}`, secret: false }];
            }
            const failures = value.flatMap((entry, index) => item.check(entry, `${path}[${index}]`));
            const seen = new Map<string, number>();
            for (const [index, entry] of options.distinctBy === undefined ? [] : value.entries()) {
                const key = options.distinctBy?.(entry);
                if (key === undefined || isUnknown(key)) {
                    continue;
                }
                const first = seen.get(JSON.stringify(key));
                if (first !== undefined) {
                    failures.push({
                        path: `${path}[${index}]`,
                        reason: `expected each only once, got ${got(key)} at ${first} and ${index}`,
                        secret: false,
                    });
                }
                seen.set(JSON.stringify(key), first ?? index);
            }
            return failures;
        },
        fill: (value) => (Array.isArray(value) ? value.map((entry) => item.fill(entry)) : value),
    };
}

/** A map from names to values of one shape. */
export function record(value: Shape): Shape {
    return {
        expected: `a map of ${value.expected}`,
        secret: value.secret ?? false,
        check(candidate, path) {
            if (isUnknown(candidate)) {
                return [];
            }
            return isPlainObject(candidate)
                ? Object.entries(candidate).flatMap(([key, entry]) => value.check(entry, `${path}.${key}`))
                : [{ path, reason: `expected ${this.expected}, got ${got(candidate)}`, secret: false }];
        },
        fill: (candidate) =>
            isPlainObject(candidate)
                ? Object.fromEntries(Object.entries(candidate).map(([key, entry]) => [key, value.fill(entry)]))
                : candidate,
    };
}

/** An object with known properties; others are failures, for a misspelt name must not pass in silence. */
export function object(properties: Readonly<Record<string, PropertyShape>>): Shape {
    const known = Object.entries(properties);
    const expected = `an object with ${Object.keys(properties).join(", ")}`;
    const secret = known.some(([, property]) => property.shape.secret);
    return {
        expected,
        secret,
        check(value, path) {
            if (isUnknown(value)) {
                return [];
            }
            if (!isPlainObject(value)) {
                return [{ path, reason: `expected ${expected}, got ${secret ? typeof value : got(value)}`, secret }];
            }
            const inside = (name: string): string => (path === "" ? name : `${path}.${name}`);
            const extra = Object.keys(value)
                .filter((name) => !Object.hasOwn(properties, name))
                .map((name) => ({
                    path: inside(name),
                    reason: `expected one of ${Object.keys(properties).join(", ")}, got another property`,
                    secret: true,
                }));
            const inner = known.flatMap(([name, { shape, required, default: fallback }]) => {
                const entry = value[name];
                if (entry !== undefined && entry !== null) {
                    return shape.check(entry, inside(name));
                }
                return required === true && fallback === undefined
                    ? [{ path: inside(name), reason: `expected ${shape.expected}, got nothing`, secret: false }]
                    : [];
            });
            return [...extra, ...inner];
        },
        fill(value) {
            if (!isPlainObject(value)) {
                return value;
            }
            const filled: Record<string, unknown> = {};
            for (const [name, entry] of Object.entries(value)) {
                filled[name] = entry;
            }
            for (const [name, property] of known) {
                const entry = value[name] ?? property.default;
                if (entry === undefined || entry === null) {
                    delete filled[name];
                } else {
                    filled[name] = property.shape.fill(entry);
                }
            }
            return filled;
        },
    };
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
