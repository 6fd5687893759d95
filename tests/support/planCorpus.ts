/** Tables and their changes, one input at a time: what the plan of each prints is compared with the servers' logs. */
import { CONDITIONS_COLUMNS } from "./life";

type Values = Record<string, unknown>;

/** A table: its name, its first inputs, and each change of them with a title. */
export type TableLife = readonly [name: string, first: Values, ...later: (readonly [title: string, change: Values])[]];

const text = (name: string): Values => ({ name, type: "text" });
const columns = (...more: Values[]): Values => ({ columns: [...CONDITIONS_COLUMNS, ...more] });

const plain: TableLife = [
    "plain",
    {},
    ["nothing changes", {}],
    ["a column more", columns(text("place"))],
    ["two columns more", columns(text("place"), text("maker"), { name: "battery", type: "smallint" })],
    ["a wider type", columns(text("place"), text("maker"), { name: "battery", type: "integer" })],
    ["an index", { indexes: [{ columns: ["place", "time DESC"] }] }],
    ["another index", { indexes: [{ columns: ["place", "time DESC"] }, { name: "by_maker", columns: ["maker"] }] }],
    ["an index less", { indexes: [{ name: "by_maker", columns: ["maker"] }] }],
    ["no indexes", { indexes: [] }],
    ["another interval", { chunkTimeInterval: "1 day" }],
    ["the same interval in other words", { chunkTimeInterval: "24 hours" }],
    ["no interval of its own", { chunkTimeInterval: undefined }],
    ["columns less, without a word that they may go", columns()],
    ["columns that may go", { forceDestroy: true }],
    ["columns back", columns(text("place"))],
    ["another name", { tableName: "renamed" }],
    ["the first name again", { tableName: "plain" }],
    ["another schema", { schema: "measurements" }],
    ["the first schema again", { schema: "public" }],
];

const keyed: TableLife = [
    "keyed",
    { primaryKey: ["device", "time"], columns: [...CONDITIONS_COLUMNS, { name: "n", type: "integer" }] },
    ["a unique key", { uniqueKeys: [["time", "device", "n"]] }],
    ["no unique key", { uniqueKeys: [] }],
    ["no primary key", { primaryKey: undefined }],
    ["a unique index", { indexes: [{ columns: ["device", "time", "n"], unique: true }] }],
    ["a partial index instead", { indexes: [{ columns: ["n"], where: "n > 0" }] }],
    ["a check", { columns: [...CONDITIONS_COLUMNS, { name: "n", type: "integer", check: "n > -5" }] }],
    ["another check", { columns: [...CONDITIONS_COLUMNS, { name: "n", type: "integer", check: "n > -6" }] }],
    ["no check", { columns: [...CONDITIONS_COLUMNS, { name: "n", type: "integer" }] }],
    ["not nullable", { columns: [...CONDITIONS_COLUMNS, { name: "n", type: "integer", nullable: false }] }],
    ["nullable", { columns: [...CONDITIONS_COLUMNS, { name: "n", type: "integer" }] }],
    ["a default", { columns: [...CONDITIONS_COLUMNS, { name: "n", type: "integer", default: "7" }] }],
];

const odd: TableLife = [
    'Odd "name"'.replaceAll('"', "'"),
    {
        schema: "Ünusual schema",
        timeColumn: "Der Zeitpunkt",
        partitioningColumn: "select",
        chunkTimeInterval: 86_400_000,
        columns: [
            { name: "Der Zeitpunkt", type: "bigint", nullable: false },
            { name: "select", type: "text", nullable: false, default: "'it''s'" },
            { name: "a'b;--", type: "double precision" },
        ],
    },
    ["nothing changes", {}],
    ["another interval", { chunkTimeInterval: 3_600_000 }],
    ["an index on odd columns", { indexes: [{ columns: ["a'b;--"] }] }],
    ["no indexes", { indexes: [] }],
    ["an odd new name", { tableName: "1; DROP TABLE x" }],
    ["an odd new schema", { schema: "from" }],
];

const bare: TableLife = [
    "bare",
    { createDefaultIndexes: false, forceDestroy: true },
    ["made for destruction no more", { forceDestroy: false }],
    ["default indexes, too late", { createDefaultIndexes: true }],
    ["one node less", { dataNodes: ["dn1"] }],
];

const MULTINODE: readonly TableLife[] = [
    [
        "native",
        { numberPartitions: 4, replicationFactor: 2 },
        ["other partitions", { numberPartitions: 6 }],
        ["one copy", { replicationFactor: 1 }],
        ["two copies", { replicationFactor: 2 }],
        ["one copy again", { replicationFactor: 1 }],
        ["the last node gone", { dataNodes: ["dn1"] }],
        ["the node back", { dataNodes: ["dn1", "dn2"] }],
    ],
    ["one_dimension", { partitioningColumn: undefined }, ["another interval", { chunkTimeInterval: "2 days" }]],
    ["prefixed", { associatedTablePrefix: "chunks_of", associatedSchemaName: "chunks" }, ["nothing changes", {}]],
];

const FDW: readonly TableLife[] = [
    [
        "sharded",
        { numberPartitions: 3 },
        ["the newest rows too", { lastPoint: true }],
        ["a column more with it", columns(text("place"))],
        ["another name with it", { tableName: "sharded_anew" }],
        ["the newest rows no more", { lastPoint: false }],
    ],
    ["newest", { lastPoint: true, numberPartitions: 2 }, ["nothing changes", {}]],
    ["one_node", { dataNodes: ["dn2"], numberPartitions: 1 }, ["a column more", columns(text("place"))]],
];

/** The tables for an engine. */
export function tables(engine: "multinode" | "fdw"): readonly TableLife[] {
    return [plain, keyed, odd, bare, ...(engine === "fdw" ? FDW : MULTINODE)];
}
