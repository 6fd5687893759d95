/** What the layout of the engine fdw keeps from happening, by what a user and a role of little rights see. */
import { forgetSnapshots } from "../../../provider/engines/run/snapshot";
import { LiveCluster, type LiveResource } from "../../support/life";
import { query } from "../../support/query";
import { describeServers, startCluster, START_TIMEOUT_MS, type TestCluster } from "../../support/servers";

const TIMEOUT_MS = 60_000;

describeServers("fdw", (kind) => {
    let cluster: TestCluster;
    let live: LiveCluster;
    let nodes: LiveResource[];
    let table: LiveResource;

    const sql = <Row extends object>(text: string): Promise<Row[]> => query<Row>(cluster.access, "cluster", text);
    const onNode = <Row extends object>(text: string): Promise<Row[]> =>
        query<Row>(cluster.nodes[0] as TestCluster["access"], "cluster", text);

    beforeAll(async () => {
        cluster = await startCluster(kind, { nodes: 2 });
        live = new LiveCluster(cluster, "cluster");
        await live.access.create(live.accessValues());
        for (const server of cluster.nodes) {
            await query(server, "postgres", "CREATE ROLE app LOGIN PASSWORD 'for the app'");
        }
        nodes = [live.node(0), live.node(1)];
        await Promise.all(
            nodes.map((node, index) => node.create(live.nodeValues(index, { user: "app", password: "for the app" }))),
        );
        table = live.hypertable("conditions");
        await table.create(
            live.tableValues("conditions", { schema: "plant", lastPoint: true, uniqueKeys: [["device", "time"]] }),
        );
    }, START_TIMEOUT_MS);

    beforeEach(async () => {
        await sql("DELETE FROM plant.conditions");
        await sql(
            "INSERT INTO plant.conditions SELECT '2026-01-01'::timestamptz + n * interval '1 day', d, n " +
                "FROM generate_series(1, 20) d, generate_series(1, 3) n",
        );
    });

    afterAll(async () => {
        await table?.update(
            live.tableValues("conditions", {
                schema: "plant",
                lastPoint: true,
                uniqueKeys: [["device", "time"]],
                forceDestroy: true,
            }),
        );
        await table?.delete();
        for (const node of nodes ?? []) {
            await node.delete();
        }
        await live?.access.delete();
        await cluster?.stop();
    }, START_TIMEOUT_MS);

    it("gives the access node's role the views and not the shards", async () => {
        await table.expectNoDrift();
        const [rights] = await onNode(
            `SELECT has_table_privilege('app', 'plant.conditions_s0', 'SELECT') AS shard,
                    has_table_privilege('app', 'plant.conditions_s0_v', 'SELECT, INSERT, UPDATE, DELETE') AS view,
                    has_table_privilege('app', 'plant.conditions_s0_last', 'SELECT') AS last`,
        );
        expect(rights).toEqual({ shard: false, view: true, last: true });
    });

    it("keeps each device on one node, and prunes queries for it to one shard", async () => {
        const held = await Promise.all(
            cluster.nodes.map(async (server, node) =>
                (
                    await query<{ device: number }>(
                        server,
                        "cluster",
                        [0, 1, 2, 3, 4, 5, 6, 7]
                            .filter((shard) => shard % 2 === node)
                            .map((shard) => `SELECT device FROM plant.conditions_s${shard}`)
                            .join(" UNION "),
                    )
                ).map(({ device }) => device),
            ),
        );
        expect(held.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
        const plan = await sql<{ "QUERY PLAN": string }>(
            "EXPLAIN (VERBOSE, COSTS off) SELECT avg(temp) FROM plant.conditions WHERE device = 7",
        );
        expect(plan.filter((row) => row["QUERY PLAN"].includes("Foreign Scan"))).toHaveLength(1);
    });

    it("refuses a row that an update would leave in the wrong shard", async () => {
        await expect(sql("UPDATE plant.conditions SET device = device + 1000 WHERE device = 1")).rejects.toMatchObject({
            code: "23514",
        });
        expect(await sql("SELECT count(*) FROM plant.conditions WHERE device = 1")).toEqual([{ count: "3" }]);
    });

    it("refuses a row that is put into the wrong shard on the node itself", async () => {
        const outcomes = await Promise.all(
            [0, 2, 4, 6].map((shard) =>
                onNode(`INSERT INTO plant.conditions_s${shard}_v VALUES (now(), 7, 1)`).then(
                    () => "taken",
                    (error: { code: string }) => error.code,
                ),
            ),
        );
        expect(outcomes.filter((outcome) => outcome === "23514").length).toBeGreaterThanOrEqual(3);
    });

    it("refuses what postgres_fdw would do by ctid, with nothing changed", async () => {
        const unsafe =
            "DELETE FROM plant.conditions WHERE temp < 2 AND time < now() + random() * interval '1 day' + interval '99 years'";
        await expect(sql(unsafe)).rejects.toMatchObject({ code: "42703" });
        expect(await sql("SELECT count(*) FROM plant.conditions")).toEqual([{ count: "60" }]);
        await sql("DELETE FROM plant.conditions WHERE temp = 1");
        expect(await sql("SELECT count(*) FROM plant.conditions")).toEqual([{ count: "40" }]);
    });

    it("holds unique keys over all shards", async () => {
        await expect(
            sql("INSERT INTO plant.conditions SELECT time, device, 0 FROM plant.conditions LIMIT 1"),
        ).rejects.toMatchObject({ code: "23505" });
    });

    it("keeps rows without a device in one shard, and finds them", async () => {
        await sql("INSERT INTO plant.conditions VALUES (now(), NULL, 1), (now(), NULL, 2)");
        expect(await sql("SELECT count(*) FROM plant.conditions WHERE device IS NULL")).toEqual([{ count: "2" }]);
    });

    it("answers the newest row of each device, and takes none", async () => {
        expect(await sql("SELECT count(*), min(temp) FROM plant.conditions_last")).toEqual([{ count: "20", min: 3 }]);
        await expect(sql("INSERT INTO plant.conditions_last VALUES (now(), 1, 1)")).rejects.toThrow(
            /does not allow inserts/,
        );
    });

    it(
        "is mended where somebody took parts away on a node or on the access node",
        async () => {
            await onNode("ALTER TABLE plant.conditions_s0 DROP CONSTRAINT shard_guard");
            await onNode("REVOKE INSERT ON plant.conditions_s2_v FROM app");
            await onNode("DROP VIEW plant.conditions_s4_last");
            await sql("DROP FOREIGN TABLE plant.conditions_s1");
            await sql("COMMENT ON TABLE plant.conditions IS NULL");
            forgetSnapshots();
            await table.refresh();
            expect(String(table.outputs.incomplete)).toMatch(
                /add guard of table .*grant .*create view .*create foreign table /s,
            );
            await table.update(
                live.tableValues("conditions", { schema: "plant", lastPoint: true, uniqueKeys: [["device", "time"]] }),
            );
            await table.expectNoDrift();
            expect(await sql("SELECT count(*) FROM plant.conditions")).toEqual([{ count: "60" }]);
        },
        TIMEOUT_MS,
    );

    it(
        "keeps others' rights on a view that is made anew",
        async () => {
            const values = live.tableValues("rights", {
                columns: [
                    { name: "time", type: "timestamptz", nullable: false },
                    { name: "device", type: "integer" },
                    { name: "temp", type: "real" },
                ],
            });
            const rights = live.hypertable("rights");
            await rights.create(values);
            await onNode("CREATE ROLE reader");
            await onNode("GRANT SELECT ON rights_s0_v TO reader");
            const wider = (values.columns as { name: string; type: string }[]).map((column) =>
                column.name === "temp" ? { ...column, type: "double precision" } : column,
            );
            await rights.update({ ...values, columns: wider });
            expect(await onNode("SELECT has_table_privilege('reader', 'rights_s0_v', 'SELECT') AS may")).toEqual([
                { may: true },
            ]);
            await rights.expectNoDrift();
            await rights.delete();
            await onNode("DROP ROLE reader");
        },
        TIMEOUT_MS,
    );
});
