import { accessNode, dataNode, distributedHypertable } from "../../../provider/handlers";
import type { Handler } from "../../../provider/handlers/handler";
import { UNKNOWN } from "../../../provider/validation/unknown";
import { accessNodeInputs, dataNodeInputs, hypertableInputs } from "../../support/programInputs";
import { withEachUnknown } from "../../support/unknowns";

jest.mock("../../../provider/engines", () =>
    jest.requireActual<typeof import("../../support/fakeEngines")>("../../support/fakeEngines"),
);

type Values = Record<string, unknown>;
type Inputs = (more?: Values) => Values;

/** What is wrong, the failures as `property: reason`, and what is nearly the same and accepted. */
type Case = readonly [what: string, bad: Values, failures: readonly string[], near: Values];

async function failuresOf(handler: Handler, inputs: Values): Promise<string[]> {
    const { failures } = await handler.check({}, inputs);
    return failures.map(({ property, reason }) => (property === "" ? reason : `${property}: ${reason}`));
}

const LONG = "x".repeat(64);
const NAME = "expected a name of 1 to 63 bytes";
const PLAIN_NAME = `${NAME} without a double quote`;
const HOST = "expected a host name, an IP address or a socket's folder";
const PORT = "expected a whole number from 1 to 65535";
const TRUTH = "expected true or false";

const host = "access.example.com";
const inConnection = (more: Values): Values => ({ connection: { host, ...more } });

const CONNECTION: readonly Case[] = [
    ["no host", { connection: {} }, [`connection.host: ${HOST}, got nothing`], inConnection({})],
    [
        "an empty host",
        { connection: { host: "" } },
        [`connection.host: ${HOST}, got ""`],
        { connection: { host: "/tmp" } },
    ],
    ["port 0", inConnection({ port: 0 }), [`connection.port: ${PORT}, got 0`], inConnection({ port: 1 })],
    [
        "port 65536",
        inConnection({ port: 65536 }),
        [`connection.port: ${PORT}, got 65536`],
        inConnection({ port: 65535 }),
    ],
    [
        "a port as text",
        inConnection({ port: "5432" }),
        [`connection.port: ${PORT}, got "5432"`],
        inConnection({ port: 5432 }),
    ],
    ["an empty user", inConnection({ user: "" }), [`connection.user: ${NAME}, got ""`], inConnection({ user: 'a"b' })],
    [
        "an over-long maintenance database",
        inConnection({ maintenanceDatabase: LONG }),
        [`connection.maintenanceDatabase: ${NAME}, got "${"x".repeat(56)}...`],
        inConnection({ maintenanceDatabase: "x".repeat(63) }),
    ],
    [
        "an unknown SSL mode",
        inConnection({ sslMode: "allow" }),
        ['connection.sslMode: expected one of "disable", "prefer", "require", "verify-ca", "verify-full", got "allow"'],
        inConnection({ sslMode: "verify-ca" }),
    ],
    [
        "no time to connect",
        inConnection({ connectTimeoutSeconds: 0 }),
        ["connection.connectTimeoutSeconds: expected a number of seconds above 0, up to 2000000, got 0"],
        inConnection({ connectTimeoutSeconds: 0.5 }),
    ],
    ...["readyTimeoutSeconds", "statementTimeoutSeconds", "lockTimeoutSeconds"].map((name): Case => [
        `a ${name} below 0`,
        inConnection({ [name]: -1 }),
        [`connection.${name}: expected a number of seconds from 0 to 2000000, got -1`],
        inConnection({ [name]: 0 }),
    ]),
    [
        "a password that is no text",
        inConnection({ password: 123456 }),
        ["connection.password: expected a password, got number"],
        inConnection({ password: "123456" }),
    ],
    [
        "an empty client key",
        inConnection({ sslKey: "" }),
        ["connection.sslKey: expected a PEM text, got string"],
        inConnection({ sslKey: "key" }),
    ],
    [
        "a misspelt property",
        inConnection({ pasword: "hunter2" }),
        [
            "connection.pasword: expected one of host, port, user, password, maintenanceDatabase, sslMode, sslRootCert, " +
                "sslCert, sslKey, connectTimeoutSeconds, readyTimeoutSeconds, statementTimeoutSeconds, " +
                "lockTimeoutSeconds, got another property",
        ],
        inConnection({ password: "hunter2" }),
    ],
];

const COMMON: readonly Case[] = [
    ["adopt as text", { adopt: "true" }, [`adopt: ${TRUTH}, got "true"`], { adopt: true }],
    ["forceDestroy as a number", { forceDestroy: 1 }, [`forceDestroy: ${TRUTH}, got 1`], { forceDestroy: false }],
];

const ACCESS_NODE: readonly Case[] = [
    ["no database", { database: undefined }, [`database: ${NAME}, got nothing`], { database: "a" }],
    ["an empty database", { database: "" }, [`database: ${NAME}, got ""`], { database: " " }],
    [
        "an over-long database",
        { database: LONG },
        [`database: ${NAME}, got "${"x".repeat(56)}...`],
        { database: LONG.slice(1) },
    ],
    [
        "a zero byte",
        { database: "a\0" },
        [`database: ${NAME}, got "a\\u0000"`],
        { database: 'a"; DROP DATABASE b; --\n' },
    ],
    [
        "an unknown engine",
        { engine: "citus" },
        ['engine: expected one of "auto", "multinode", "fdw", got "citus"'],
        { engine: "fdw" },
    ],
    [
        "multinode without TimescaleDB",
        { engine: "multinode", timescaledb: "none" },
        ['timescaledb: expected "auto" or "required" with engine "multinode", got "none"'],
        { engine: "fdw", timescaledb: "none" },
    ],
    [
        "an unknown choice of TimescaleDB",
        { timescaledb: true },
        ['timescaledb: expected one of "auto", "required", "none", got true'],
        { timescaledb: "required" },
    ],
    [
        "no connection",
        { connection: undefined },
        [expect.stringMatching(/^connection: expected an object with host, .*, got nothing$/) as string],
        {},
    ],
    [
        "a connection as text",
        { connection: "postgres://postgres:hunter2@a" },
        [expect.stringMatching(/^connection: expected an object with host, .*, got string$/) as string],
        {},
    ],
];

const DATA_NODE: readonly Case[] = [
    [
        "the name by which steps call the access node's server",
        { nodeName: "access node" },
        [`nodeName: expected another name than that of the access node's server, got "access node"`],
        { nodeName: "access-node" },
    ],
    [
        "a node name that is no key of an object",
        { nodeName: "__proto__" },
        [`nodeName: expected another name than JavaScript's own "__proto__", got "__proto__"`],
        { nodeName: "constructor" },
    ],
    ["an empty node name", { nodeName: "" }, [`nodeName: ${NAME}, got ""`], { nodeName: 'dn"1.x' }],
    [
        "an over-long node name",
        { nodeName: "ä".repeat(32) },
        [`nodeName: ${NAME}, got "${"ä".repeat(32)}"`],
        { nodeName: "ä".repeat(31) },
    ],
    ["no host", { host: undefined }, [`host: ${HOST}, got nothing`], { host: "::1" }],
    ["a port out of range", { port: -1 }, [`port: ${PORT}, got -1`], { port: 5433 }],
    ["an empty database", { database: "" }, [`database: ${NAME}, got ""`], { database: "shard" }],
    ["an empty user", { user: "" }, [`user: ${NAME}, got ""`], { user: "u" }],
    [
        "a password that is no text",
        { password: ["hunter2"] },
        ["password: expected a password, got object"],
        { password: "hunter2" },
    ],
    [
        "a server option that is no text",
        { serverOptions: { fetch_size: 5000, b: null } },
        [
            "serverOptions: .fetch_size: expected a string, got 5000",
            "serverOptions: .b: expected a string, got null",
        ].map((text) => text.replace(": .", ".")),
        { serverOptions: { fetch_size: "5000", application_name: "" } },
    ],
    [
        "server options as a list",
        { serverOptions: ["fetch_size=1"] },
        ['serverOptions: expected a map of a string, got ["fetch_size=1"]'],
        { serverOptions: {} },
    ],
    ["bootstrap as text", { bootstrap: "no" }, [`bootstrap: ${TRUTH}, got "no"`], { bootstrap: false }],
    ["available as text", { available: "no" }, [`available: ${TRUTH}, got "no"`], { available: false }],
    ["drainOnDelete as text", { drainOnDelete: "no" }, [`drainOnDelete: ${TRUTH}, got "no"`], { drainOnDelete: true }],
    [
        "an access node as its id",
        { accessNode: "an-id" },
        ["accessNode: expected an object with id, connection, database, got string"],
        {},
    ],
];

const column = (more: Values): Values => ({
    columns: [
        { name: "time", type: "timestamptz" },
        { name: "device", type: "int" },
        { name: "a", type: "int", ...more },
    ],
});
const COLUMNS = "expected one of the columns time, device, temp";

const INTEGER_TIME: Values = {
    columns: [
        { name: "time", type: "bigint" },
        { name: "device", type: "int" },
    ],
};

const HYPERTABLE: readonly Case[] = [
    ["an empty table name", { tableName: "" }, [`tableName: ${PLAIN_NAME}, got ""`], { tableName: "a'b.c\n" }],
    [
        "a double quote in the table name",
        { tableName: 'a"b' },
        [`tableName: ${PLAIN_NAME}, got "a\\"b"`],
        { tableName: "a`b" },
    ],
    ["a double quote in the schema", { schema: '"s"' }, [`schema: ${PLAIN_NAME}, got "\\"s\\""`], { schema: "select" }],
    [
        "an over-long schema",
        { schema: LONG },
        [`schema: ${PLAIN_NAME}, got "${"x".repeat(56)}...`],
        { schema: LONG.slice(1) },
    ],
    [
        "no columns at all",
        { columns: [] },
        [expect.stringMatching(/^columns: expected a list of .*, 1 at least, got \[\]$/) as string],
        { columns: undefined },
    ],
    [
        "a column without a type",
        column({ type: undefined }),
        ["columns[2].type: expected a PostgreSQL type, got nothing"],
        column({}),
    ],
    [
        "a double quote in a column",
        column({ name: 'a"' }),
        [`columns[2].name: ${PLAIN_NAME}, got "a\\""`],
        column({ name: "a b" }),
    ],
    [
        "nullable as text",
        column({ nullable: "no" }),
        [`columns[2].nullable: ${TRUTH}, got "no"`],
        column({ nullable: false }),
    ],
    [
        "an empty default",
        column({ default: "" }),
        ['columns[2].default: expected an SQL expression, got ""'],
        column({ default: "''" }),
    ],
    [
        "the same column twice",
        column({ name: "device" }),
        ['columns[2]: expected each only once, got "device" at 1 and 2'],
        column({ name: "Device" }),
    ],
    [
        "a column that is nothing",
        { columns: [{ name: "time", type: "date" }, { name: "device", type: "int" }, null] },
        [expect.stringMatching(/^columns\[2\]: expected an object with name, .*, got null$/) as string],
        {},
    ],
    [
        "an unknown time column",
        { timeColumn: "ts" },
        [`timeColumn: ${COLUMNS}, got ts`],
        { timeColumn: "device", partitioningColumn: undefined, chunkTimeInterval: 1 },
    ],
    ["no time column", { timeColumn: undefined }, [`timeColumn: ${PLAIN_NAME}, got nothing`], {}],
    [
        "an unknown partitioning column",
        { partitioningColumn: "Device" },
        [`partitioningColumn: ${COLUMNS}, got Device`],
        { partitioningColumn: "device" },
    ],
    [
        "unknown key columns",
        { primaryKey: ["time", "device", "x"] },
        [`primaryKey: ${COLUMNS}, got x`],
        { primaryKey: ["time", "device"] },
    ],
    [
        "unknown columns of further keys",
        {
            uniqueKeys: [
                ["device", "time"],
                ["device", "y"],
            ],
        },
        [`uniqueKeys: ${COLUMNS}, got y`],
        { uniqueKeys: [["device", "time"]] },
    ],
    [
        "an empty primary key",
        { primaryKey: [] },
        [`primaryKey: expected a list of ${PLAIN_NAME.slice(9)}, 1 at least, got []`],
        { primaryKey: undefined },
    ],
    [
        "a key column twice",
        { primaryKey: ["device", "device"] },
        ['primaryKey[1]: expected each only once, got "device" at 0 and 1'],
        {},
    ],
    [
        "a primary key without the partitioning column",
        { primaryKey: ["time"] },
        ["primaryKey: expected the partitioning column device among the columns of a key, got time"],
        { primaryKey: ["time"], partitioningColumn: undefined },
    ],
    [
        "a unique key without the partitioning column",
        {
            uniqueKeys: [
                ["time", "device"],
                ["time", "temp"],
            ],
        },
        ["uniqueKeys: expected the partitioning column device among the columns of a key, got time, temp"],
        { uniqueKeys: [["time", "device"]] },
    ],
    [
        "an index without columns",
        { indexes: [{ name: "i" }] },
        ["indexes[0].columns: expected a list of a column's name, or an expression, 1 at least, got nothing"],
        { indexes: [{ columns: ["time DESC"] }] },
    ],
    [
        "an empty index method",
        { indexes: [{ columns: ["time"], method: "" }] },
        [`indexes[0].method: ${NAME}, got ""`],
        { indexes: [{ columns: ["time"], method: "brin" }] },
    ],
    [
        "no partitions",
        { numberPartitions: 0 },
        ["numberPartitions: expected a whole number from 1 to 32767, got 0"],
        { numberPartitions: 1 },
    ],
    [
        "too many partitions",
        { numberPartitions: 32768 },
        ["numberPartitions: expected a whole number from 1 to 32767, got 32768"],
        { numberPartitions: 32767 },
    ],
    [
        "no interval",
        { chunkTimeInterval: "a week" },
        [
            'chunkTimeInterval: expected an interval above zero such as "7 days", or a whole number above 0 that a bigint and JavaScript hold exactly, got "a week"',
        ],
        { chunkTimeInterval: "1 week" },
    ],
    [
        "an interval of zero",
        { chunkTimeInterval: 0 },
        [expect.stringMatching(/got 0$/) as string],
        { ...INTEGER_TIME, chunkTimeInterval: 1 },
    ],
    [
        "an interval below zero",
        { chunkTimeInterval: "-7 days" },
        [expect.stringMatching(/got "-7 days"$/) as string],
        { ...INTEGER_TIME, chunkTimeInterval: 86_400_000_000 },
    ],
    [
        "no copies",
        { replicationFactor: 0 },
        ["replicationFactor: expected a whole number from 1 to 32767, got 0"],
        { replicationFactor: 1 },
    ],
    [
        "more copies than data nodes",
        { replicationFactor: 3 },
        ["replicationFactor: expected at most the number of data nodes, 2, got 3"],
        { replicationFactor: 2 },
    ],
    [
        "no data nodes",
        { dataNodes: [] },
        [`dataNodes: expected a list of ${NAME.slice(9)}, 1 at least, got []`],
        { dataNodes: undefined },
    ],
    [
        "a data node twice",
        { dataNodes: ["dn1", "dn2", "dn1"] },
        ['dataNodes[2]: expected each only once, got "dn1" at 0 and 2'],
        { dataNodes: ["dn1", "DN1"] },
    ],
    [
        "an empty function",
        { partitioningFunc: "" },
        ['partitioningFunc: expected a function, got ""'],
        { partitioningFunc: "s.f" },
    ],
    [
        "a double quote in a prefix",
        { associatedTablePrefix: 'a"' },
        [`associatedTablePrefix: ${PLAIN_NAME}, got "a\\""`],
        { associatedTablePrefix: "a" },
    ],
    [
        "migrateData as text",
        { migrateData: "yes" },
        [`migrateData: ${TRUTH}, got "yes"`],
        { columns: undefined, migrateData: true },
    ],
    ["lastPoint as text", { lastPoint: "yes" }, [`lastPoint: ${TRUTH}, got "yes"`], { lastPoint: true }],
    [
        "a misspelt property",
        { chunkInterval: "1 day" },
        [
            expect.stringMatching(
                /^chunkInterval: expected one of accessNode, schema, .*, got another property$/,
            ) as string,
        ],
        {},
    ],
];

const RESOURCES: readonly (readonly [string, Handler, Inputs, readonly Case[]])[] = [
    ["AccessNode", accessNode, accessNodeInputs, [...CONNECTION, ...ACCESS_NODE, ...COMMON]],
    ["DataNode", dataNode, dataNodeInputs, [...CONNECTION, ...DATA_NODE, ...COMMON]],
    ["DistributedHypertable", distributedHypertable, hypertableInputs, [...HYPERTABLE, ...COMMON]],
];

describe.each(RESOURCES)("the check of %s", (_name, handler, inputs, cases) => {
    it("accepts the least that a program writes", async () => {
        await expect(failuresOf(handler, inputs())).resolves.toEqual([]);
    });

    it.each(cases)("refuses %s, and accepts what is nearly the same", async (_what, bad, failures, near) => {
        await expect(failuresOf(handler, inputs(bad))).resolves.toEqual(failures);
        await expect(failuresOf(handler, inputs(near))).resolves.toEqual([]);
    });

    it("shows no secret in any of its failures, and names no property that holds one", async () => {
        for (const [, bad] of cases) {
            const { failures } = await handler.check({}, inputs(bad));
            expect(JSON.stringify(failures)).not.toContain("hunter2");
            const named = failures
                .filter(({ reason }) => !reason.endsWith("got nothing"))
                .map(({ property }) => property);
            expect(named).not.toEqual(
                expect.arrayContaining([expect.stringMatching(/connection|password|accessNode|nodes/)]),
            );
        }
    });

    it("reports the failures of all properties at once", async () => {
        const all = [...cases].slice(0, 8).filter(([, bad]) => !("connection" in bad));
        const together: Values = Object.assign({ adopt: 1, forceDestroy: 2 }, ...all.map(([, bad]) => bad));
        const failures = await failuresOf(handler, inputs(together));
        expect(failures).toContain(`adopt: ${TRUTH}, got 1`);
        expect(failures).toContain(`forceDestroy: ${TRUTH}, got 2`);
        expect(failures.length).toBeGreaterThanOrEqual(new Set(all.flatMap(([, bad]) => Object.keys(bad))).size);
    });

    it("skips every value that is not known yet, each alone and all together", async () => {
        const full = (await handler.check({}, inputs())).inputs;
        for (const name of Object.keys(full)) {
            await expect(failuresOf(handler, { ...full, [name]: UNKNOWN })).resolves.toEqual([]);
        }
        const unknown = Object.fromEntries(Object.keys(full).map((name) => [name, UNKNOWN]));
        await expect(handler.check({}, unknown)).resolves.toEqual({
            inputs: expect.objectContaining(unknown) as unknown,
            failures: [],
        });
    });

    it("skips every value inside that is not known yet", async () => {
        const full = (await handler.check({}, inputs())).inputs;
        for (const variant of withEachUnknown(full)) {
            await expect(failuresOf(handler, variant as Values)).resolves.toEqual([]);
        }
    });

    it("gives the same once more on what it gave", async () => {
        const once = await handler.check({}, inputs());
        await expect(handler.check({}, once.inputs)).resolves.toEqual(once);
    });
});

describe("the defaults", () => {
    const CONNECTION_DEFAULTS = {
        port: 5432,
        user: "postgres",
        maintenanceDatabase: "postgres",
        sslMode: "prefer",
        connectTimeoutSeconds: 10,
        readyTimeoutSeconds: 120,
        statementTimeoutSeconds: 0,
        lockTimeoutSeconds: 60,
    };
    const connection = { host: "access.example.com", password: "hunter2", ...CONNECTION_DEFAULTS };

    it("of an AccessNode are filled in", async () => {
        const { inputs } = await accessNode.check({}, accessNodeInputs());
        expect(inputs).toEqual({
            connection,
            database: "multinode",
            engine: "auto",
            timescaledb: "auto",
            adopt: false,
            forceDestroy: false,
            logicalUrn: "",
        });
    });

    it("of a DataNode are filled in, but not what the engine or the access node decides", async () => {
        const { inputs } = await dataNode.check({}, dataNodeInputs());
        expect(inputs).toEqual({
            accessNode: { id: expect.any(String) as string, connection, database: "multinode" },
            nodeName: "dn1",
            host: "data1.example.com",
            port: 5432,
            serverOptions: {},
            bootstrap: true,
            available: true,
            drainOnDelete: false,
            timescaledb: "auto",
            adopt: false,
            forceDestroy: false,
            logicalUrn: "",
        });
    });

    it("of a DistributedHypertable are filled in, but not what the engine decides", async () => {
        const { inputs } = await distributedHypertable.check({}, hypertableInputs());
        expect(inputs).toMatchObject({
            schema: "public",
            replicationFactor: 1,
            createDefaultIndexes: true,
            migrateData: false,
            lastPoint: false,
            adopt: false,
            forceDestroy: false,
        });
        expect(inputs.columns).toEqual([
            { name: "time", type: "timestamptz", nullable: false },
            { name: "device", type: "integer", nullable: true },
            { name: "temp", type: "double precision", nullable: true },
        ]);
        expect(inputs).not.toHaveProperty("chunkTimeInterval");
        expect(inputs).not.toHaveProperty("numberPartitions");
    });
});
