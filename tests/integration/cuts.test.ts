/** Every operation of both engines, cut after each of its transactions and then run again. */
import type {
    AccessNodeInputs,
    AccessNodeComputed,
    DataNodeComputed,
    DataNodeInputs,
    DistributedHypertableComputed,
    DistributedHypertableInputs,
} from "../../provider/engines/inputs";
import type { Engine } from "../../provider/engines/engine";
import { fdw } from "../../provider/engines/fdw";
import { multinode } from "../../provider/engines/multinode";
import { Servers } from "../../provider/engines/run/servers";
import type { Connection } from "../../provider/postgres/connection";
import { connectionTo } from "../support/connections";
import { finish, runUntilCut, type CutOperation } from "../support/cuts";
import type { Residue } from "../support/residue";
import { describeServers, type TestCluster } from "../support/servers";
import { withCluster } from "../support/withCluster";

const TIMEOUT_MS = 120_000;
const newId = "22222222-2222-4222-8222-222222222222";
const common = { forceDestroy: false, adopt: false };

function connectionOf({ host, port, user, password }: TestCluster["access"]): Connection {
    return connectionTo(host, { port, user, password, sslMode: "disable", lockTimeoutSeconds: 30 });
}

/** Changes of a table that only one of the engines has. */
const OWN_CHANGES: Readonly<Record<Engine["name"], readonly (readonly [string, Partial<TableInputs>])[]>> = {
    fdw: [["keys and newest rows", { primaryKey: ["device", "time"], lastPoint: true }]],
    multinode: [
        ["keys and partitions", { primaryKey: ["device", "time"], numberPartitions: 6 }],
        ["a second copy", { replicationFactor: 2, chunkTimeInterval: "1 day" }],
    ],
};

type AccessOutputs = AccessNodeInputs & AccessNodeComputed;
type NodeOutputs = DataNodeInputs & DataNodeComputed;
type TableInputs = DistributedHypertableInputs;
type TableOutputs = TableInputs & DistributedHypertableComputed;

describe.each([fdw, multinode])("operations of the engine $name", (engine) => {
    describeServers(
        engine.name,
        (kind) => {
            const cluster = withCluster(kind, { database: "cuts", per: "block" });
            const { sql, residue, expectNothingLeft } = cluster;
            const timescaledb = engine === fdw ? "none" : "auto";

            const access = (last?: AccessOutputs): CutOperation<AccessNodeInputs, AccessNodeComputed, unknown> => {
                const connection = connectionOf(cluster.access);
                const inputs: AccessNodeInputs = {
                    ...common,
                    logicalUrn: "urn:access",
                    connection,
                    database: "cuts",
                    engine: engine.name,
                    timescaledb,
                };
                const servers = new Servers({ connection, database: "cuts" }, {});
                return { resource: engine.accessNode, servers, request: { inputs, newId, ...(last ? { last } : {}) } };
            };
            const reference = (id: string): DataNodeInputs["accessNode"] => ({
                id,
                connection: connectionOf(cluster.access),
                database: "cuts",
            });
            const nodeConnection = (name: string): Connection => {
                return connectionOf(cluster.serverOf(Number(name.slice(2)) - 1));
            };
            const dataNode = (
                id: string,
                nodeName: string,
                change: Partial<DataNodeInputs> = {},
                last?: NodeOutputs,
            ): CutOperation<DataNodeInputs, DataNodeComputed, unknown> => {
                const connection = nodeConnection(nodeName);
                const inputs: DataNodeInputs = {
                    ...common,
                    logicalUrn: `urn:${nodeName}`,
                    accessNode: reference(id),
                    nodeName,
                    host: connection.host,
                    port: connection.port,
                    ...(connection.password === undefined ? {} : { password: connection.password }),
                    serverOptions: {},
                    bootstrap: true,
                    connection,
                    available: true,
                    drainOnDelete: false,
                    timescaledb,
                    ...change,
                };
                const servers = new Servers(reference(id), { [nodeName]: { connection, database: "cuts" } });
                return { resource: engine.dataNode, servers, request: { inputs, newId, ...(last ? { last } : {}) } };
            };
            const table = (
                id: string,
                change: Partial<TableInputs> = {},
                last?: TableOutputs,
            ): CutOperation<TableInputs, DistributedHypertableComputed, unknown> => {
                const nodes = Object.fromEntries(
                    ["dn1", "dn2"].map((name) => [name, { connection: nodeConnection(name) }]),
                );
                const inputs: TableInputs = {
                    ...common,
                    logicalUrn: "urn:conditions",
                    accessNode: reference(id),
                    schema: "plant",
                    tableName: "conditions",
                    columns: [
                        { name: "time", type: "timestamptz", nullable: false },
                        { name: "device", type: "integer", nullable: true },
                        { name: "temp", type: "real", nullable: true },
                    ],
                    timeColumn: "time",
                    partitioningColumn: "device",
                    numberPartitions: 4,
                    replicationFactor: 1,
                    dataNodes: ["dn1", "dn2"],
                    nodes,
                    createDefaultIndexes: true,
                    migrateData: false,
                    lastPoint: false,
                    ...change,
                };
                const places = Object.fromEntries(
                    Object.entries(nodes).map(([name, { connection }]) => [name, { connection, database: "cuts" }]),
                );
                const servers = new Servers(reference(id), places);
                return {
                    resource: engine.distributedHypertable,
                    servers,
                    request: { inputs, newId, ...(last ? { last } : {}) },
                };
            };

            /** A data node to which the provider has no way. */
            const unreached = (
                ...[id, nodeName, change, last]: Parameters<typeof dataNode>
            ): ReturnType<typeof dataNode> => {
                const operation = dataNode(id, nodeName, { ...change, connection: undefined }, last);
                return { ...operation, servers: new Servers(reference(id), {}) };
            };

            /** Calls `attempt` with 0, 1, 2, ... transactions until an operation is not cut any more; says how many it took. */
            const everyCut = async (attempt: (transactions: number) => Promise<boolean>): Promise<number> => {
                for (let transactions = 0; ; transactions++) {
                    if (await attempt(transactions)) {
                        return transactions;
                    }
                }
            };

            it(
                "are finished for an access node",
                async () => {
                    const cuts = await everyCut(async (transactions) => {
                        const done = await runUntilCut(access(), transactions);
                        const last = await finish(access());
                        const away = { ...access(last), toNothing: true };
                        await runUntilCut(away, transactions);
                        await finish(away);
                        await expectNothingLeft();
                        return done;
                    });
                    expect(cuts).toBeGreaterThanOrEqual(4);
                },
                TIMEOUT_MS,
            );

            describe("on an access node", () => {
                let made: AccessOutputs;
                let id: string;
                let alone: Residue[];
                beforeAll(async () => {
                    made = await finish(access());
                    id = made.clusterId;
                    // The first data node ever leaves a label on the access node's database.
                    await finish({ ...dataNode(id, "dn1", {}, await finish(dataNode(id, "dn1"))), toNothing: true });
                    alone = await residue();
                }, TIMEOUT_MS);
                afterAll(async () => {
                    await finish({ ...access(made), toNothing: true });
                    await expectNothingLeft();
                }, TIMEOUT_MS);

                it.each([
                    ["a data node", dataNode, 3],
                    // Its database is made and dropped by the access node: fewer transactions of the provider's.
                    ...(engine === multinode
                        ? [["a data node that only the access node reaches", unreached, 1] as const]
                        : []),
                ] as const)(
                    "are finished for %s",
                    async (_title, nodeOf, least) => {
                        const cuts = await everyCut(async (transactions) => {
                            const done = await runUntilCut(nodeOf(id, "dn1"), transactions);
                            const last = await finish(nodeOf(id, "dn1"));
                            const change = { serverOptions: { fetch_size: "77" }, available: false };
                            await runUntilCut(nodeOf(id, "dn1", change, last), transactions);
                            const changed = await finish(nodeOf(id, "dn1", change, last));
                            const away = { ...nodeOf(id, "dn1", {}, changed), toNothing: true };
                            await runUntilCut(away, transactions);
                            await finish(away);
                            await expectNothingLeft(alone);
                            return done;
                        });
                        expect(cuts).toBeGreaterThanOrEqual(least);
                    },
                    TIMEOUT_MS,
                );

                describe("with two data nodes", () => {
                    let nodes: NodeOutputs[];
                    let empty: Residue[];
                    beforeAll(async () => {
                        nodes = [await finish(dataNode(id, "dn1")), await finish(dataNode(id, "dn2"))];
                        empty = await residue();
                    }, TIMEOUT_MS);
                    afterAll(async () => {
                        for (const last of nodes) {
                            await finish({ ...dataNode(id, last.nodeName, {}, last), toNothing: true });
                        }
                    }, TIMEOUT_MS);

                    it(
                        "are finished for a table's making and going",
                        async () => {
                            const cuts = await everyCut(async (transactions) => {
                                const done = await runUntilCut(table(id), transactions);
                                const last = await finish(table(id));
                                const away = { ...table(id, {}, last), toNothing: true };
                                await runUntilCut(away, transactions);
                                await finish(away);
                                await expectNothingLeft(empty);
                                return done;
                            });
                            // Schema and table are made in one transaction with multinode, which carries it to its nodes.
                            expect(cuts).toBe(engine === fdw ? 3 : 1);
                        },
                        TIMEOUT_MS,
                    );

                    it.each<readonly [string, Partial<TableInputs>]>([
                        ["a renaming", { tableName: "renamed" }],
                        ["a move to another schema, renamed", { tableName: "renamed", schema: "other" }],
                        ["a new column", { columns: undefined }],
                        ["a wider and a dropped column", { columns: [], forceDestroy: true }],
                        ...OWN_CHANGES[engine.name],
                    ])(
                        "are finished for %s, with rows in the table",
                        async (_title, given) => {
                            const base = table(id).request.inputs.columns ?? [];
                            const columns =
                                given.columns?.length === 0
                                    ? [...base.slice(0, 2), { name: "temp", type: "double precision", nullable: true }]
                                    : [...base, { name: "level", type: "integer", nullable: false, default: "1" }];
                            const change = { ...given, ...("columns" in given ? { columns } : {}) };
                            const start: Partial<TableInputs> = given.forceDestroy
                                ? { columns: [...base, { name: "gone", type: "text", nullable: true }] }
                                : {};
                            const cuts = await everyCut(async (transactions) => {
                                const last = await finish(table(id, start));
                                await sql(
                                    "INSERT INTO plant.conditions (time, device, temp) SELECT now(), n, n FROM generate_series(1, 50) n",
                                );
                                const done = await runUntilCut(table(id, change, last), transactions);
                                const changed = await finish(table(id, change, last));
                                const name = `${changed.schema}.${changed.tableName}`;
                                expect(await sql(`SELECT count(*), sum(temp) FROM ${name}`)).toEqual([
                                    { count: "50", sum: 1275 },
                                ]);
                                await finish({
                                    ...table(id, { ...change, forceDestroy: true }, changed),
                                    toNothing: true,
                                });
                                await expectNothingLeft(empty);
                                return done;
                            });
                            expect(cuts).toBeGreaterThanOrEqual(engine === fdw ? 2 : 1);
                        },
                        TIMEOUT_MS,
                    );
                });
            });
        },
        { notRecorded: "the same statements come again and again" },
    );
});
