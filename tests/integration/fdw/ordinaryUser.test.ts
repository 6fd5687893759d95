/** A cluster whose user is no superuser: a superuser has prepared the access node's database and nothing else. */
import { closePools } from "../../../provider/postgres/pool";
import { CONDITIONS_COLUMNS, LiveCluster } from "../../support/life";
import { query } from "../../support/query";
import { expectNoResidue, residueOf, type Residue } from "../../support/residue";
import { describeServers, startCluster, START_TIMEOUT_MS, type TestCluster } from "../../support/servers";

const DATABASE = "metrics";
const ROLE = "app";
const TIMEOUT_MS = 60_000;

describeServers("fdw", (kind) => {
    let cluster: TestCluster;
    let before: Residue[];

    const residue = async (): Promise<Residue[]> => {
        await closePools();
        return Promise.all(cluster.all.map(residueOf));
    };
    const asUser = (text: string): Promise<object[]> => {
        const { host, port, password } = cluster.access;
        return query({ host, port, user: ROLE, password }, DATABASE, text);
    };

    beforeAll(async () => {
        cluster = await startCluster(kind, { nodes: 2 });
        for (const server of cluster.all) {
            await query(server, "postgres", `CREATE ROLE ${ROLE} LOGIN CREATEDB PASSWORD '${server.password}'`);
        }
        await query(cluster.access, "postgres", `CREATE DATABASE ${DATABASE} OWNER ${ROLE}`);
        await query(cluster.access, DATABASE, "CREATE EXTENSION postgres_fdw");
        await query(cluster.access, DATABASE, `GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${ROLE}`);
        before = await residue();
    }, START_TIMEOUT_MS);
    afterAll(() => cluster?.stop());

    it(
        "lives its whole life twice, and leaves nothing",
        async () => {
            const live = new LiveCluster(cluster, DATABASE);
            const connectionOf = (server: TestCluster["access"]): Record<string, unknown> => ({
                ...live.connectionOf(server),
                user: ROLE,
            });
            const nodeValues = (index: number, more: object = {}): Record<string, unknown> =>
                live.nodeValues(index, {
                    connection: connectionOf(cluster.nodes[index] as TestCluster["access"]),
                    ...more,
                });
            for (const _life of [1, 2]) {
                const connection = connectionOf(cluster.access);
                // A database that is kept keeps the extension.
                await live.access.create({ connection, database: DATABASE, adopt: true, timescaledb: "none" });
                await live.access.expectNoDrift();
                const nodes = [live.node(0), live.node(1)];
                for (const [index, node] of nodes.entries()) {
                    await node.create(nodeValues(index));
                    await node.update(nodeValues(index, { serverOptions: { fetch_size: "77" } }));
                    await node.expectNoDrift();
                }
                const places = Object.fromEntries(
                    cluster.nodes.map((server, index) => [`dn${index + 1}`, { connection: connectionOf(server) }]),
                );
                const table = live.hypertable("conditions");
                const first = { nodes: places, schema: "plant", primaryKey: ["device", "time"], lastPoint: true };
                await table.create(live.tableValues("conditions", first));
                await table.expectNoDrift();
                await asUser("INSERT INTO plant.conditions SELECT now(), n, n FROM generate_series(1, 20) n");
                expect(await asUser("SELECT count(*)::int AS rows FROM plant.conditions_last")).toEqual([{ rows: 20 }]);
                const columns = [...CONDITIONS_COLUMNS, { name: "level", type: "integer" }];
                await table.update(
                    live.tableValues("conditions", {
                        ...first,
                        columns,
                        indexes: [{ columns: ["level"] }],
                        forceDestroy: true,
                    }),
                );
                await table.expectNoDrift();
                await table.delete();
                for (const node of nodes) {
                    await node.delete();
                }
                await live.access.delete();
                expectNoResidue(before, await residue());
            }
        },
        TIMEOUT_MS,
    );
});
