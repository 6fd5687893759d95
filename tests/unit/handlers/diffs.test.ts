import { accessNode, dataNode, distributedHypertable } from "../../../provider/handlers";
import type { Handler } from "../../../provider/handlers/handler";
import { UNKNOWN } from "../../../provider/validation/unknown";
import { accessNodeInputs, CLUSTER_ID, dataNodeInputs, hypertableInputs } from "../../support/programInputs";
import { withEachUnknown } from "../../support/unknowns";

jest.mock("../../../provider/engines", () =>
    jest.requireActual<typeof import("../../support/fakeEngines")>("../../support/fakeEngines"),
);

type Values = Record<string, unknown>;

/** What changed, from and to which inputs, and the properties that replace. */
type Case = readonly [what: string, before: Values, after: Values, replaces: readonly string[]];

const ACCESS = (more: Values): Values => ({
    accessNode: { id: CLUSTER_ID, connection: { host: "access.example.com" }, database: "multinode", ...more },
});
const typed = (type: string, name = "device"): Values => ({
    columns: [
        { name: "time", type: "timestamptz" },
        { name, type },
        { name: "location", type: "text" },
    ],
});
const space = (partitions: number): Values => ({
    dimensions: [
        { column: "time", type: "time", columnType: "timestamp with time zone", interval: "7 days", partitions: null },
        { column: "device", type: "space", columnType: "integer", interval: null, partitions },
    ],
});
const FDW: Values = { engine: "fdw" };

const ACCESS_NODE: readonly Case[] = [
    ["nothing", {}, {}, []],
    ["the way to the server", {}, { connection: { host: "other", password: "new" } }, []],
    ["the database", {}, { database: "other" }, ["database"]],
    ["the engine from auto to the one that was chosen", { engine: "fdw" }, { engine: "fdw" }, []],
    ["the engine to auto", { engine: "fdw", requestedEngine: "fdw" }, { engine: "auto" }, []],
    ["the engine alone", { engine: "fdw" }, { engine: "multinode" }, []],
    ["engine and database", FDW, { engine: "multinode", database: "other" }, ["database", "engine"]],
    ["the database, with the engine that was chosen", FDW, { engine: "fdw", database: "other" }, ["database"]],
    ["flags", {}, { forceDestroy: true, adopt: true, timescaledb: "none" }, []],
];

const DATA_NODE: readonly Case[] = [
    ["nothing", {}, {}, []],
    ["the access node", {}, ACCESS({ id: "another" }), ["accessNode"]],
    ["the way to the access node", {}, ACCESS({ connection: { host: "other", port: 1 } }), []],
    ["the node's name", {}, { nodeName: "dn9" }, ["nodeName"]],
    ["the database", { database: "a" }, { database: "b" }, ["database"]],
    ["the database to the access node's own, written out", {}, { database: "multinode" }, []],
    ["the database from the access node's own, written out", { database: "multinode" }, {}, []],
    ["the database from nothing", {}, { database: "shard" }, ["database"]],
    ["the database to nothing", { database: "shard" }, {}, ["database"]],
    ["the access node's database", {}, ACCESS({ id: "another", database: "b" }), ["accessNode", "database"]],
    [
        "all that is changed in place",
        {},
        {
            host: "h",
            port: 1,
            user: "u",
            password: "p",
            serverOptions: { a: "b" },
            available: false,
            drainOnDelete: true,
            connection: { host: "h" },
            forceDestroy: true,
            bootstrap: false,
            adopt: true,
            timescaledb: "none",
        },
        [],
    ],
];

const HYPERTABLE: readonly Case[] = [
    ["nothing", {}, {}, []],
    ["the access node", {}, ACCESS({ id: "another" }), ["accessNode"]],
    ["the schema and the name", {}, { schema: "s", tableName: "t" }, []],
    ["the time column", {}, { timeColumn: "device" }, ["timeColumn"]],
    ["the partitioning column", {}, { partitioningColumn: "temp" }, ["partitioningColumn"]],
    [
        "the partitioning column to one of another type",
        typed("int"),
        { ...typed("int"), partitioningColumn: "location" },
        ["partitioningColumn"],
    ],
    ["the partitioning column to none", {}, { partitioningColumn: undefined }, ["partitioningColumn"]],
    ["the partitioning column from none", { partitioningColumn: undefined }, {}, ["partitioningColumn"]],
    ["the partitioning column's type", typed("int"), typed("bigint"), ["columns"]],
    ["the partitioning column's type, which is only spelled otherwise", typed("int"), typed("INTEGER"), []],
    [
        "another column's type",
        {},
        {
            columns: [
                { name: "time", type: "timestamptz" },
                { name: "device", type: "integer" },
                { name: "temp", type: "real" },
            ],
        },
        [],
    ],
    ["the columns, which are left out now", {}, { columns: undefined }, []],
    ["the columns, which were left out", { columns: undefined }, {}, []],
    [
        "the functions",
        {},
        { partitioningFunc: "f", timePartitioningFunc: "g" },
        ["partitioningFunc", "timePartitioningFunc"],
    ],
    [
        "the chunks' names",
        {},
        { associatedSchemaName: "s", associatedTablePrefix: "p" },
        ["associatedSchemaName", "associatedTablePrefix"],
    ],
    ["the number of partitions (multinode)", { engine: "multinode", numberPartitions: 2 }, { numberPartitions: 4 }, []],
    [
        "the number of partitions (fdw)",
        { ...FDW, numberPartitions: 2, ...space(2) },
        { numberPartitions: 4 },
        ["numberPartitions"],
    ],
    [
        "the number of partitions (fdw) to the engine's own, written out",
        { ...FDW, ...space(8) },
        { numberPartitions: 8 },
        [],
    ],
    [
        "the number of partitions (fdw) from the engine's own",
        { ...FDW, ...space(8) },
        { numberPartitions: 4 },
        ["numberPartitions"],
    ],
    ["the number of partitions (fdw), which is left out now", { ...FDW, numberPartitions: 2, ...space(2) }, {}, []],
    [
        "all that is changed in place",
        {},
        {
            chunkTimeInterval: "1 day",
            replicationFactor: 2,
            dataNodes: ["dn2", "dn3"],
            primaryKey: ["time", "device"],
            uniqueKeys: [["device", "temp"]],
            indexes: [{ columns: ["temp"] }],
            nodes: {},
            lastPoint: true,
            forceDestroy: true,
            createDefaultIndexes: false,
            migrateData: true,
            adopt: true,
        },
        [],
    ],
];

const RESOURCES: readonly (readonly [string, Handler, (more?: Values) => Values, boolean, readonly Case[]])[] = [
    ["AccessNode", accessNode, accessNodeInputs, false, ACCESS_NODE],
    ["DataNode", dataNode, dataNodeInputs, true, DATA_NODE],
    ["DistributedHypertable", distributedHypertable, hypertableInputs, true, HYPERTABLE],
];

describe.each(RESOURCES)("the diff of %s", (_name, handler, inputs, deletesFirst, cases) => {
    const checked = async (more: Values): Promise<Values> => ({ ...(await handler.check({}, inputs(more))).inputs });

    it.each(cases)("of %s", async (_what, before, after, replaces) => {
        const olds = { engine: "multinode", ...(await checked(before)), ...computed(before), schemaVersion: 1 };
        await expect(handler.diff("id", olds, await checked(after))).resolves.toEqual({
            changes: undefined,
            replaces,
            deleteBeforeReplace: deletesFirst && replaces.length > 0,
        });
    });

    it("never replaces for an unknown, whichever value it stands for, and at whatever depth", async () => {
        const olds = { ...(await checked({})), engine: "fdw", schemaVersion: 1, ...space(8) };
        const news = { ...(await checked({})), numberPartitions: 8 };
        for (const variant of [
            ...withEachUnknown(news),
            ...Object.keys(news).map((name) => ({ ...news, [name]: UNKNOWN })),
            Object.fromEntries(Object.keys(news).map((name) => [name, UNKNOWN])),
        ]) {
            const { replaces } = await handler.diff("id", olds, variant as Values);
            expect({ variant, replaces }).toEqual({ variant, replaces: [] });
        }
    });
});

/** What of a state is no input. */
function computed({ engine, dimensions, requestedEngine }: Values): Values {
    return Object.fromEntries(Object.entries({ engine, dimensions, requestedEngine }).filter(([, value]) => value));
}
