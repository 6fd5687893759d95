/** Primary key, unique keys and indexes of a distributed hypertable. */
import { identifier } from "../../../postgres/sql";
import type { DistributedHypertableInputs, Index } from "../../inputs";
import type { Statement } from "../../step";
import type { Canonical } from "../../tables/columns";
import { createIndex, dropIndex, indexDefinition } from "../../tables/indexes";
import type { TableName } from "../../tables/names";
import { indexName, indexPath, type IndexState } from "./indexes";
import type { HypertableRequest } from "./observe";
import { requestedName, type KeyState, type TableState } from "./tables";

/** Statements that go before the columns change, and statements that go after. */
export interface KeyStatements {
    readonly drops: readonly Statement[];
    readonly adds: readonly Statement[];
}

/** The statements to the requested keys and indexes. Those that the program never asked for are somebody else's and stay. */
export function planKeys(table: TableState, canonical: Canonical, request: HypertableRequest): KeyStatements {
    const parts = [
        planPrimaryKey(table, request),
        planUniqueKeys(table, request),
        planIndexes(table, canonical, request),
    ];
    return { drops: parts.flatMap(({ drops }) => drops), adds: parts.flatMap(({ adds }) => adds) };
}

/** The primary key that is there. */
export function primaryKeyOf({ keys }: TableState): KeyState | undefined {
    return keys.find(({ primary }) => primary);
}

/** The unique constraint on just these columns. */
export function findUniqueKey({ keys }: TableState, columns: readonly string[]): KeyState | undefined {
    return keys.find((key) => !key.primary && isSameList(key.columns, columns));
}

/** The index that is there for a requested one: of its name if it has one, and with its definition. */
export function findIndex({ indexes }: TableState, index: Index, canonical: Canonical): IndexState | undefined {
    return indexes.find(
        ({ name, definition }) =>
            definition === canonical[indexPath(index)] && (index.name === undefined || index.name === name),
    );
}

/** Whether two lists of columns are the same, order included. */
export function isSameList(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
    return JSON.stringify(a) === JSON.stringify(b);
}

function planPrimaryKey(table: TableState, { inputs, last }: HypertableRequest): KeyStatements {
    const found = primaryKeyOf(table);
    const { primaryKey } = inputs;
    const isLeft = primaryKey === undefined && last?.primaryKey === undefined;
    if (isLeft || isSameList(found?.columns, primaryKey)) {
        return { drops: [], adds: [] };
    }
    return {
        drops: found === undefined ? [] : [dropKey(found, inputs)],
        adds: primaryKey === undefined ? [] : [addKey({ primary: true, columns: primaryKey }, inputs)],
    };
}

function planUniqueKeys(table: TableState, { inputs, last }: HypertableRequest): KeyStatements {
    const requested = inputs.uniqueKeys ?? [];
    const dropped = (last?.uniqueKeys ?? [])
        .filter((columns) => !requested.some((key) => isSameList(key, columns)))
        .flatMap((columns) => findUniqueKey(table, columns) ?? []);
    return {
        drops: dropped.map((key) => dropKey(key, inputs)),
        adds: requested
            .filter((columns) => findUniqueKey(table, columns) === undefined)
            .map((columns) => addKey({ primary: false, columns }, inputs)),
    };
}

function dropKey({ name, primary, columns }: KeyState, inputs: DistributedHypertableInputs): Statement {
    return {
        name: `drop ${keyText(primary, columns)}`,
        why: `the key on ${columns.join(", ")} is not requested`,
        sql: `ALTER TABLE ${requestedName(inputs)} DROP CONSTRAINT ${identifier(name)}`,
    };
}

function addKey(
    { primary, columns }: Pick<KeyState, "primary" | "columns">,
    inputs: DistributedHypertableInputs,
): Statement {
    return {
        name: `add ${keyText(primary, columns)}`,
        why: `there is no key on ${columns.join(", ")}`,
        sql: `ALTER TABLE ${requestedName(inputs)} ADD ${primary ? "PRIMARY KEY" : "UNIQUE"} (${columns.map(identifier).join(", ")})`,
    };
}

function keyText(primary: boolean, columns: readonly string[]): string {
    return primary ? "primary key" : `unique key on ${columns.join(", ")}`;
}

function planIndexes(table: TableState, canonical: Canonical, { inputs, last }: HypertableRequest): KeyStatements {
    const requested = inputs.indexes ?? [];
    const known = new Set((inputs.columns ?? table.columns).map(({ name }) => name));
    const missing = requested.filter((index) => findIndex(table, index, canonical) === undefined);
    const kept = new Set(requested.map((index) => findIndex(table, index, canonical)?.name));
    const remade = missing.flatMap(({ name }) => table.indexes.find((index) => index.name === name) ?? []);
    const unrequested = (last?.indexes ?? [])
        .flatMap((index) => findIndex(table, index, last?.canonical ?? {}) ?? [])
        .filter(({ name }) => !kept.has(name));
    const dropped = new Map([...remade, ...unrequested].map((index) => [index.name, index]));
    const { schema, tableName } = inputs;
    return {
        drops: [...dropped.keys()].map((name) =>
            dropIndex({ schema, name }, `index ${name} is not requested as it is`),
        ),
        adds: missing.map((index) => planIndex({ schema, name: tableName }, index, known)),
    };
}

/**
 * Makes an index.
 *
 * @param known the names of the table's columns
 */
export function planIndex(table: TableName, index: Index, known: ReadonlySet<string>): Statement {
    return createIndex(table, indexName(table.name, index), {
        unique: index.unique,
        definition: indexDefinition(index, known),
    });
}
