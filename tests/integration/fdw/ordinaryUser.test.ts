/** A cluster whose user is no superuser: a superuser has prepared the access node's database and nothing else. */
import { CONDITIONS_COLUMNS } from "../../support/life";
import { query } from "../../support/query";
import { describeServers, type TestCluster } from "../../support/servers";
import { withCluster } from "../../support/withCluster";

const DATABASE = "metrics";
const ROLE = "app";
const TIMEOUT_MS = 60_000;

async function prepare({ access, all }: TestCluster): Promise<void> {
    for (const server of all) {
        await query(server, "postgres", `CREATE ROLE ${ROLE} LOGIN CREATEDB PASSWORD '${server.password}'`);
    }
    await query(access, "postgres", `CREATE DATABASE ${DATABASE} OWNER ${ROLE}`);
    await query(access, DATABASE, "CREATE EXTENSION postgres_fdw");
    await query(access, DATABASE, `GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO ${ROLE}`);
}

describeServers("fdw", (kind) => {
    const cluster = withCluster(kind, { database: DATABASE, prepare });
    const { live } = cluster;
    const asUser = (text: string): Promise<object[]> => {
        const { host, port, password } = cluster.access;
        return query({ host, port, user: ROLE, password }, DATABASE, text);
    };

    it(
        "lives its whole life twice, and leaves nothing",
        async () => {
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
                await cluster.expectNothingLeft();
            }
        },
        TIMEOUT_MS,
    );
});
