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

function text(value: unknown): string {
    if (typeof value !== "string") {
        throw new TypeError(`only a string can be quoted, got ${typeof value}`);
    }
    if (value.includes("\0")) {
        throw new TypeError("a PostgreSQL string cannot hold a zero byte");
    }
    return value;
}
