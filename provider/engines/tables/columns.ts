/**
 * Requested columns against those that are there: what would have to change, and what to call them. Pure, and the same on
 * both engines.
 *
 * A server tells a type, a default or a check in its own words, the canonical form. So what is compared with the
 * catalogue is not what the program says but what the server makes of it: recorded when it was applied, and asked of
 * the server for what is spelled otherwise since (see columnSql.ts).
 */
import type { Column, DistributedHypertableInputs } from "../inputs";

/** A column as the catalogue has it, in the server's words. */
export interface ObservedColumn {
    readonly name: string;
    /** format_type(): "timestamp with time zone", "character varying(10)". */
    readonly type: string;
    readonly nullable: boolean;
    /** pg_get_expr() of the default. */
    readonly default?: string;
    /** Only where it is not the type's own. */
    readonly collation?: string;
    /** The check on this column: its constraint, and pg_get_expr() of its condition. */
    readonly check?: { readonly name: string; readonly expression: string };
}

/** Canonical forms by {@link canonicalPath}. */
export type Canonical = Readonly<Record<string, string>>;

/** One difference between a requested column and what is there. */
export type ColumnChange =
    | { readonly kind: "add"; readonly column: Column }
    | { readonly kind: "drop"; readonly column: ObservedColumn }
    | {
          readonly kind: "type";
          readonly column: Column;
          readonly from: string;
          /** The canonical form of the requested type. */
          readonly to: string;
          readonly losesValues: boolean;
      }
    | { readonly kind: "nullable"; readonly column: Column; readonly to: boolean }
    | { readonly kind: "default"; readonly column: Column; readonly from: string | undefined }
    | {
          readonly kind: "collation";
          readonly column: Column;
          readonly from: string | undefined;
          /** The canonical form of the type, which stays. */
          readonly to: string;
      }
    | { readonly kind: "check"; readonly column: Column; readonly from: ObservedColumn["check"] };

/** A part of a column that has a canonical form. */
export type SpelledPart = "type" | "default" | "check";

const SPELLED: readonly SpelledPart[] = ["type", "default", "check"];

/** The key of a canonical form in the outputs: `columns.temp.default`. */
export function canonicalPath(column: string, part: SpelledPart): string {
    return `columns.${column}.${part}`;
}

/** The canonical forms of columns that are there, by {@link canonicalPath}. */
export function canonicalColumns(observed: readonly ObservedColumn[]): Record<string, string> {
    return Object.fromEntries(
        observed.flatMap(({ name, type, default: value, check }) => [
            [canonicalPath(name, "type"), type] as const,
            ...(value === undefined ? [] : [[canonicalPath(name, "default"), value] as const]),
            ...(check === undefined ? [] : [[canonicalPath(name, "check"), check.expression] as const]),
        ]),
    );
}

/**
 * The canonical forms that were recorded for what the program says now.
 *
 * @param last the columns and the forms of the last apply
 * @returns undefined where something is spelled otherwise since, and the server has to be asked
 */
export function recordedSpelling(
    requested: readonly Column[],
    last: { readonly columns?: readonly Column[]; readonly canonical: Canonical } | undefined,
): Canonical | undefined {
    if (last === undefined) {
        return undefined;
    }
    const before = new Map(last.columns?.map((column) => [column.name, column]));
    const known = requested.every((column) =>
        SPELLED.every(
            (part) =>
                column[part] === undefined ||
                (column[part] === before.get(column.name)?.[part] &&
                    last.canonical[canonicalPath(column.name, part)] !== undefined),
        ),
    );
    return known ? last.canonical : undefined;
}

/**
 * What has to change, in an order in which it can be applied: additions, then alterations, then drops.
 *
 * @param canonical the canonical forms of what is requested
 * @param required columns that the server keeps NOT NULL whatever the program says: of the primary key, of time
 */
export function compareColumns(
    requested: readonly Column[],
    observed: readonly ObservedColumn[],
    canonical: Canonical,
    required: ReadonlySet<string>,
): ColumnChange[] {
    const there = new Map(observed.map((column) => [column.name, column]));
    const names = new Set(requested.map(({ name }) => name));
    const added = requested
        .filter(({ name }) => !there.has(name))
        .map((column): ColumnChange => ({ kind: "add", column }));
    const altered = requested.flatMap((column) => {
        const found = there.get(column.name);
        return found === undefined ? [] : compareColumn(column, found, canonical, required);
    });
    const dropped = observed
        .filter(({ name }) => !names.has(name))
        .map((column): ColumnChange => ({ kind: "drop", column }));
    return [...added, ...altered, ...dropped];
}

function compareColumn(
    column: Column,
    found: ObservedColumn,
    canonical: Canonical,
    required: ReadonlySet<string>,
): ColumnChange[] {
    const changes: ColumnChange[] = [];
    const to = canonical[canonicalPath(column.name, "type")] ?? column.type;
    if (!isSame(column, "type", found.type, canonical)) {
        changes.push({ kind: "type", column, from: found.type, to, losesValues: !isWidening(found.type, to) });
    }
    if (column.collation !== found.collation) {
        changes.push({ kind: "collation", column, from: found.collation, to });
    }
    if (found.nullable !== isNullable(column, required)) {
        changes.push({ kind: "nullable", column, to: !found.nullable });
    }
    if (!isSame(column, "default", found.default, canonical)) {
        changes.push({ kind: "default", column, from: found.default });
    }
    if (!isSame(column, "check", found.check?.expression, canonical)) {
        changes.push({ kind: "check", column, from: found.check });
    }
    return changes;
}

/** The columns that are there, in the program's words as far as they still hold. */
export function describeColumns(
    requested: readonly Column[],
    observed: readonly ObservedColumn[],
    canonical: Canonical,
    required: ReadonlySet<string>,
): Column[] {
    const there = new Map(observed.map((column) => [column.name, column]));
    const names = new Set(requested.map(({ name }) => name));
    const known = requested.flatMap((column) => {
        const found = there.get(column.name);
        return found === undefined ? [] : [describeColumn(column, found, canonical, required)];
    });
    return [...known, ...observed.filter(({ name }) => !names.has(name)).map(inServersWords)];
}

function describeColumn(
    column: Column,
    found: ObservedColumn,
    canonical: Canonical,
    required: ReadonlySet<string>,
): Column {
    const server = inServersWords(found);
    const pick = (part: "default" | "check"): Partial<Column> => {
        const value = (isSame(column, part, server[part], canonical) ? column : server)[part];
        return value === undefined ? {} : { [part]: value };
    };
    return {
        name: column.name,
        type: isSame(column, "type", found.type, canonical) ? column.type : found.type,
        nullable: found.nullable === isNullable(column, required) ? column.nullable : found.nullable,
        ...pick("default"),
        ...(found.collation === undefined ? {} : { collation: found.collation }),
        ...pick("check"),
    };
}

function inServersWords({ name, type, nullable, default: value, collation, check }: ObservedColumn): Column {
    return {
        name,
        type,
        nullable,
        ...(value === undefined ? {} : { default: value }),
        ...(collation === undefined ? {} : { collation }),
        ...(check === undefined ? {} : { check: check.expression }),
    };
}

function isSame(column: Column, part: SpelledPart, found: string | undefined, canonical: Canonical): boolean {
    const requested = column[part];
    if (part === "default" && requested === undefined && isSerial(column)) {
        return found?.startsWith("nextval(") ?? false;
    }
    // A server records no default for NULL, however it is spelled, unless a cast makes it an expression.
    if (part === "default" && found === undefined && /^[(\s]*null\b/i.test(requested ?? "")) {
        return canonical[canonicalPath(column.name, part)] === undefined;
    }
    if (requested === undefined || found === undefined) {
        return requested === found;
    }
    return found === (canonical[canonicalPath(column.name, part)] ?? requested);
}

/** Columns that the server keeps NOT NULL whatever the program says. */
export function requiredColumns({
    primaryKey,
    timeColumn,
}: Pick<DistributedHypertableInputs, "primaryKey" | "timeColumn">): ReadonlySet<string> {
    return new Set([timeColumn, ...(primaryKey ?? [])]);
}

/** Whether a column takes NULL on the server. */
export function isNullable(column: Column, required: ReadonlySet<string>): boolean {
    return column.nullable && !required.has(column.name) && !isSerial(column);
}

/** serial is short for a type, NOT NULL and a default from a sequence of its own; no catalogue has it as a type. */
function isSerial(column: Column): boolean {
    return /^(small|big)?serial[248]?$/i.test(column.type.trim());
}

interface TypeText {
    readonly name: string;
    readonly modifiers: readonly number[];
    readonly array: boolean;
}

/** `timestamp(3) with time zone[]` -> its name, [3] and that it is an array. */
function parseType(canonical: string): TypeText {
    const modifier = /\(([\d, -]+)\)/.exec(canonical);
    return {
        name: canonical.replace(/\([\d, -]+\)/, "").replace(/\[\]$/, ""),
        modifiers: modifier?.[1]?.split(",").map(Number) ?? [],
        array: canonical.endsWith("[]"),
    };
}

/**
 * Types by name that hold every value of another one, with the same meaning. numeric is not among those for double
 * precision: the cast keeps 15 digits.
 */
const WIDER: Readonly<Record<string, readonly string[]>> = {
    smallint: ["integer", "bigint", "numeric", "double precision"],
    integer: ["bigint", "numeric", "double precision"],
    bigint: ["numeric"],
    real: ["double precision"],
    date: ["timestamp without time zone"],
    "character varying": ["text"],
    uuid: ["text"],
};

/** Whether every value of one canonical type is kept by another. */
export function isWidening(from: string, to: string): boolean {
    const before = parseType(from);
    const after = parseType(to);
    if (before.array !== after.array) {
        return false;
    }
    if (before.name !== after.name) {
        return after.modifiers.length === 0 && (WIDER[before.name] ?? []).includes(after.name);
    }
    return after.modifiers.length === 0 || (before.modifiers.length > 0 && isWiderModifier(before, after));
}

function isWiderModifier(before: TypeText, after: TypeText): boolean {
    const [from = 0, fromScale = 0] = before.modifiers;
    const [to = 0, toScale = 0] = after.modifiers;
    switch (before.name) {
        case "numeric":
            return toScale >= fromScale && to - toScale >= from - fromScale;
        case "character varying":
        case "bit varying":
        case "timestamp with time zone":
        case "timestamp without time zone":
        case "time with time zone":
        case "time without time zone":
            return to >= from;
        default:
            return false;
    }
}
