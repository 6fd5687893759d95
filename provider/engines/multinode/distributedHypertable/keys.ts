/** Primary key, unique keys and indexes of a distributed hypertable. */
import { identifier, qualified } from "../../../postgres/sql";
import type { Canonical } from "../../tables/columns";
import type { DistributedHypertableInputs, Index } from "../../inputs";
import type { TableStep } from "./alter";
import type { HypertableRequest } from ".";
import { requestedName } from "./names";
import { createIndex, indexName, indexPath, type IndexState } from "./indexes";
import type { KeyState, TableState } from "./tables";

/** Steps that go before the columns change, and steps that go after. */
export interface KeySteps {
    readonly drops: readonly TableStep[];
    readonly adds: readonly TableStep[];
}

/** The steps to the requested keys and indexes. Those that the program never asked for are somebody else's and stay. */
export function planKeys(table: TableState, canonical: Canonical, request: HypertableRequest): KeySteps {
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

function planPrimaryKey(table: TableState, { inputs, last }: HypertableRequest): KeySteps {
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

function planUniqueKeys(table: TableState, { inputs, last }: HypertableRequest): KeySteps {
    const requested = inputs.uniqueKeys ?? [];
    const dropped = (last?.uniqueKeys ?? [])
        .filter((columns) => !requested.some((key) => isSameList(key, columns)))
        .flatMap((columns) => findUniqueKey(table, columns) ?? []);
    return {
        drops: dropped.map((key) => dropConstraint(key, inputs)),
        adds: requested
            .filter((columns) => findUniqueKey(table, columns) === undefined)
            .map((columns) => addConstraint("UNIQUE", columns, inputs)),
    };
}

function dropConstraint({ name, columns }: KeyState, inputs: DistributedHypertableInputs): TableStep {
    return {
        name: "dropConstraint",
        why: `the key on ${columns.join(", ")} is not requested`,
        sql: `ALTER TABLE ${requestedName(inputs)} DROP CONSTRAINT ${identifier(name)}`,
    };
}

function addConstraint(kind: string, columns: readonly string[], inputs: DistributedHypertableInputs): TableStep {
    return {
        name: "addConstraint",
        why: `there is no key on ${columns.join(", ")}`,
        sql: `ALTER TABLE ${requestedName(inputs)} ADD ${kind} (${columns.map(identifier).join(", ")})`,
    };
}

function planIndexes(table: TableState, canonical: Canonical, { inputs, last }: HypertableRequest): KeySteps {
    const requested = inputs.indexes ?? [];
    const known = new Set((inputs.columns ?? table.columns).map(({ name }) => name));
    const missing = requested.filter((index) => findIndex(table, index, canonical) === undefined);
    const kept = new Set(requested.map((index) => findIndex(table, index, canonical)?.name));
    const remade = missing.flatMap(({ name }) => table.indexes.find((index) => index.name === name) ?? []);
    const unrequested = (last?.indexes ?? [])
        .flatMap((index) => findIndex(table, index, last?.canonical ?? {}) ?? [])
        .filter(({ name }) => !kept.has(name));
    const dropped = new Map([...remade, ...unrequested].map((index) => [index.name, index]));
    return {
        drops: [...dropped.keys()].map((name) => ({
            name: "dropIndex",
            why: `index ${name} is not requested as it is`,
            sql: `DROP INDEX ${qualified(inputs.schema, name)}`,
        })),
        adds: missing.map((index) => {
            const name = indexName(inputs.tableName, index);
            return {
                name: "createIndex",
                why: `index ${name} does not exist`,
                sql: createIndex(requestedName(inputs), name, index, known),
            };
        }),
    };
}
