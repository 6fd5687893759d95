import type {
    Column,
    DataNodeReference,
    Dimension,
    DistributedHypertableComputed,
    DistributedHypertableInputs,
    Index,
} from "../engines/inputs";
import { engineOf } from "../engines";
import { Servers, type ServerAccess } from "../engines/run/servers";
import { waitUntilReady } from "../postgres/pool";
import { host } from "../validation/host";
import {
    bool,
    either,
    identifier,
    integer,
    interval,
    list,
    object,
    record,
    text,
    units,
    type Shape,
} from "../validation/shapes";
import { sqlCondition, sqlDefault, sqlType } from "../validation/sqlText";
import { plainType } from "../validation/typeNames";
import { holdsUnknown, isUnknown, UNKNOWN } from "../validation/unknown";
import { accessNodeProperty, COMMON_PROPERTIES, connectionShape, namedEngine } from "./connectionSchema";
import { nodeAccess } from "./dataNode";
import { handler } from "./handler";
import type { Kind } from "./kind";
import { planner } from "./planning/planner";
import { isChanged, type Schema, type Values } from "./schema";
import { checkTable, columnsOf } from "./tableChecks";

/** A table's or column's name: multinode hands it to the data nodes without escaping a double quote. */
const name = identifier(false);

const names = list(name, { min: 1, distinctBy: (column) => column });

const column = object({
    name: { shape: name, required: true },
    type: { shape: sqlType, required: true },
    nullable: { shape: bool, default: true },
    default: { shape: sqlDefault },
    collation: { shape: text("a collation") },
    check: { shape: sqlCondition },
});

/** In lower case, as the catalogue has the methods. */
const method: Shape = {
    ...identifier(),
    fill: (value) => (typeof value === "string" && !isUnknown(value) ? value.toLowerCase() : value),
};

const index = object({
    name: { shape: name },
    columns: { shape: list(text("a column's name, or an expression"), { min: 1 }), required: true },
    method: { shape: method },
    unique: { shape: bool, default: false },
    where: { shape: sqlCondition },
});

/** What makes two indexes the same one for a server: their name, or all of them where the server chooses it. */
function indexIdentity(value: unknown): unknown {
    const { name: own, ...rest } = value as Partial<Index>;
    const identity = own ?? rest;
    return holdsUnknown(identity) ? UNKNOWN : identity;
}

const dataNodeReference = object({
    host: { shape: host },
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
    indexes: { shape: list(index, { distinctBy: indexIdentity }), effect: "updates", doc: "Further indexes." },
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
        shape: either(interval, units),
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
    checkTogether: checkTable,
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

/** What Pulumi calls for a DistributedHypertable. */
export const distributedHypertable = handler(kind);

/** What an operation on a DistributedHypertable would do. */
export const distributedHypertablePlanner = planner(kind);
