import * as pulumi from "@pulumi/pulumi";
import { AccessNode } from "../../../provider/resources/accessNode";
import { DataNode } from "../../../provider/resources/dataNode";
import { DistributedHypertable } from "../../../provider/resources/distributedHypertable";
import { HANDLER_TEXTS } from "../../support/loaderTexts";
import { runProgram, valueOf, type Registered } from "../../support/mockProgram";

const SECRET_CONNECTION = { host: "access", password: { secret: "hunter2" } };
const connection = { host: "access", password: "hunter2" };

function tutorial() {
    const access = new AccessNode("access", { connection, database: "multinode" });
    const dn1 = new DataNode("dn1", { accessNode: access, host: "data1" });
    const dn2 = new DataNode("dn2", { accessNode: access, host: "data2", password: "hunter2", port: 5433 });
    const conditions = new DistributedHypertable("conditions", {
        accessNode: access,
        dataNodes: [dn1, dn2],
        columns: [{ name: "time", type: "timestamptz", nullable: false }],
        timeColumn: "time",
    });
    return { access, dn1, dn2, conditions };
}

const byName = (registered: readonly Registered[], name: string): Registered => {
    const found = registered.find((each) => each.name === name);
    if (found === undefined) {
        throw new Error(`${name} was not registered`);
    }
    return found;
};

const urn = (type: string, name: string): string =>
    `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/timescaledb:${type}::${name}`;

describe("the tutorial's program", () => {
    let registered: Registered[];
    let made: ReturnType<typeof tutorial>;

    beforeAll(async () => {
        registered = await runProgram(() => Object.values((made = tutorial())));
    });

    it.each([
        ["access", "AccessNode", HANDLER_TEXTS.accessNode],
        ["dn1", "DataNode", HANDLER_TEXTS.dataNode],
        ["conditions", "DistributedHypertable", HANDLER_TEXTS.distributedHypertable],
    ])("registers %s with the type, the loader text and the URN that states hold", (name, type, text) => {
        const { type: token, inputs } = byName(registered, name);
        expect(token).toBe(`pulumi-nodejs:dynamic/timescaledb:${type}`);
        expect(inputs.__provider).toBe(text);
        expect(inputs.logicalUrn).toBe(urn(type, name));
    });

    it("registers the access node with its password as a secret", () => {
        expect(byName(registered, "access").inputs).toEqual({
            connection: SECRET_CONNECTION,
            database: "multinode",
            engine: "auto",
            logicalUrn: expect.any(String) as string,
            __provider: expect.any(String) as string,
        });
    });

    it("registers a data node with what it needs of its access node, and nothing that was not given", () => {
        expect(byName(registered, "dn1").inputs).toEqual({
            accessNode: { id: "id of access", connection: { secret: connection }, database: "multinode" },
            nodeName: "dn1",
            host: "data1",
            logicalUrn: expect.any(String) as string,
            __provider: expect.any(String) as string,
        });
        expect(byName(registered, "dn2").inputs).toMatchObject({ password: { secret: "hunter2" }, port: 5433 });
    });

    it("registers a hypertable with the names of its data nodes and the ways to them, as a secret", () => {
        expect(byName(registered, "conditions").inputs).toMatchObject({
            accessNode: { id: "id of access", connection: { secret: connection }, database: "multinode" },
            tableName: "conditions",
            columns: [{ name: "time", type: "timestamptz", nullable: false }],
            timeColumn: "time",
            dataNodes: ["dn1", "dn2"],
            nodes: { secret: { dn1: { host: "data1" }, dn2: { host: "data2", port: 5433, password: "hunter2" } } },
        });
    });

    it("shows no password outside a secret", () => {
        const open = JSON.stringify(registered, (_key, value: unknown) =>
            typeof value === "object" && value !== null && "secret" in value ? undefined : value,
        );
        expect(open).not.toContain("hunter2");
    });

    it("tells the children's checks of an engine that the program names", async () => {
        const engineOf = async (engine?: "fdw"): Promise<unknown> => {
            const all = await runProgram(() => {
                const access = new AccessNode("access", { connection, database: "multinode", engine });
                return [access, new DataNode("dn1", { accessNode: access, host: "data1" })];
            });
            return (byName(all, "dn1").inputs.accessNode as { engine?: unknown }).engine;
        };
        expect(await engineOf("fdw")).toBe("fdw");
        expect(await engineOf()).toBeUndefined();
    });

    it("makes the children depend on the access node, and the hypertable on its data nodes", () => {
        const access = urn("AccessNode", "access");
        const nodes = [urn("DataNode", "dn1"), urn("DataNode", "dn2")];
        expect(byName(registered, "dn1").dependencies).toEqual([access]);
        expect([...byName(registered, "conditions").dependencies].sort()).toEqual([access, ...nodes]);
    });

    it.each<[keyof ReturnType<typeof tutorial>, readonly string[]]>([
        [
            "access",
            ["connection", "database", "engine", "postgresVersion", "timescaledbVersion", "clusterId", "created"],
        ],
        [
            "dn1",
            [
                ...[
                    "nodeName",
                    "host",
                    "port",
                    "database",
                    "user",
                    "password",
                    "serverOptions",
                    "connection",
                    "available",
                ],
                ...["engine", "clusterId", "created"],
            ],
        ],
        ["conditions", ["schema", "tableName", "hypertableId", "dimensions", "attachedDataNodes", "engine", "created"]],
    ])("gives %s every output that its class names", (name, outputs) => {
        for (const output of outputs) {
            expect([output, pulumi.Output.isInstance(made[name][output as never])]).toEqual([output, true]);
        }
    });

    it("knows its own classes from others", () => {
        const { access, dn1, conditions } = made;
        const classes = [AccessNode, DataNode, DistributedHypertable];
        const known = [access, dn1, conditions].map((each) => classes.map((Class) => Class.isInstance(each)));
        expect(known).toEqual([
            [true, false, false],
            [false, true, false],
            [false, false, true],
        ]);
        for (const other of [undefined, null, "dn1", {}, pulumi.output("dn1")]) {
            expect(classes.map((Class) => Class.isInstance(other))).toEqual([false, false, false]);
        }
    });
});

describe("a secret", () => {
    it.each<[string, pulumi.Input<Record<string, pulumi.Input<string>>>]>([
        ["plain values", { ...connection, sslKey: "key" }],
        ["outputs inside", { host: pulumi.output("access"), password: pulumi.output("hunter2"), sslKey: "key" }],
        ["one whole output", pulumi.output({ ...connection, sslKey: "key" })],
        ["a promise", Promise.resolve({ ...connection, sslKey: "key" })],
        ["an output of a secret", pulumi.secret({ ...connection, sslKey: "key" })],
    ])("in a connection stays one, where the connection is given as %s", async (_what, given) => {
        const [access] = await runProgram(() => [
            new AccessNode("access", { connection: given as never, database: "multinode" }),
        ]);
        const open = JSON.stringify(access, (_key, value: unknown) =>
            typeof value === "object" && value !== null && "secret" in value ? undefined : value,
        );
        expect(open).not.toMatch(/hunter2|"key"/);
        expect(JSON.stringify(access)).toMatch(/hunter2/);
    });
});

describe("data nodes that a hypertable does not name", () => {
    it("are those that the program made before it with the same access node", async () => {
        const registered = await runProgram(() => {
            const { access, dn1, dn2 } = tutorial();
            const other = new AccessNode("other", { connection, database: "other" });
            const foreign = new DataNode("foreign", { accessNode: other, host: "foreign" });
            const all = new DistributedHypertable("all", { accessNode: access, timeColumn: "time" });
            const late = new DataNode("late", { accessNode: access, host: "late" });
            return [dn1, dn2, foreign, all, late];
        });
        const { inputs, dependencies } = byName(registered, "all");
        expect(inputs).not.toHaveProperty("dataNodes");
        expect(Object.keys((inputs.nodes as { secret: object }).secret)).toEqual(["dn1", "dn2"]);
        expect([...dependencies].sort()).toEqual([
            urn("AccessNode", "access"),
            urn("DataNode", "dn1"),
            urn("DataNode", "dn2"),
        ]);
    });

    it("can be named without having been made by the program", async () => {
        const registered = await runProgram(() => {
            const access = new AccessNode("access", { connection, database: "multinode" });
            return [
                new DistributedHypertable("named", {
                    accessNode: access,
                    timeColumn: "time",
                    dataNodes: ["dn7", pulumi.output("dn8")],
                }),
            ];
        });
        expect(byName(registered, "named").inputs).toMatchObject({ dataNodes: ["dn7", "dn8"], nodes: {} });
    });
});

describe("a preview", () => {
    it("knows the way to data nodes that stay as they are, though outputs without a value are unknown in it", async () => {
        const registered = await runProgram(() => Object.values(tutorial()), { preview: true });
        expect(byName(registered, "conditions").inputs.nodes).toEqual({
            secret: { dn1: { host: "data1" }, dn2: { host: "data2", port: 5433, password: "hunter2" } },
        });
    });
});

describe("options", () => {
    it("of the user's are kept beside the dependencies", async () => {
        class Cluster extends pulumi.ComponentResource {
            constructor(name: string) {
                super("shop:index:Cluster", name);
            }
        }
        const registered = await runProgram(() => {
            const cluster = new Cluster("cluster");
            const other = new AccessNode("other", { connection, database: "other" });
            const first = new DataNode("first", { accessNode: other, host: "h" });
            const access = new AccessNode(
                "access",
                { connection, database: "multinode" },
                { parent: cluster, aliases: [{ name: "old" }] },
            );
            const node = new DataNode(
                "dn1",
                { accessNode: access, host: "h" },
                { parent: cluster, dependsOn: [first] },
            );
            return [access, node];
        });
        const parent = "urn:pulumi:dev::shop::shop:index:Cluster::cluster";
        const access = byName(registered, "access");
        expect(access.parent).toBe(parent);
        expect(JSON.stringify(access.aliases)).toContain('"old"');
        expect(access.inputs.logicalUrn).toBe(
            "urn:pulumi:dev::shop::shop:index:Cluster$pulumi-nodejs:dynamic/timescaledb:AccessNode::access",
        );
        expect(byName(registered, "dn1").dependencies).toHaveLength(2);
        expect(byName(registered, "dn1").parent).toBe(parent);
    });
});

describe("outputs", () => {
    it("are what the engine answers", async () => {
        let access: AccessNode | undefined;
        await runProgram(() => [(access = new AccessNode("access", { connection, database: "multinode" }))], {
            outputs: ({ inputs }) => ({
                ...(inputs as object),
                engine: "fdw",
                timescaledbVersion: null,
                clusterId: "c",
            }),
        });
        expect(await valueOf(access?.engine as pulumi.Output<string>)).toBe("fdw");
        expect(await valueOf(access?.timescaledbVersion as pulumi.Output<unknown>)).toBeNull();
        expect(await valueOf(access?.clusterId as pulumi.Output<string>)).toBe("c");
    });
});

describe("half a character", () => {
    const half = "a\ud800";
    const access = (more: Record<string, unknown> = {}): AccessNode =>
        new AccessNode("a", { connection, database: "d", ...more });

    it.each([
        ["the database", () => access({ database: half }), "database"],
        ["a connection", () => access({ connection: { host: half } }), "connection.host"],
        ["a node's name", () => new DataNode("n", { accessNode: access(), host: "h", nodeName: half }), "nodeName"],
        [
            "a column's name",
            () =>
                new DistributedHypertable("t", {
                    accessNode: access(),
                    timeColumn: "time",
                    columns: [{ name: half, type: "date" }],
                }),
            "columns[0].name",
        ],
        [
            "a data node in a list",
            () => new DistributedHypertable("t", { accessNode: access(), timeColumn: "time", dataNodes: ["b", half] }),
            "dataNodes[1]",
        ],
    ])("in %s is refused before it gets lost", async (_what, make, propertyPath) => {
        await runProgram(() => {
            expect(make).toThrow(expect.objectContaining({ propertyPath }) as Error);
            return [];
        });
    });

    it("is something else than a whole character of two units", async () => {
        const [made] = await runProgram(() => [access({ database: "\u{1f600}" })]);
        expect(made?.inputs.database).toBe("\u{1f600}");
    });
});
