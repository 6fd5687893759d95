/** Data nodes with TimescaleDB beside one without, under an access node of another version of PostgreSQL. */
import { forgetSnapshots } from "../../../provider/engines/run/snapshot";
import {
    newestFdwServer,
    multinodeServers,
    skipReasons,
    startOne,
    type ServerKind,
    type TestCluster,
} from "../../support/servers";
import { withCluster } from "../../support/withCluster";

const TIMEOUT_MS = 60_000;
const [timescaledb] = multinodeServers;
const plain = newestFdwServer;
const accessKinds = [timescaledb, plain].filter((kind) => kind !== undefined);

async function startMixed(access: ServerKind): Promise<TestCluster> {
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
    const kind = access as ServerKind;
    const cluster = withCluster(kind, {
        start: () => startMixed(kind),
        built: "data nodes",
        per: "block",
        accessValues: { engine: "fdw" },
    });
    const { live, sql, dataNodes } = cluster;
    const onNode = <Row extends object>(text: string): Promise<Row[]> => cluster.onNode<Row>(0, text);

    it("has functions of timescaledb sent where both sides have them", async () => {
        const both = access === timescaledb ? [{ srvname: "dn1" }] : [];
        expect(
            await sql("SELECT srvname FROM pg_foreign_server WHERE 'extensions=timescaledb' = ANY (srvoptions)"),
        ).toEqual(both);
        for (const node of dataNodes) {
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
