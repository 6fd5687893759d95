import type {
    Column,
    DataNodeReference,
    Dimension,
    DistributedHypertableComputed,
    DistributedHypertableInputs,
} from "../engines/inputs";
import { engineOf } from "../engines";
import { Servers, type ServerAccess } from "../engines/run/servers";
import { waitUntilReady } from "../postgres/pool";
import { bool, either, identifier, integer, interval, list, object, record, text } from "../validation/shapes";
import { plainType } from "../validation/typeNames";
import { holdsUnknown, isUnknown } from "../validation/unknown";
import { accessNodeProperty, COMMON_PROPERTIES, connectionShape, namedEngine } from "./connectionSchema";
import { nodeAccess } from "./dataNode";
import { handler, type Kind } from "./handler";
import { planner } from "./planner";
import { isChanged, type CheckFailure, type Schema, type Values } from "./schema";

/** A table's or column's name: multinode hands it to the data nodes without escaping a double quote. */
const name = identifier(false);

const names = list(name, { min: 1, distinctBy: (column) => column });

const column = object({
    name: { shape: name, required: true },
    type: { shape: text("a PostgreSQL type"), required: true },
    nullable: { shape: bool, default: true },
    default: { shape: text("an SQL expression") },
    collation: { shape: text("a collation") },
    check: { shape: text("an SQL expression") },
});

const index = object({
    name: { shape: name },
    columns: { shape: list(text("a column's name, or an expression"), { min: 1 }), required: true },
    method: { shape: identifier() },
    unique: { shape: bool, default: false },
    where: { shape: text("an SQL expression") },
});

const dataNodeReference = object({
    host: { shape: text() },
    port: { shape: integer(1, 65535) },
    database: { shape: identifier() },
    user: { shape: identifier() },
    password: { shape: text("a password", { secret: true }) },
    connection: { shape: connectionShape },
    drainOnDelete: { shape: bool },
});

/** The inputs of a DistributedHypertable. */
export const distributedHypertableSchema: Schema<DistributedHypertableInputs> = {
    accessNode: accessNodeProperty,
    schema: { shape: name, default: "public", effect: "updates", doc: "Schema; a change moves the table." },
    tableName: {
        shape: name,
        required: true,
        effect: "updates",
        absent: "the resource's name",
        doc: "Table; a change renames it.",
    },
    columns: {
        shape: list(column, { min: 1, distinctBy: (value) => (value as Partial<Column>).name }),
        effect: "updates",
        absent: "the table exists and only becomes distributed",
        doc: "Columns are added and altered in place. Dropping one, or a type change that can lose values, needs forceDestroy.",
    },
    primaryKey: { shape: names, effect: "updates", doc: "Columns of the primary key." },
    uniqueKeys: { shape: list(names), effect: "updates", doc: "Columns of each further unique key." },
    indexes: { shape: list(index), effect: "updates", doc: "Further indexes." },
    timeColumn: { shape: name, required: true, effect: "replaces", doc: "The column of the time dimension." },
    partitioningColumn: {
        shape: name,
        effect: "replaces",
        absent: "none",
        doc: "The column by which rows go to data nodes.",
    },
    numberPartitions: {
        shape: integer(1, 32767),
        effect: "updates",
        absent: "multinode: follows the number of data nodes; fdw: 4 a data node",
        doc: "Partitions of the partitioning column. multinode: new chunks only; fdw: a change replaces.",
    },
    chunkTimeInterval: {
        shape: either(interval, integer(1, Number.MAX_SAFE_INTEGER)),
        effect: "updates",
        absent: '"7 days"',
        doc: "An interval, or a number for an integer time column. New chunks only.",
    },
    replicationFactor: {
        shape: integer(1, 32767),
        default: 1,
        effect: "updates",
        doc: "Copies of each new chunk (multinode).",
    },
    dataNodes: {
        shape: list(identifier(), { min: 1, distinctBy: (value) => value }),
        effect: "updates",
        absent: "every DataNode that the program made before it with this AccessNode",
        doc: "The data nodes that hold the table.",
    },
    createDefaultIndexes: {
        shape: bool,
        default: true,
        effect: "acts only at create",
        doc: "Whether the time index, and the one with the partitioning column, are made.",
    },
    partitioningFunc: { shape: text("a function"), effect: "replaces", doc: "Function that partitions (multinode)." },
    timePartitioningFunc: {
        shape: text("a function"),
        effect: "replaces",
        doc: "Function that makes a time of the time column (multinode).",
    },
    associatedSchemaName: { shape: name, effect: "replaces", doc: "Schema of the chunks (multinode)." },
    associatedTablePrefix: { shape: name, effect: "replaces", doc: "Prefix of the chunks' names (multinode)." },
    migrateData: {
        shape: bool,
        default: false,
        effect: "acts only at create",
        doc: "Takes the rows of a table that exists along.",
    },
    lastPoint: {
        shape: bool,
        default: false,
        effect: "updates",
        doc: "fdw: also makes `<tableName>_last`, the newest row of each key.",
    },
    nodes: { shape: record(dataNodeReference), default: {}, effect: "updates", doc: "" },
    ...COMMON_PROPERTIES,
};

const kind: Kind<DistributedHypertableInputs, DistributedHypertableComputed> = {
    schema: distributedHypertableSchema,
    label: ({ schema, tableName }) => `distributed hypertable "${schema}.${tableName}"`,
    checkTogether: (inputs) => [...checkColumns(inputs), ...checkKeys(inputs), ...checkReplication(inputs)],
    namedEngine: ({ accessNode }) => namedEngine(accessNode),
    replaces: (olds, news) => [
        ...(olds.engine === "fdw" && isChanged(partitionsOf(olds), news.numberPartitions ?? partitionsOf(olds))
            ? ["numberPartitions"]
            : []),
        ...(changesKeyType(olds, news) ? ["columns"] : []),
    ],
    deletesFirst: true,
    servers: (inputs) => new Servers(inputs.accessNode, nodesOf(inputs)),
    engine: (servers) => engineOf(servers),
    waitForServers: ({ access }) => waitUntilReady(access.connection, access.database),
    resource: (engine) => engine.distributedHypertable,
    id: ({ accessNode, schema, tableName }) => `${accessNode.id}/${schema}.${tableName}`,
    halfMade: (_inputs, engine) => ({
        engine,
        hypertableId: "",
        dimensions: [],
        attachedDataNodes: [],
        created: { table: true, schema: true },
        canonical: {},
    }),
};

function nodesOf({ nodes, accessNode }: DistributedHypertableInputs): Record<string, ServerAccess> {
    return Object.fromEntries(
        Object.entries(nodes).flatMap(([nodeName, node]: [string, DataNodeReference]) => {
            const access = nodeAccess(node, accessNode);
            return access === undefined ? [] : [[nodeName, access]];
        }),
    );
}

function columnsOf(values: Values): Partial<Column>[] | undefined {
    const { columns } = values;
    return Array.isArray(columns) && columns.length > 0 && !columns.some(isUnknown) ? columns : undefined;
}

/** Whether the column by which the rows are spread gets another type. Where columns are left out, nothing is asked of it. */
function changesKeyType(olds: Values, news: Values): boolean {
    const typeIn = (values: Values): unknown =>
        columnsOf(values)?.find((candidate) => candidate?.name === olds.partitioningColumn)?.type;
    const [before, after] = [typeIn(olds), typeIn(news)];
    return (
        typeof before === "string" &&
        typeof after === "string" &&
        !isUnknown(after) &&
        plainType(before) !== plainType(after)
    );
}

/** The number of partitions that a state has, also where the engine chose it. */
function partitionsOf({ numberPartitions, dimensions }: Values): unknown {
    const space = (dimensions as readonly Dimension[] | undefined)?.find(({ type }) => type === "space");
    return space?.partitions ?? numberPartitions;
}

/** Every column that another property names must be there; only where all names are known. */
function checkColumns(values: Values): CheckFailure[] {
    const columns = columnsOf(values);
    if (columns === undefined || columns.some((candidate) => isUnknown(candidate?.name))) {
        return [];
    }
    const known = columns.map((candidate) => candidate?.name);
    const missing = (property: string, wanted: unknown): CheckFailure[] =>
        (Array.isArray(wanted) ? wanted.flat() : [wanted])
            .filter((candidate) => typeof candidate === "string" && !isUnknown(candidate) && !known.includes(candidate))
            .map((candidate) => ({
                property,
                reason: `expected one of the columns ${known.join(", ")}, got ${candidate}`,
            }));
    return ["timeColumn", "partitioningColumn", "primaryKey", "uniqueKeys"].flatMap((property) =>
        missing(property, values[property]),
    );
}

/** A server can keep a key unique only where it holds the column by which rows go to data nodes. */
function checkKeys({ partitioningColumn, primaryKey, uniqueKeys }: Values): CheckFailure[] {
    if (typeof partitioningColumn !== "string" || isUnknown(partitioningColumn)) {
        return [];
    }
    const missing = (property: string, key: unknown): CheckFailure[] =>
        Array.isArray(key) && key.length > 0 && !holdsUnknown(key) && !key.includes(partitioningColumn)
            ? [
                  {
                      property,
                      reason: `expected the partitioning column ${partitioningColumn} among the columns of a key, got ${key.join(", ")}`,
                  },
              ]
            : [];
    const furtherKeys = Array.isArray(uniqueKeys) ? uniqueKeys : [];
    return [...missing("primaryKey", primaryKey), ...furtherKeys.flatMap((key) => missing("uniqueKeys", key))];
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

/** What Pulumi calls for a DistributedHypertable. */
export const distributedHypertable = handler(kind);

/** What an operation on a DistributedHypertable would do. */
export const distributedHypertablePlanner = planner(kind);
