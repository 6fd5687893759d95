import { setTimeout as sleep } from "node:timers/promises";
import { loadRows, type LoadRowsArgs, type Row } from "../../../provider";
import { closePools } from "../../../provider/postgres/pool";
import { startFaultProxy } from "../../support/faultProxy";
import { LiveCluster, type LiveResource } from "../../support/life";
import { query } from "../../support/query";
import { describeServers, startCluster, START_TIMEOUT_MS, type TestCluster } from "../../support/servers";

const START = Date.UTC(2026, 0, 1);

/** Devices 0 to 9, a row a minute. */
function* conditions(count: number): Generator<Row> {
    for (let n = 0; n < count; n++) {
        yield [new Date(START + n * 60_000), n % 10, n / 4];
    }
}

describe.each(["fdw", "multinode"] as const)("loadRows with the engine %s", (engine) => {
    describeServers(
        engine,
        (kind) => {
            let cluster: TestCluster;
            let live: LiveCluster;
            let nodes: LiveResource[];
            let table: LiveResource;
            const values = (): Record<string, unknown> => live.tableValues("conditions", { forceDestroy: true });

            const sql = <Result extends object>(text: string): Promise<Result[]> =>
                query<Result>(cluster.access, "cluster", text);
            const load = (rows: LoadRowsArgs["rows"], more: Partial<LoadRowsArgs> = {}): ReturnType<typeof loadRows> =>
                loadRows({
                    connection: live.connectionOf(cluster.access) as { host: string },
                    database: "cluster",
                    dataNodes: cluster.nodes.map((server, index) => ({
                        nodeName: `dn${index + 1}`,
                        connection: live.connectionOf(server) as { host: string },
                    })),
                    table: "conditions",
                    rows,
                    ...more,
                });
            const count = async (): Promise<number> =>
                Number((await sql<{ count: string }>("SELECT count(*) FROM conditions"))[0]?.count);

            beforeAll(async () => {
                cluster = await startCluster(kind, { nodes: 2 });
                live = new LiveCluster(cluster, "cluster");
                await live.access.create(live.accessValues({ engine }));
                nodes = [live.node(0), live.node(1)];
                for (const [index, node] of nodes.entries()) {
                    await node.create(live.nodeValues(index));
                }
                table = live.hypertable("conditions");
                await table.create(values());
            }, START_TIMEOUT_MS);

            beforeEach(() => sql("DELETE FROM conditions"));

            afterAll(async () => {
                await table?.delete();
                for (const node of nodes ?? []) {
                    await node.delete();
                }
                await live?.access.delete();
                await closePools();
                await cluster?.stop();
            }, START_TIMEOUT_MS);

            it("brings every row to where the cluster finds it, and says how far it is", async () => {
                const seen: number[] = [];
                const result = await load(conditions(50_000), { onProgress: ({ rows }) => seen.push(rows) });
                expect(result.rows).toBe(50_000);
                expect(Object.values(result.nodes).reduce((a, b) => a + b, 0)).toBe(50_000);
                expect(Object.keys(result.nodes)).toEqual(engine === "fdw" ? ["dn1", "dn2"] : ["access node"]);
                expect(seen).toEqual([...seen].sort((a, b) => a - b));
                expect(seen.at(-1)).toBe(50_000);
                expect(
                    await sql("SELECT count(*), sum(temp), min(time), max(time) FROM conditions WHERE device = 3"),
                ).toEqual([
                    {
                        count: "5000",
                        sum: 31_247_500,
                        min: new Date(START + 3 * 60_000),
                        max: new Date(START + 49_993 * 60_000),
                    },
                ]);
            });

            it("takes objects, rows as they come, some columns, and any text", async () => {
                const text = live.hypertable("texts");
                await text.create(
                    live.tableValues("texts", {
                        forceDestroy: true,
                        columns: [
                            { name: "time", type: "timestamptz", nullable: false },
                            { name: "De vice", type: "text" },
                            { name: "note", type: "jsonb" },
                            { name: "more", type: "integer[]" },
                        ],
                        partitioningColumn: "De vice",
                    }),
                );
                const devices = [
                    "plain",
                    "",
                    "\\N",
                    "tab\tand\nline\\",
                    "NULL",
                    "ünï 😀",
                    ...(engine === "fdw" ? [null] : []),
                ];
                async function* source(): AsyncGenerator<Row> {
                    for (const device of devices) {
                        yield { "De vice": device, time: "2026-01-01 00:00Z", more: [1, null] };
                    }
                }
                const columns = ["time", "De vice", "more"];
                await expect(load(source(), { table: "texts", columns })).resolves.toMatchObject({
                    rows: devices.length,
                });
                const found = await sql<{ device: string | null }>(
                    'SELECT "De vice" AS device, note, more FROM texts ORDER BY 1 NULLS LAST',
                );
                expect(new Set(found.map(({ device }) => device))).toEqual(new Set(devices));
                expect(found[0]).toMatchObject({ note: null, more: [1, null] });
                for (const device of devices) {
                    const [hit] = await query<{ count: string }>(
                        cluster.access,
                        "cluster",
                        'SELECT count(*) FROM texts WHERE "De vice" IS NOT DISTINCT FROM $1',
                        [device],
                    );
                    expect(hit?.count).toBe("1");
                }
                await text.delete();
            });

            it("brings the same values whatever form they are given in", async () => {
                const columns = [
                    { name: "time", type: "timestamptz", nullable: false },
                    { name: "device", type: "bigint" },
                    { name: "local", type: "timestamp(3)" },
                    { name: "small", type: "smallint" },
                    { name: "whole", type: "integer" },
                    { name: "single", type: "real" },
                    { name: "double", type: "double precision" },
                    { name: "yes", type: "boolean" },
                    { name: "note", type: "text" },
                    { name: "short", type: "varchar(8)" },
                ];
                const forms = live.hypertable("forms");
                await forms.create(live.tableValues("forms", { forceDestroy: true, columns }));
                const time = new Date("1969-12-31T23:59:59.999Z");
                const late = new Date("9999-12-31T23:59:59.999Z");
                const given: Row[] = [
                    [time, 1, late, -32768, -(2 ** 31), 0.5, 0.1, true, "tab\tünï 😀\\", ""],
                    [late, 2n ** 40n, time, 32767, 2 ** 31 - 1, -0.25, -1e300, false, "", "12345678"],
                    [time, -(2 ** 52), time, 0, -1, Infinity, NaN, true, "\\N", "\n"],
                    [time, 4, null, null, null, null, null, null, null, null],
                ];
                const texts = given.map((row) =>
                    (row as unknown[]).map((value) =>
                        value instanceof Date ? value.toISOString() : value === null ? null : String(value),
                    ),
                );
                const stored = (): Promise<object[]> =>
                    sql("SELECT f::text AS row FROM (SELECT * FROM forms) f ORDER BY device");
                await load(given, { table: "forms" });
                const asGiven = await stored();
                expect(asGiven).toHaveLength(4);
                await sql("DELETE FROM forms");
                await load(texts, { table: "forms" });
                expect(await stored()).toEqual(asGiven);
                await sql("DELETE FROM forms");
                // Row by row in turn, and values that fit no bits but are read all the same.
                await load(
                    given.flatMap((row, place) => [row, texts[place] as Row]),
                    { table: "forms" },
                );
                await load([[time, "7", "2026-01-01", "5", "6", "1e-3", "1", "on", 8, 9]], { table: "forms" });
                expect(await sql("SELECT count(*)::int, count(DISTINCT f::text)::int AS kinds FROM forms f")).toEqual([
                    { count: 9, kinds: 5 },
                ]);
                await expect(
                    load([[time, 1, time, 2 ** 15, 0, 0, 0, true, "", ""]], { table: "forms" }),
                ).rejects.toThrow(/out of range for type smallint/);
                await expect(load([[time, 1, time, 1.5, 0, 0, 0, true, "", ""]], { table: "forms" })).rejects.toThrow(
                    /invalid input syntax for type smallint: "1.5"/,
                );
                await expect(
                    load([[time, 1, time, 1, 0, 0, 0, true, "", "123456789"]], { table: "forms" }),
                ).rejects.toThrow(/too long for type character varying\(8\)/);
                await forms.delete();
            });

            it.each([
                [
                    "a value that is none",
                    [START, 1, undefined],
                    /row 30001: column temp: undefined is no value.*INVALID_ARGUMENT/,
                ],
                ["too few values", [new Date(), 1], /row 30001: 2 values for 3 columns.*INVALID_ARGUMENT/],
                [
                    "a value of another type",
                    [new Date(), 1, "warm"],
                    /could not load rows into "public.conditions".*"warm".*SERVER_ERROR/,
                ],
                ["a key of another type", [new Date(), "seven", 1], /"seven".*SERVER_ERROR/],
                ["no time", [null, 1, 1], /23502.*SERVER_ERROR/],
            ])("leaves no row behind where one has %s", async (_what, row, message) => {
                function* rows(): Generator<Row> {
                    yield* conditions(30_000);
                    yield row;
                    yield* conditions(30_000);
                }
                await expect(load(rows())).rejects.toThrow(message);
                expect(await count()).toBe(0);
            });

            it("leaves no row behind where the source fails, and hands on its error", async () => {
                async function* rows(): AsyncGenerator<Row> {
                    yield* conditions(30_000);
                    throw new RangeError("the file ends here");
                }
                await expect(load(rows())).rejects.toThrow(new RangeError("the file ends here"));
                expect(await count()).toBe(0);
            });

            it("ends the source where the servers refuse", async () => {
                let ended = false;
                function* rows(): Generator<Row> {
                    try {
                        yield [null, 1, 1];
                        for (;;) {
                            yield* conditions(1_000);
                        }
                    } finally {
                        ended = true;
                    }
                }
                await expect(load(rows())).rejects.toThrow(/23502/);
                // The source is told to end, and nobody waits for it.
                for (let tries = 0; !ended && tries < 100; tries++) {
                    await sleep(10);
                }
                expect(ended).toBe(true);
            });

            it("reads no faster than the servers take", async () => {
                const wide = live.hypertable("wide");
                const columns = [
                    { name: "time", type: "timestamptz", nullable: false },
                    { name: "device", type: "integer" },
                    { name: "note", type: "text" },
                ];
                await wide.create(live.tableValues("wide", { forceDestroy: true, columns }));
                const note = "n".repeat(40_000);
                let [read, taken, furthest] = [0, 0, 0];
                function* rows(): Generator<Row> {
                    for (let n = 0; n < 1_500; n++) {
                        furthest = Math.max(furthest, ++read - taken);
                        yield [new Date(START + n), n % 10, note];
                    }
                }
                await load(rows(), { table: "wide", onProgress: (progress) => (taken = progress.rows) });
                expect(taken).toBe(1_500);
                expect(furthest).toBeLessThan(500);
                await wide.delete();
            });

            it.each([
                [{ table: "nothing" }, /there is no table "public.nothing".*NOT_FOUND/],
                [{ columns: ["time", "device", "warmth"] }, /warmth/],
                [{ columns: ["time", "time"] }, /columns.*INVALID_ARGUMENT/],
                [{ rows: 5 as unknown as Row[] }, /rows: expected something to iterate over.*INVALID_ARGUMENT/],
                [{ database: "elsewhere" }, /NOT_FOUND/],
            ])("refuses %p", async (wrong, message) => {
                await expect(load([], wrong)).rejects.toThrow(message);
            });

            it("takes no rows at all", async () => {
                await expect(load([])).resolves.toMatchObject({ rows: 0 });
            });

            if (engine === "fdw") {
                it("refuses to leave out a column whose default only the access node knows", async () => {
                    const columns = [
                        { name: "time", type: "timestamptz", nullable: false, default: "now()" },
                        { name: "device", type: "integer" },
                        { name: "temp", type: "double precision" },
                    ];
                    await table.update({ ...values(), columns });
                    await expect(load([[1, 2]], { columns: ["device", "temp"] })).rejects.toThrow(
                        /leaves out time, whose default.*INVALID_ARGUMENT/,
                    );
                    await expect(load([[1, new Date()]], { columns: ["device", "time"] })).resolves.toMatchObject({
                        rows: 1,
                    });
                    await table.update(values());
                });

                it("refuses rows for a shard that is detached, and takes others", async () => {
                    await nodes[1]?.update(live.nodeValues(1, { available: false }));
                    await expect(load(conditions(100))).rejects.toThrow(
                        /the shard of key \d is not attached.*available: true.*NOT_FOUND/,
                    );
                    const [kept] = await query<{ device: number }>(
                        cluster.access,
                        "cluster",
                        "SELECT d AS device FROM generate_series(0, 9) d WHERE satisfies_hash_partition('conditions'::regclass, 8, 0, d)",
                    );
                    const rows: Row[] = kept === undefined ? [] : [[new Date(), kept.device, 1]];
                    await expect(load(rows)).resolves.toMatchObject({ nodes: { dn1: rows.length } });
                    await nodes[1]?.update(live.nodeValues(1));
                });

                it("says whose rows are there where a node is lost while all commit", async () => {
                    const [, second] = cluster.nodes;
                    const proxy = await startFaultProxy(second as TestCluster["access"]);
                    proxy.killBefore(1, /^COMMIT/);
                    const ways = cluster.nodes.map((server, index) => ({
                        nodeName: `dn${index + 1}`,
                        connection: {
                            ...(live.connectionOf(server) as { host: string }),
                            ...(index === 1 ? { port: proxy.port, sslMode: "disable" as const } : {}),
                        },
                    }));
                    await expect(load(conditions(1_000), { dataNodes: ways })).rejects.toThrow(
                        /data node dn2.*The rows for dn1 are committed, of those for dn2 it is not known/,
                    );
                    await proxy.stop();
                    const left = await count();
                    expect(left).toBeGreaterThan(0);
                    expect(left).toBeLessThan(1_000);
                });
            }
        },
        { notRecorded: "rows are streamed, some of them without end" },
    );
});
