/** What the inputs of a DistributedHypertable prove together. Unknown values prove nothing, nor do columns left out. */
import { columnOf } from "../validation/indexElement";
import { got } from "../validation/shapes";
import { elementFault } from "../validation/sqlText";
import { greatestOf, timeKind } from "../validation/typeNames";
import { holdsUnknown, isUnknown } from "../validation/unknown";
import type { Column, Index } from "../engines/inputs";
import type { CheckFailure, Values } from "./schema";

/** Every failure that takes more than one property to see. */
export function checkTable(values: Values): CheckFailure[] {
    return [
        ...checkColumns(values),
        ...checkDimensions(values),
        ...checkTime(values),
        ...checkKeys(values),
        ...checkIndexes(values),
        ...checkMigration(values),
        ...checkReplication(values),
    ];
}

/** The columns that a program writes; undefined where it leaves them out, or one is not known. */
export function columnsOf({ columns }: Values): Partial<Column>[] | undefined {
    return Array.isArray(columns) && columns.length > 0 && !columns.some(isUnknown) ? columns : undefined;
}

/** The names of all columns, where they are known. */
function namesOf(values: Values): string[] | undefined {
    const names = columnsOf(values)?.map((column) => column?.name);
    return names?.every((name): name is string => typeof name === "string" && !isUnknown(name)) === true
        ? names
        : undefined;
}

/** A text that is known. */
function known(value: unknown): string | undefined {
    return typeof value === "string" && !isUnknown(value) ? value : undefined;
}

/** Every column that another property names must be there. */
function checkColumns(values: Values): CheckFailure[] {
    const names = namesOf(values);
    if (names === undefined) {
        return [];
    }
    return ["timeColumn", "partitioningColumn", "primaryKey", "uniqueKeys"].flatMap((property) => {
        const value = values[property];
        return (Array.isArray(value) ? value.flat() : [value])
            .filter((candidate) => known(candidate) !== undefined && !names.includes(candidate as string))
            .map((candidate) => missing(property, names, candidate as string));
    });
}

function missing(property: string, names: readonly string[], found: string): CheckFailure {
    return { property, reason: `expected one of the columns ${names.join(", ")}, got ${found}` };
}

/** Rows go to nodes by one column and into chunks by another. */
function checkDimensions({ timeColumn, partitioningColumn }: Values): CheckFailure[] {
    const time = known(timeColumn);
    return time !== undefined && time === partitioningColumn
        ? [
              {
                  property: "partitioningColumn",
                  reason: `expected another column than the time column, got ${time}`,
              },
          ]
        : [];
}

/** The time column's type, and an interval that goes with it. A function that makes times takes any type. */
function checkTime(values: Values): CheckFailure[] {
    const { timeColumn, timePartitioningFunc, chunkTimeInterval = undefined } = values;
    const type = known(columnsOf(values)?.find((column) => column?.name === timeColumn)?.type);
    if (type === undefined || (timePartitioningFunc !== undefined && timePartitioningFunc !== null)) {
        return [];
    }
    const kind = timeKind(type);
    if (kind === "other") {
        const expected = "a column of a timestamp, date or integer type";
        return [{ property: "timeColumn", reason: `expected ${expected}, got ${known(timeColumn)} of type ${type}` }];
    }
    if (kind === undefined || isUnknown(chunkTimeInterval)) {
        return [];
    }
    const column = `the ${type} column ${known(timeColumn)}`;
    const isNumber = typeof chunkTimeInterval === "number";
    const reason = (expected: string): CheckFailure[] => [
        {
            property: "chunkTimeInterval",
            reason: `expected ${expected} for ${column}, got ${chunkTimeInterval === undefined ? "nothing" : got(chunkTimeInterval)}`,
        },
    ];
    if (isNumber && !(chunkTimeInterval >= 1)) {
        return []; // The shape of the property says so.
    }
    if (kind === "time") {
        return isNumber ? reason('an interval such as "7 days"') : [];
    }
    if (!isNumber) {
        return reason("a whole number, in the column's units,");
    }
    const greatest = greatestOf(type);
    return Number(chunkTimeInterval) > greatest ? reason(`at most ${greatest}`) : [];
}

/** A server can keep a key unique only where it holds the column by which rows go to data nodes. */
function checkKeys({ partitioningColumn, primaryKey, uniqueKeys }: Values): CheckFailure[] {
    const column = known(partitioningColumn);
    if (column === undefined) {
        return [];
    }
    const without = (property: string, key: unknown): CheckFailure[] =>
        Array.isArray(key) && key.length > 0 && !holdsUnknown(key) && !key.includes(column)
            ? [{ property, reason: `${expectedColumn(column)} of a key, got ${key.join(", ")}` }]
            : [];
    const furtherKeys = Array.isArray(uniqueKeys) ? uniqueKeys : [];
    return [...without("primaryKey", primaryKey), ...furtherKeys.flatMap((key) => without("uniqueKeys", key))];
}

function expectedColumn(column: string): string {
    return `expected the partitioning column ${column} among the columns`;
}

/** The elements of indexes: columns that are there, or expressions; with the partitioning column in a unique one. */
function checkIndexes(values: Values): CheckFailure[] {
    const indexes = Array.isArray(values.indexes) ? (values.indexes as Partial<Index>[]) : [];
    const names = namesOf(values);
    const key = known(values.partitioningColumn);
    return indexes.flatMap((index) => {
        const elements: unknown = index?.columns;
        if (!isTexts(elements) || holdsUnknown(elements)) {
            return [];
        }
        const wrong = names === undefined ? [] : elements.flatMap((element) => checkElement(element, names));
        const isWhole = index.unique !== true || key === undefined;
        const columns = elements.map((element) => columnOf(element, names ?? (key === undefined ? [] : [key])));
        return isWhole || columns.includes(key)
            ? wrong
            : [
                  ...wrong,
                  {
                      property: "indexes",
                      reason: `${expectedColumn(key)} of a unique index, got ${elements.join(", ")}`,
                  },
              ];
    });
}

function isTexts(value: unknown): value is string[] {
    return Array.isArray(value) && value.every((text) => typeof text === "string");
}

function checkElement(element: string, names: readonly string[]): CheckFailure[] {
    const column = columnOf(element, names);
    if (column !== undefined) {
        return names.includes(column) ? [] : [missing("indexes", names, element)];
    }
    const fault = elementFault(element);
    const expected = "expected a column's name, or an expression";
    return fault === undefined ? [] : [{ property: "indexes", reason: `${expected}, got ${got(element)}: ${fault}` }];
}

function checkMigration(values: Values): CheckFailure[] {
    return values.migrateData === true && columnsOf(values) !== undefined
        ? [
              {
                  property: "migrateData",
                  reason: "expected false where columns are given, got true: it takes the rows of a table that exists, and columns make a new one",
              },
          ]
        : [];
}

function checkReplication({ replicationFactor, dataNodes }: Values): CheckFailure[] {
    if (typeof replicationFactor !== "number" || !Array.isArray(dataNodes)) {
        return [];
    }
    return dataNodes.length > 0 && replicationFactor > dataNodes.length
        ? [
              {
                  property: "replicationFactor",
                  reason: `expected at most the number of data nodes, ${dataNodes.length}, got ${replicationFactor}`,
              },
          ]
        : [];
}
