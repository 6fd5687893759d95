/** Identifiers and literals, quoted in this one place. It refuses what is not a string: a number would pass unquoted. */
import { escapeIdentifier, escapeLiteral } from "pg";

/** A quoted identifier: `"conditions"`. */
export function identifier(name: string): string {
    return escapeIdentifier(text(name));
}

/** A quoted, qualified name: `"public"."conditions"`. */
export function qualified(schema: string, name: string): string {
    return `${identifier(schema)}.${identifier(name)}`;
}

/** A quoted string literal: `'it''s'`. */
export function literal(value: string): string {
    return escapeLiteral(text(value));
}

/** `DO $pulumi$ ... $pulumi$` around a block of PL/pgSQL, by a quote that the block does not hold. It takes no values. */
export function anonymousBlock(body: string): string {
    let tag = "$pulumi$";
    for (let number = 1; body.includes(tag); number++) {
        tag = `$pulumi${number}$`;
    }
    return `DO ${tag}\n${text(body)}\n${tag}`;
}

/** Options of a foreign server, table or user mapping, by name. */
export type Options = Readonly<Record<string, string>>;

/** ` OPTIONS ("host" 'a', "port" '5432')`, or nothing where there are none. */
export function optionsClause(options: Options): string {
    const entries = Object.entries(options)
        .sort(byName)
        .map(([name, value]) => `${identifier(name)} ${literal(value)}`);
    return entries.length === 0 ? "" : ` OPTIONS (${entries.join(", ")})`;
}

/** ` OPTIONS (SET "host" 'b', DROP "sslmode")`, from the options found to those requested; undefined: they agree. */
export function alterOptionsClause(found: Options, requested: Options): string | undefined {
    const changes = Object.entries({ ...found, ...requested })
        .sort(byName)
        .flatMap(([name]) => {
            const value = requested[name];
            if (value === undefined) {
                return [`DROP ${identifier(name)}`];
            }
            if (found[name] === undefined) {
                return [`ADD ${identifier(name)} ${literal(value)}`];
            }
            return found[name] === value ? [] : [`SET ${identifier(name)} ${literal(value)}`];
        });
    return changes.length === 0 ? undefined : ` OPTIONS (${changes.join(", ")})`;
}

function byName([a]: [string, string], [b]: [string, string]): number {
    return a < b ? -1 : 1;
}

function text(value: unknown): string {
    if (typeof value !== "string") {
        throw new TypeError(`only a string can be quoted, got ${typeof value}`);
    }
    if (value.includes("\0")) {
        throw new TypeError("a PostgreSQL string cannot hold a zero byte");
    }
    return value;
}
