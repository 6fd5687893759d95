/**
 * Shapes of values: each says what it expects, checks a value and fills in defaults. All of them skip unknowns first,
 * and all of them report every failure, not only the first.
 */
import { isPositiveInterval } from "./interval";
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
    /** The secrets in a value, whether it fits or not. */
    secretsIn(value: unknown): string[];
}

/** One property of an object shape. */
export interface PropertyShape {
    readonly shape: Shape;
    readonly required?: boolean;
    readonly default?: unknown;
    /** Whether it only helps to check the others, and is dropped with the filling in of defaults. */
    readonly checkOnly?: boolean;
}

/** What came instead, shortened. Not for secrets. */
export function got(value: unknown): string {
    const text = JSON.stringify(value) ?? String(value);
    return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function mismatch(path: string, expected: string, value: unknown, secret: boolean): Failure {
    return { path, reason: `expected ${expected}, got ${secret ? typeof value : got(value)}`, secret };
}

interface LeafOptions {
    readonly expected: string;
    readonly accepts: (value: unknown) => boolean;
    readonly secret?: boolean;
    /** Why a value that is not accepted is none, where there is more to say. */
    readonly why?: (value: unknown) => string | undefined;
    /** Whether a value that is not accepted may hold a secret although the property is none. */
    readonly hides?: (value: unknown) => boolean;
}

/** A shape without anything inside. */
export function leaf({ expected, accepts, secret = false, why, hides }: LeafOptions): Shape {
    return {
        expected,
        secret,
        check(value, path) {
            if (isUnknown(value) || accepts(value)) {
                return [];
            }
            const failure = mismatch(path, expected, value, secret || hides?.(value) === true);
            const reason = why?.(value);
            return [reason === undefined ? failure : { ...failure, reason: `${failure.reason}: ${reason}` }];
        },
        fill: (value) => value,
        secretsIn: (value) => (secret && typeof value === "string" ? [value] : []),
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

/** Milliseconds of more than these do not fit where PostgreSQL and Node count them, in 31 bits. */
const MAX_SECONDS = 2_000_000;

/** A duration in seconds. */
export function seconds(options: { readonly zero: boolean }): Shape {
    return leaf({
        expected: options.zero
            ? `a number of seconds from 0 to ${MAX_SECONDS}`
            : `a number of seconds above 0, up to ${MAX_SECONDS}`,
        accepts: (value) =>
            typeof value === "number" && (options.zero ? value >= 0 : value > 0) && value <= MAX_SECONDS,
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

/** A PostgreSQL interval above zero. */
export const interval = leaf({
    expected: 'an interval above zero such as "7 days"',
    accepts: (value) => typeof value === "string" && isPositiveInterval(value),
});

const MAX_BIGINT = 9223372036854775807n;

/** A number of units of an integer column. Beyond 2^53 only one that JavaScript writes as it holds it, without rounding. */
export const units = leaf({
    expected: "a whole number above 0 that a bigint and JavaScript hold exactly",
    accepts: (value) =>
        typeof value === "number" &&
        Number.isInteger(value) &&
        value >= 1 &&
        BigInt(value) <= MAX_BIGINT &&
        String(BigInt(value)) === String(value),
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
    const { min = 0, distinctBy } = options;
    const expected = `a list of ${item.expected}${min === 0 ? "" : `, ${min} at least`}`;
    const secret = item.secret ?? false;
    return {
        expected,
        secret,
        check(value, path) {
            if (isUnknown(value)) {
                return [];
            }
            if (!Array.isArray(value) || value.length < min) {
                return [mismatch(path, expected, value, secret)];
            }
            const failures = value.flatMap((entry, index) => item.check(entry, `${path}[${index}]`));
            return distinctBy === undefined ? failures : [...failures, ...repetitions(value, path, distinctBy)];
        },
        fill: (value) => (Array.isArray(value) ? value.map((entry) => item.fill(entry)) : value),
        secretsIn: (value) => (Array.isArray(value) ? value.flatMap((entry) => item.secretsIn(entry)) : []),
    };
}

function repetitions(entries: readonly unknown[], path: string, distinctBy: (entry: unknown) => unknown): Failure[] {
    const seen = new Map<string, number>();
    return entries.flatMap((entry, index) => {
        const key = entry === null || entry === undefined ? undefined : distinctBy(entry);
        if (key === undefined || isUnknown(key)) {
            return [];
        }
        const text = JSON.stringify(key);
        const first = seen.get(text);
        seen.set(text, first ?? index);
        return first === undefined
            ? []
            : [
                  {
                      path: `${path}[${index}]`,
                      reason: `expected each only once, got ${got(key)} at ${first} and ${index}`,
                      secret: false,
                  },
              ];
    });
}

/** A map from names to values of one shape. */
export function record(value: Shape): Shape {
    const expected = `a map of ${value.expected}`;
    const secret = value.secret ?? false;
    return {
        expected,
        secret,
        check(candidate, path) {
            if (isUnknown(candidate)) {
                return [];
            }
            return isPlainObject(candidate)
                ? Object.entries(candidate).flatMap(([key, entry]) => value.check(entry, `${path}.${key}`))
                : [mismatch(path, expected, candidate, secret)];
        },
        fill: (candidate) =>
            isPlainObject(candidate)
                ? Object.fromEntries(Object.entries(candidate).map(([key, entry]) => [key, value.fill(entry)]))
                : candidate,
        secretsIn: (candidate) =>
            isPlainObject(candidate) ? Object.values(candidate).flatMap((entry) => value.secretsIn(entry)) : [],
    };
}

/** An object with known properties; others are failures, for a misspelt name must not pass in silence. */
export function object(properties: Readonly<Record<string, PropertyShape>>): Shape {
    const known = Object.entries(properties);
    const written = known.filter(([, { checkOnly }]) => checkOnly !== true).map(([name]) => name);
    const expected = `an object with ${written.join(", ")}`;
    const secret = known.some(([, property]) => property.shape.secret);
    return {
        expected,
        secret,
        check(value, path) {
            if (isUnknown(value)) {
                return [];
            }
            if (!isPlainObject(value)) {
                return [mismatch(path, expected, value, secret)];
            }
            const inside = (name: string): string => (path === "" ? name : `${path}.${name}`);
            const extra = Object.keys(value)
                .filter((name) => !Object.hasOwn(properties, name))
                .map((name) => ({
                    path: inside(name),
                    reason: `expected one of ${written.join(", ")}, got another property`,
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
            const filled: Record<string, unknown> = { ...value };
            for (const [name, property] of known) {
                const entry = value[name] ?? property.default;
                if (entry === undefined || entry === null || property.checkOnly === true) {
                    delete filled[name];
                } else {
                    filled[name] = property.shape.fill(entry);
                }
            }
            return filled;
        },
        secretsIn: (value) =>
            isPlainObject(value) ? known.flatMap(([name, property]) => property.shape.secretsIn(value[name])) : [],
    };
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
