import { closePools } from "../../provider/postgres/pool";
import { CONDITIONS_COLUMNS, LiveCluster, type LiveResource } from "../support/life";
import { query } from "../support/query";
import { expectNoResidue, residueOf, type Residue } from "../support/residue";
import { describeServers, startCluster, START_TIMEOUT_MS, type TestCluster } from "../support/servers";

const ROWS = `INSERT INTO %T SELECT '2026-01-01'::timestamptz + n * interval '1 hour', n % 10, n FROM generate_series(1, 1000) n`;

describe.each(["multinode", "fdw"] as const)("DistributedHypertable with the engine %s", (engine) => {
    describeServers(engine, (kind) => {
        let cluster: TestCluster;
        let live: LiveCluster;
        let nodes: LiveResource[];
        let before: Residue[];

        const residue = (): Promise<Residue[]> => Promise.all(cluster.all.map(residueOf));
        const sql = <Row extends object>(text: string): Promise<Row[]> => query<Row>(cluster.access, "multinode", text);
        const count = async (table: string): Promise<number> =>
            Number((await sql<{ count: string }>(`SELECT count(*) FROM ${table}`))[0]?.count);
        const columns = async (table: string): Promise<string[]> =>
            (
                await sql<{ text: string }>(
                    `SELECT attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE '' END AS text
                       FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
                )
            ).map(({ text }) => text);

        beforeAll(async () => {
            cluster = await startCluster(kind, { nodes: 2 });
            live = new LiveCluster(cluster, "multinode");
            before = await residue();
            await live.access.create(live.accessValues());
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

        it("lives its whole life twice, with rows on both nodes", async () => {
            const table = live.hypertable("conditions");
            for (const _life of [1, 2]) {
                await table.create(live.tableValues("conditions"));
                await table.expectNoDrift();
                expect(table.outputs.attachedDataNodes).toEqual(["dn1", "dn2"]);
                await sql(ROWS.replace("%T", "conditions"));
                expect(await count("conditions")).toBe(1000);
                await table.expectNoDrift();
                await expect(table.delete()).rejects.toThrow(/HOLDS_DATA/);
                expect(await count("conditions")).toBe(1000);
                await table.update(live.tableValues("conditions", { forceDestroy: true }));
                await table.delete();
                expect(await sql("SELECT 1 FROM pg_class WHERE relname LIKE 'conditions%'")).toEqual([]);
            }
        });

        it("reads a table that is gone as gone, and deletes it without an error", async () => {
            const table = live.hypertable("gone");
            await table.create(live.tableValues("gone"));
            await sql("DROP TABLE gone CASCADE");
            if (engine === "multinode") {
                expect(await table.refresh()).toBeUndefined();
            }
            await table.delete();
        });

        const withTemp = (type: string): unknown[] =>
            CONDITIONS_COLUMNS.map((column) => (column.name === "temp" ? { ...column, type } : column));
        const changes: [string, Record<string, unknown>, Record<string, unknown>?][] = [
            ["renames the table", { tableName: "renamed" }],
            ["moves the table to a schema of its own", { schema: "metrics" }],
            ["adds a column", { columns: [...CONDITIONS_COLUMNS, { name: "humidity", type: "double precision" }] }],
            [
                "adds a column with a default, a check and not null",
                {
                    columns: [
                        ...CONDITIONS_COLUMNS,
                        { name: "level", type: "int4", nullable: false, default: "0", check: "level >= 0" },
                    ],
                },
            ],
            [
                "makes a column not null",
                {
                    columns: CONDITIONS_COLUMNS.map((column) =>
                        column.name === "temp" ? { ...column, nullable: false } : column,
                    ),
                },
            ],
            ["widens a column's type", { columns: withTemp("numeric") }, { columns: withTemp("integer") }],
            ["adds an index", { indexes: [{ columns: ["temp DESC"], where: "temp > 50" }] }],
            ["adds a unique key", { uniqueKeys: [["device", "time"]] }],
            [
                "adds a primary key",
                {
                    primaryKey: ["device", "time"],
                    columns: CONDITIONS_COLUMNS.map((column) =>
                        column.name === "device" ? { ...column, nullable: false } : column,
                    ),
                },
            ],
            ["changes the chunk interval", { chunkTimeInterval: "1 day" }],
            ["changes only its spelling", { chunkTimeInterval: "1 week" }],
            ...(engine === "multinode"
                ? ([
                      ["raises the replication factor", { replicationFactor: 2 }],
                      ["changes the number of partitions", { numberPartitions: 4 }],
                      ["detaches an empty node", { dataNodes: ["dn1"] }],
                  ] as [string, Record<string, unknown>][])
                : ([["makes the last-point table", { lastPoint: true }]] as [string, Record<string, unknown>][])),
        ];

        it.each(changes)("%s in place and back, and keeps its rows", async (_title, change, from = {}) => {
            const table = live.hypertable("changing");
            const values = live.tableValues("changing", from);
            await table.create(values);
            const name = `${String(change.schema ?? "public")}.${String(change.tableName ?? "changing")}`;
            if (!("dataNodes" in change)) {
                await sql(ROWS.replace("%T", "changing"));
            }
            const rows = await count("changing");
            await table.update({ ...values, ...change });
            expect(await count(name)).toBe(rows);
            await table.expectNoDrift();
            await table.update({ ...values, forceDestroy: true });
            expect(await count("changing")).toBe(rows);
            expect(await columns("changing")).toEqual([
                "time timestamp with time zone not null",
                "device integer",
                expect.stringMatching(/^temp /),
            ]);
            await table.delete();
        });

        it("drops a column only with forceDestroy", async () => {
            const table = live.hypertable("dropping");
            await table.create(live.tableValues("dropping"));
            const fewer = CONDITIONS_COLUMNS.slice(0, 2);
            await expect(table.update(live.tableValues("dropping", { columns: fewer }))).rejects.toThrow(/HOLDS_DATA/);
            expect(await columns("dropping")).toHaveLength(3);
            await table.update(live.tableValues("dropping", { columns: fewer, forceDestroy: true }));
            expect(await columns("dropping")).toHaveLength(2);
            await table.delete();
        });

        it("takes columns' canonical spelling for the user's", async () => {
            const table = live.hypertable("spelled");
            const values = live.tableValues("spelled", {
                columns: [
                    { name: "time", type: "timestamp with time zone", nullable: false, default: "CURRENT_TIMESTAMP" },
                    { name: "device", type: "int4", check: "(device>0) and device<100" },
                    { name: "temp", type: "float8" },
                    { name: "label", type: "character varying(20)", collation: "C", default: "'none'" },
                ],
                chunkTimeInterval: "1 week",
            });
            await table.create(values);
            await table.expectNoDrift();
            await table.update(values);
            await table.delete();
        });

        it.each(["dot.ted", "select", "über größe", "new\nline", "x".repeat(63), "'; DROP TABLE t; --", "Mixed Case"])(
            "takes the name %j for schema, table and column as it is",
            async (name) => {
                const table = live.hypertable(name);
                await table.create(
                    live.tableValues(name, {
                        schema: name,
                        columns: [
                            { name, type: "timestamptz", nullable: false },
                            { name: "key", type: "text" },
                        ],
                        timeColumn: name,
                        partitioningColumn: "key",
                    }),
                );
                await table.expectNoDrift();
                await table.delete();
            },
        );
    });
});
