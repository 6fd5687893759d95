/**
 * Pieces of SQL that a program writes: types and expressions. They become part of statements as they are, so a piece
 * must not end before its end, or hold a second piece. Only what no server accepts is refused.
 */
import { leaf, type Shape } from "./shapes";

/** One piece of a piece: a quoted text or name, a comment, or what stands between them. */
const TOKEN =
    /(?<quoted>[eE]'(?:[^'\\]|''|\\[^])*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<![\w$\u0080-\uffff])(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)[^]*?\k<dollar>)|(?<line>--[^\n\r]*)|(?<block>\/\*)|(?<open>["'])|(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|[^]/gu;

const CLOSES: Readonly<Record<string, string>> = { "(": ")", "[": "]" };

/** What stands outside of quotes, parentheses and comments. */
interface Outside {
    /** Words in upper case, and each sign. */
    readonly tokens: readonly string[];
    readonly lineComment: boolean;
    readonly blockComment: boolean;
    /** What makes it no whole piece of SQL. */
    readonly fault?: string;
}

function outside(sql: string): Outside {
    const tokens: string[] = [];
    const open: string[] = [];
    let [lineComment, blockComment, skipTo] = [false, false, 0];
    for (const found of sql.matchAll(TOKEN)) {
        const [text] = found;
        const { line, block, open: quote, word, quoted } = found.groups ?? {};
        if (found.index < skipTo) {
            continue;
        }
        if (block !== undefined) {
            blockComment = true;
            skipTo = endOfBlock(sql, found.index);
            if (skipTo === -1) {
                return { tokens, lineComment, blockComment, fault: "a comment does not end" };
            }
        } else if (line !== undefined) {
            lineComment = true;
        } else if (quote !== undefined) {
            return { tokens, lineComment, blockComment, fault: `a ${quote} has no partner` };
        } else if (text === ";") {
            return { tokens, lineComment, blockComment, fault: "a semicolon ends the statement" };
        } else if (Object.hasOwn(CLOSES, text)) {
            open.push(text);
        } else if (text === ")" || text === "]") {
            if (CLOSES[open.pop() ?? ""] !== text) {
                return { tokens, lineComment, blockComment, fault: `a ${text} has no partner` };
            }
        } else if (open.length === 0 && text.trim() !== "") {
            tokens.push(word?.toUpperCase() ?? (quoted === undefined ? text : "''"));
        }
    }
    const [unclosed] = open;
    return {
        tokens,
        lineComment,
        blockComment,
        ...(unclosed === undefined ? {} : { fault: `a ${unclosed} has no partner` }),
    };
}

/** Where a block comment ends, which may hold others; -1: it does not. */
function endOfBlock(sql: string, start: number): number {
    let depth = 0;
    for (const { 0: mark, index } of sql.slice(start).matchAll(/\/\*|\*\//g)) {
        depth += mark === "/*" ? 1 : -1;
        if (depth === 0) {
            return start + index + 2;
        }
    }
    return -1;
}

/** Words that begin another part of a column, and the property for it. All but the last are reserved in SQL. */
const OTHER_PARTS: readonly (readonly [words: RegExp, property: string])[] = [
    [/ DEFAULT /, "write the default into the column's `default`"],
    [/ CHECK /, "write the condition into the column's `check`"],
    [/ COLLATE /, "write the collation into the column's `collation`"],
    [/ (?:NOT )?NULL /, "write `nullable: true` or `nullable: false`"],
    [/ PRIMARY /, "name the column in the table's `primaryKey`"],
    [/ UNIQUE /, "name the column in the table's `uniqueKeys`"],
    [/ REFERENCES /, "a distributed table has no foreign keys"],
    [/ CONSTRAINT /, "write a condition into `check`, a key into `primaryKey` or `uniqueKeys`"],
    [/ GENERATED (?:ALWAYS|BY) /, "a type says nothing about where values come from; write a `default`"],
    [/ AS IDENTITY /, 'an identity column is none; write the type "bigserial", or a `default`'],
];

function typeFault(type: string): string | undefined {
    const { tokens, lineComment, blockComment, fault } = outside(type);
    if (fault !== undefined) {
        return fault;
    }
    if (lineComment || blockComment) {
        return "a type holds no comment";
    }
    if (tokens.includes(",")) {
        return "a comma begins another column";
    }
    return OTHER_PARTS.find(([words]) => words.test(` ${tokens.join(" ")} `))?.[1];
}

/** What a default cannot hold outside of parentheses, for the server takes it for another part of the column. */
const AFTER_DEFAULT = OTHER_PARTS.filter(([words]) => !words.test(" NULL ")).concat([
    [/. NOT NULL /, "write `nullable: false`"],
]);

function expressionFault(expression: string, others: typeof OTHER_PARTS): string | undefined {
    const { tokens, fault } = outside(expression);
    if (fault !== undefined) {
        return fault;
    }
    if (tokens.includes(",")) {
        return "a comma begins something else";
    }
    if (tokens.length === 0 && withoutComments(expression).trim() === "") {
        return "there is no expression";
    }
    return others.find(([words]) => words.test(` ${tokens.join(" ")} `))?.[1];
}

/** An expression without its `--` comments, which would hide what stands behind it on the same line. */
function withoutComments(expression: string): string {
    let end = 0;
    const kept = [...expression.matchAll(TOKEN)].map((found) => {
        if (found.index < end) {
            return found[0];
        }
        if (found.groups?.block !== undefined) {
            end = endOfBlock(expression, found.index);
        }
        return found.groups?.line === undefined ? found[0] : "";
    });
    return kept.join("").trim();
}

function text(expected: string, why: (value: string) => string | undefined): Shape {
    return leaf({
        expected,
        accepts: (value) => typeof value === "string" && !value.includes("\0") && value.trim() !== "" && !why(value),
        why: (value) => (typeof value === "string" && value.trim() !== "" ? why(value) : undefined),
    });
}

function expression(others: typeof OTHER_PARTS): Shape {
    return {
        ...text("an SQL expression", (value) => expressionFault(value, others)),
        fill: (value) => (typeof value === "string" ? withoutComments(value) : value),
    };
}

/** A type, and nothing else about a column. */
export const sqlType: Shape = text("a PostgreSQL type", typeFault);

/** A condition, in parentheses or at the end of a statement. */
export const sqlCondition: Shape = expression([]);

/** An expression that stands behind DEFAULT. */
export const sqlDefault: Shape = expression(AFTER_DEFAULT);

/** What is wrong with an element of an index that is no column's name. */
export function elementFault(element: string): string | undefined {
    return expressionFault(element, []);
}
