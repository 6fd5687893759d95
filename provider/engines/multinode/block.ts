/** Anonymous blocks: several statements that the access node runs as one. They take no bound values. */

export { anonymousBlock } from "../../postgres/sql";

/** Statements as the lines of a block. */
export function statements(indent: string, each: readonly string[]): string[] {
    return each.map((statement) => `${indent}${statement};`);
}
