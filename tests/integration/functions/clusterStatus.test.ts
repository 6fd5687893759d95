import { setTimeout as sleep } from "node:timers/promises";
import { checkServers, getClusterStatus, type ClusterStatus } from "../../../provider";
import { estimatedRows } from "../../../provider/engines/status/rowEstimate";
import { isHealthy } from "../../../provider/engines/status/status";
import { LiveCluster } from "../../support/life";
import { query } from "../../support/query";
import {
    describeServers,
    realServersOnly,
    startCluster,
    START_TIMEOUT_MS,
    type TestCluster,
} from "../../support/servers";

jest.setTimeout(60_000);

const ROWS = `INSERT INTO conditions
    SELECT '2026-01-01'::timestamptz + n * interval '1 hour', n % 10, n FROM generate_series(1, 2000) n`;

describe.each(["multinode", "fdw"] as const)("the functions with the engine %s", (engine) => {
    describeServers(engine, (kind) => {
        let cluster: TestCluster;
        let live: LiveCluster;
        const database = "seen";
        const onKilled = realServersOnly(kind, "a server is killed");

        const connection = (): { host: string } => live.connectionOf(cluster.access) as { host: string };
        const dataNodes = (): { nodeName: string; host: string; port: number; connection: { host: string } }[] =>
            cluster.nodes.map((server, index) => ({
                nodeName: `dn${index + 1}`,
                host: server.host,
                port: server.port,
                ...(server.password ? { password: server.password } : {}),
                connection: live.connectionOf(server) as { host: string },
            }));
        const ways = (): { nodeName: string; connection: { host: string } }[] =>
            dataNodes().map(({ nodeName, connection: way }) => ({ nodeName, connection: way }));
        const status = (): Promise<ClusterStatus> =>
            getClusterStatus({ connection: connection(), database, dataNodes: ways() });

        beforeAll(async () => {
            cluster = await startCluster(kind, { nodes: 2 });
            live = new LiveCluster(cluster, database);
        }, START_TIMEOUT_MS);
        afterAll(() => cluster?.stop(), START_TIMEOUT_MS);

        it("finds nothing in the way on servers that are ready, and every fault on those that are not", async () => {
            const errors = async (nodes: ReturnType<typeof dataNodes>): Promise<string[]> =>
                (await checkServers({ accessNode: connection(), database, dataNodes: nodes }))
                    .filter(({ severity }) => severity === "error")
                    .map(({ check, server }) => `${check} on ${server.split(" (")[0]}`);
            expect(await errors(dataNodes())).toEqual([]);
            const [first, second] = dataNodes();
            const wrong = await errors([
                { ...first!, connection: { ...first!.connection, password: "wrong" } as { host: string } },
                { ...second!, port: 1, connection: { ...second!.connection, port: 1 } as { host: string } },
            ]);
            expect(wrong).toEqual(
                expect.arrayContaining(["password on data node dn1", "port_closed on data node dn2"]),
            );
        });

        it("refuses arguments that are wrong, all at once and without their secrets", async () => {
            const calling = getClusterStatus({
                connection: { host: "", port: 0, password: 5 as unknown as string },
                database: "",
            });
            await expect(calling).rejects.toThrow(
                /connection.host: .*connection.port: .*database: .*INVALID_ARGUMENT/s,
            );
        });

        it("says that the database is not there before it is made", async () => {
            await expect(status()).rejects.toThrow(/NOT_FOUND/);
        });

        it("does not call a database healthy that is in no cluster", async () => {
            const other = getClusterStatus({ connection: connection(), database: "postgres" });
            await expect(other).rejects.toThrow(/database "postgres" on .* is in no cluster.*NOT_FOUND/s);
        });

        it("tells what every node holds", async () => {
            await live.access.create(live.accessValues());
            for (const index of cluster.nodes.keys()) {
                await live.node(index).create(live.nodeValues(index));
            }
            await live.hypertable("conditions").create(live.tableValues("conditions"));
            await query(cluster.access, database, ROWS);
            const found = await status();
            expect(isHealthy(found)).toBe(true);
            expect(found).toMatchObject({ engine, database, clusterId: live.access.id, drift: [], inDoubt: [] });
            expect(found.nodes.map(({ name, answers }) => [name, answers])).toEqual([
                ["access node", "provider"],
                ["dn1", "provider"],
                ["dn2", "provider"],
            ]);
            const [table] = found.hypertables;
            expect(table).toMatchObject({ schema: "public", table: "conditions", replicationFactor: 1 });
            expect(table?.nodes.map(({ name }) => name)).toEqual(["dn1", "dn2"]);
            // An estimate: by size until the statistics know better.
            expect(table?.approximateRows).toBeGreaterThan(1000);
            expect(table?.approximateRows).toBeLessThan(8000);
            expect(table?.shards).toBe(engine === "fdw" ? 8 : null);
            const chunks = table?.chunks ?? null;
            expect(chunks === null ? "no chunks" : chunks > 10).toBe(
                kind.timescaledb === undefined ? "no chunks" : true,
            );
            for (const server of cluster.nodes) {
                await query(server, database, "ANALYZE");
            }
            expect((await status()).hypertables[0]?.approximateRows).toBe(2000);
        });

        it("does not count rows twice that were inserted and analyzed in one session", async () => {
            await query(
                cluster.nodes[0]!,
                database,
                `CREATE TABLE doubled (n integer); INSERT INTO doubled SELECT generate_series(1, 4000); ANALYZE doubled`,
            );
            const [row] = await query<{ rows: string }>(
                cluster.nodes[0]!,
                database,
                `SELECT (${estimatedRows("c")})::text AS rows FROM pg_class c WHERE c.relname = 'doubled'`,
            );
            expect(row?.rows).toBe("4000");
            await query(cluster.nodes[0]!, database, "DROP TABLE doubled");
        });

        it("sees what went missing behind the program's back", async () => {
            const views =
                "SELECT relname AS name FROM pg_class WHERE relkind = 'v' AND relname LIKE 'conditions%' ORDER BY 1 LIMIT 1";
            const onNode = <Row extends object>(text: string): Promise<Row[]> =>
                query<Row>(cluster.nodes[1]!, database, text);
            const loss = {
                fdw: {
                    lose: async () => {
                        const [view] = await onNode<{ name: string }>(views);
                        await onNode(`DROP VIEW "${view?.name}"`);
                    },
                    object: "table public.conditions",
                    what: expect.stringMatching(/^the view .* missing/),
                },
                multinode: {
                    lose: () => onNode("DELETE FROM _timescaledb_catalog.metadata WHERE key = 'dist_uuid'"),
                    object: `database ${database}`,
                    what: "it belongs to no cluster",
                },
            }[engine];
            await loss.lose();
            const { object, what } = loss;
            expect((await status()).drift).toEqual([{ node: "dn2", object, what }]);
        });

        if (engine === "multinode") {
            realServersOnly(kind, "time passes").it(
                "sees chunks that lack copies, and transactions that a crash left prepared",
                async () => {
                    expect((await status()).underReplicated).toEqual({ count: 0, chunks: [] });
                    await query(cluster.access, database, "SELECT set_replication_factor('conditions', 2)");
                    await query(
                        cluster.nodes[0]!,
                        database,
                        "BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'ts-1-2-3-4'",
                    );
                    expect((await status()).inDoubt).toEqual([]);
                    await sleep(5_500);
                    const found = await status();
                    expect(found.inDoubt).toEqual([
                        { node: "dn1", transaction: "ts-1-2-3-4", preparedAt: expect.any(String) },
                    ]);
                    expect(found.underReplicated.count).toBe(found.hypertables[0]?.chunks);
                    expect(found.underReplicated.chunks[0]).toMatchObject({ copies: 1, wanted: 2 });
                    await query(cluster.nodes[0]!, database, "ROLLBACK PREPARED 'ts-1-2-3-4'");
                },
            );

            it("asks the access node about data nodes that do not answer from here", async () => {
                const hidden = ways().map((node) => ({
                    ...node,
                    connection: { ...node.connection, port: 1 } as { host: string },
                }));
                const found = await getClusterStatus({ connection: connection(), database, dataNodes: hidden });
                const seen = await status();
                expect(found.nodes.map(({ answers }) => answers)).toEqual(["provider", "access node", "access node"]);
                expect(found.nodes[1]).toMatchObject({ approximateRows: null, chunks: seen.nodes[1]?.chunks });
                expect(found.nodes[1]?.bytes).toBe(seen.nodes[1]?.bytes);
            });
        }

        onKilled.it("takes a dead data node for data", async () => {
            await cluster.nodes[0]!.kill();
            const found = await status();
            expect(isHealthy(found)).toBe(false);
            expect(found.nodes[1]).toMatchObject({ name: "dn1", answers: null, approximateRows: null, bytes: null });
            expect(found.nodes[1]?.failure).toContain("ECONNREFUSED");
            expect(found.nodes[2]).toMatchObject({ name: "dn2", answers: "provider" });
            expect(found.hypertables[0]?.approximateRows).toBeNull();
        });

        onKilled.it("takes a dead access node for data", async () => {
            await cluster.access.kill();
            const found = await status();
            expect(found).toMatchObject({ engine: null, clusterId: null, hypertables: [] });
            expect(found.nodes.map(({ name, answers }) => [name, answers])).toEqual([
                ["access node", null],
                ["dn1", null],
                ["dn2", "provider"],
            ]);
        });
    });
});
