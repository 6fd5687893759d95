/** An element of an index as a program writes it: a column's name, perhaps with an order behind it, or an expression. */

const ORDER = /(?:\s+(?:asc|desc))?(?:\s+nulls\s+(?:first|last))?\s*$/i;

/** A name, quoted or not, and behind it nothing or further words (a collation, an operator class). */
const NAME = /^(?:"((?:[^"]|"")+)"|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*))(?:\s+[A-Za-z_"\u0080-\uffff][^]*)?$/;

/**
 * The column that an element of an index names; undefined for an expression.
 *
 * @param names columns that may be named as they are, without quotes
 */
export function columnOf(element: string, names: readonly string[]): string | undefined {
    const plain = element.replace(ORDER, "");
    const whole = [element, plain].find((text) => names.includes(text));
    if (whole !== undefined) {
        return whole;
    }
    const inner = withoutParentheses(plain.trim());
    const [, quoted, word] = NAME.exec(inner) ?? [];
    return quoted?.replaceAll('""', '"') ?? word?.toLowerCase();
}

/** `(device)` is the column itself for a server, as is `((device))`. */
function withoutParentheses(text: string): string {
    const [, inner] = /^\(([^()]*|\(.*\))\)$/s.exec(text) ?? [];
    return inner === undefined ? text : withoutParentheses(inner.trim());
}
