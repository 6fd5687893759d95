/** Primary key, unique keys and indexes of a distributed hypertable. */
import { identifier, qualified } from "../../postgres/sql";
import type { Canonical } from "../columns";
import type { DistributedHypertableInputs, Index } from "../desired";
import type { TableStep } from "./alterHypertable";
import type { HypertableWish } from "./distributedHypertable";
import { wishedName } from "./hypertableNames";
import { createIndex, indexName, indexPath, type IndexState } from "./indexes";
import type { KeyState, TableState } from "./tables";

/** Steps that go before the columns change, and steps that go after. */
export interface KeySteps {
    readonly drops: readonly TableStep[];
    readonly adds: readonly TableStep[];
}

/** The steps to the wished keys and indexes. Those that the program never asked for are somebody else's and stay. */
export function planKeys(table: TableState, canonical: Canonical, wish: HypertableWish): KeySteps {
    const parts = [planPrimaryKey(table, wish), planUniqueKeys(table, wish), planIndexes(table, canonical, wish)];
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

/** The index that is there for a wished one: of its name if it has one, and with its definition. */
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

function planPrimaryKey(table: TableState, { inputs, last }: HypertableWish): KeySteps {
    const found = primaryKeyOf(table);
    const { primaryKey } = inputs;
    const isLeft = primaryKey === undefined && last?.primaryKey === undefined;
    if (isLeft || isSameList(found?.columns, primaryKey)) {
        return { drops: [], adds: [] };
    }
    return {
        drops: found === undefined ? [] : [dropConstraint(found, inputs)],
        adds: primaryKey === undefined ? [] : [addConstraint("PRIMARY KEY", primaryKey, inputs)],
    };
}

function planUniqueKeys(table: TableState, { inputs, last }: HypertableWish): KeySteps {
    const wished = inputs.uniqueKeys ?? [];
    const dropped = (last?.uniqueKeys ?? [])
        .filter((columns) => !wished.some((key) => isSameList(key, columns)))
        .flatMap((columns) => findUniqueKey(table, columns) ?? []);
    return {
        drops: dropped.map((key) => dropConstraint(key, inputs)),
        adds: wished
            .filter((columns) => findUniqueKey(table, columns) === undefined)
            .map((columns) => addConstraint("UNIQUE", columns, inputs)),
    };
}

function dropConstraint({ name, columns }: KeyState, inputs: DistributedHypertableInputs): TableStep {
    return {
        name: "dropConstraint",
        why: `the key on ${columns.join(", ")} is not wished`,
        sql: `ALTER TABLE ${wishedName(inputs)} DROP CONSTRAINT ${identifier(name)}`,
    };
}

function addConstraint(kind: string, columns: readonly string[], inputs: DistributedHypertableInputs): TableStep {
    return {
        name: "addConstraint",
        why: `there is no key on ${columns.join(", ")}`,
        sql: `ALTER TABLE ${wishedName(inputs)} ADD ${kind} (${columns.map(identifier).join(", ")})`,
    };
}

function planIndexes(table: TableState, canonical: Canonical, { inputs, last }: HypertableWish): KeySteps {
    const wished = inputs.indexes ?? [];
    const known = new Set((inputs.columns ?? table.columns).map(({ name }) => name));
    const missing = wished.filter((index) => findIndex(table, index, canonical) === undefined);
    const kept = new Set(wished.map((index) => findIndex(table, index, canonical)?.name));
    const remade = missing.flatMap(({ name }) => table.indexes.find((index) => index.name === name) ?? []);
    const unwished = (last?.indexes ?? [])
        .flatMap((index) => findIndex(table, index, last?.canonical ?? {}) ?? [])
        .filter(({ name }) => !kept.has(name));
    const dropped = new Map([...remade, ...unwished].map((index) => [index.name, index]));
    return {
        drops: [...dropped.keys()].map((name) => ({
            name: "dropIndex",
            why: `index ${name} is not wished as it is`,
            sql: `DROP INDEX ${qualified(inputs.schema, name)}`,
        })),
        adds: missing.map((index) => {
            const name = indexName(inputs.tableName, index);
            return {
                name: "createIndex",
                why: `index ${name} does not exist`,
                sql: createIndex(wishedName(inputs), name, index, known),
            };
        }),
    };
}
