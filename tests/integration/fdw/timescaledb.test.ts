/** Data nodes with TimescaleDB beside one without, under an access node of another version of PostgreSQL. */
import { forgetSnapshots } from "../../../provider/engines/run/snapshot";
import { closePools } from "../../../provider/postgres/pool";
import { LiveCluster, type LiveResource } from "../../support/life";
import { query } from "../../support/query";
import { expectNoResidue, residueOf, type Residue } from "../../support/residue";
import {
    newestFdwServer,
    multinodeServers,
    skipReasons,
    START_TIMEOUT_MS,
    startOne,
    type TestCluster,
} from "../../support/servers";

const TIMEOUT_MS = 60_000;
const [timescaledb] = multinodeServers;
const plain = newestFdwServer;
const accessKinds = [timescaledb, plain].filter((kind) => kind !== undefined);

async function startMixed(access: (typeof accessKinds)[number]): Promise<TestCluster> {
    if (timescaledb === undefined || plain === undefined) {
        throw new Error("skipped without both kinds");
    }
    const all = await Promise.all([access, timescaledb, plain].map((kind) => startOne(kind)));
    const [first, ...nodes] = all;
    if (first === undefined) {
        throw new Error("no server started");
    }
    const stop = async (): Promise<void> => void (await Promise.all(all.map((server) => server.stop())));
    return { kind: access, access: first, nodes, all, stop };
}

const describeMixed =
    accessKinds.length === 2 ? describe.each(accessKinds) : describe.skip.each([{ name: skipReasons.multinode }]);

describeMixed("The engine fdw with the access node on $name", (access) => {
    let cluster: TestCluster;
    let live: LiveCluster;
    let nodes: LiveResource[];
    let before: Residue[];

    const residue = (): Promise<Residue[]> => Promise.all(cluster.all.map(residueOf));
    const sql = <Row extends object>(text: string): Promise<Row[]> => query<Row>(cluster.access, "cluster", text);
    const onNode = <Row extends object>(text: string): Promise<Row[]> =>
        query<Row>(cluster.nodes[0] as TestCluster["access"], "cluster", text);

    beforeAll(async () => {
        cluster = await startMixed(access as (typeof accessKinds)[number]);
        before = await residue();
        live = new LiveCluster(cluster, "cluster");
        await live.access.create(live.accessValues({ engine: "fdw" }));
        nodes = [live.node(0), live.node(1)];
        await Promise.all(nodes.map((node, index) => node.create(live.nodeValues(index))));
    }, START_TIMEOUT_MS);

    afterAll(async () => {
        for (const node of nodes ?? []) {
            await node.delete();
        }
        await live?.access.delete();
        await closePools();
        expectNoResidue(before, await residue());
        await cluster?.stop();
    }, START_TIMEOUT_MS);

    it("has functions of timescaledb sent where both sides have them", async () => {
        const both = access === timescaledb ? [{ srvname: "dn1" }] : [];
        expect(
            await sql("SELECT srvname FROM pg_foreign_server WHERE 'extensions=timescaledb' = ANY (srvoptions)"),
        ).toEqual(both);
        for (const node of nodes) {
            await node.expectNoDrift();
        }
    });

    it(
        "makes hypertables there and plain tables elsewhere, and reads both",
        async () => {
            const table = live.hypertable("conditions");
            const values = live.tableValues("conditions", { lastPoint: true, chunkTimeInterval: "1 week" });
            await table.create(values);
            await table.expectNoDrift();
            await sql(
                "INSERT INTO conditions SELECT '2026-01-01'::timestamptz + n * interval '1 day', d, n " +
                    "FROM generate_series(1, 20) d, generate_series(1, 30) n",
            );
            expect(await onNode("SELECT count(*) FROM timescaledb_information.hypertables")).toEqual([{ count: "4" }]);
            expect(await sql("SELECT count(*), count(DISTINCT device) AS devices FROM conditions")).toEqual([
                { count: "600", devices: "20" },
            ]);
            expect(await sql("SELECT count(*), min(temp) FROM conditions_last")).toEqual([{ count: "20", min: 30 }]);
            await table.update({ ...values, chunkTimeInterval: "12 hours" });
            await table.expectNoDrift();
            expect(
                await onNode("SELECT DISTINCT time_interval::text AS interval FROM timescaledb_information.dimensions"),
            ).toEqual([{ interval: "12:00:00" }]);
            await onNode("SELECT set_chunk_time_interval('conditions_s0', interval '3 days')");
            forgetSnapshots();
            expect(await table.refresh()).toMatchObject({ chunkTimeInterval: "259200 seconds" });
            await table.update({ ...values, tableName: "renamed", schema: "other", chunkTimeInterval: "12 hours" });
            await table.expectNoDrift();
            expect(await sql("SELECT count(*) FROM other.renamed")).toEqual([{ count: "600" }]);
            await expect(table.delete()).rejects.toThrow(/holds 600 rows in 8 shards.*HOLDS_DATA/);
            await table.update({ ...values, tableName: "renamed", schema: "other", forceDestroy: true });
            await table.delete();
        },
        TIMEOUT_MS,
    );

    it.each([
        ["1 year", 360],
        ["1 month", 30],
        ["1 year 2 months 3 days", 423],
    ])(
        "makes chunks of %s, which TimescaleDB counts as %d days, and sees no drift",
        async (chunkTimeInterval, days) => {
            const table = live.hypertable("years");
            await table.create(live.tableValues("years", { chunkTimeInterval, numberPartitions: 2 }));
            expect(
                await onNode("SELECT DISTINCT time_interval::text AS interval FROM timescaledb_information.dimensions"),
            ).toEqual([{ interval: `${days} days` }]);
            await table.expectNoDrift();
            await table.delete();
        },
        TIMEOUT_MS,
    );

    it(
        "deletes a row in one chunk only",
        async () => {
            const table = live.hypertable("chunks");
            await table.create(live.tableValues("chunks", { numberPartitions: 2 }));
            await sql(
                "INSERT INTO chunks SELECT '2026-01-01'::timestamptz + n * interval '10 days', 1, n FROM generate_series(1, 3) n",
            );
            await sql("DELETE FROM chunks WHERE temp = 2");
            expect(await sql("SELECT temp FROM chunks ORDER BY 1")).toEqual([{ temp: 1 }, { temp: 3 }]);
            await sql("DELETE FROM chunks");
            await table.delete();
        },
        TIMEOUT_MS,
    );

    it(
        "needs the time column in unique keys, as hypertables do",
        async () => {
            const table = live.hypertable("keys");
            await expect(table.create(live.tableValues("keys", { uniqueKeys: [["device"]] }))).rejects.toThrow(
                /lacks time.*NOT_SUPPORTED/,
            );
        },
        TIMEOUT_MS,
    );
});
