/** Anonymous blocks: several statements that the access node runs as one. They take no bound values. */

/** `DO $$ ... $$` with quotes that the body does not hold. */
export function anonymousBlock(body: string): string {
    let tag = "$pulumi$";
    for (let number = 1; body.includes(tag); number++) {
        tag = `$pulumi${number}$`;
    }
    return `DO ${tag}\n${body}\n${tag}`;
}

/** Statements as the lines of a block. */
export function statements(indent: string, each: readonly string[]): string[] {
    return each.map((statement) => `${indent}${statement};`);
}
