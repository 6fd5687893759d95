import { CONDITIONS_COLUMNS } from "../../support/life";
import { describeServers, realServersOnly } from "../../support/servers";
import { withCluster } from "../../support/withCluster";

const DATABASE = "multinode";
const CASE_TIMEOUT_MS = 180_000;
const ROWS = "SELECT '2026-01-01'::timestamptz + n * interval '1 hour', n % 10, n FROM generate_series(1, 1000) n";

/** What only multi-node has: nodes that come and go, chunks that move, and what a dead node leaves. */
describeServers("multinode", (kind) => {
    const cluster = withCluster(kind, {
        nodes: 3,
        settings: { wal_level: "logical" },
        database: DATABASE,
        built: "data nodes",
        nodeValues: { forceDestroy: true },
    });
    const { live, sql, onNode, serverOf, dataNodes: nodes } = cluster;
    const count = async (table: string): Promise<number> =>
        Number((await sql<{ count: string }>(`SELECT count(*) FROM ${table}`))[0]?.count);
    const tableOnNode = async (index: number, table: string): Promise<boolean> =>
        (await onNode<{ found: boolean }>(index, `SELECT to_regclass('${table}') IS NOT NULL AS found`))[0]?.found ??
        false;

    function tableValues(name: string, values: Record<string, unknown> = {}): Record<string, unknown> {
        return live.tableValues(name, { dataNodes: ["dn1", "dn2"], ...values });
    }

    /** The values with drainOnDelete on a node, as the resource hands it to its tables. */
    function draining(values: Record<string, unknown>, node: string): Record<string, unknown> {
        const ways = values.nodes as Record<string, object>;
        return { ...values, nodes: { ...ways, [node]: { ...ways[node], drainOnDelete: true } } };
    }

    /** What a move leaves that was cut: the first of a table's chunks is on its way, and where it was is all it holds. */
    async function cutMove(table: string, from: string, to: string): Promise<void> {
        const [chunk] = await sql<{ id: number; name: string }>(
            `SELECT k.id, format('%I.%I', k.schema_name, k.table_name) AS name
               FROM _timescaledb_catalog.chunk k
               JOIN _timescaledb_catalog.hypertable h ON h.id = k.hypertable_id AND h.table_name = $1
               JOIN _timescaledb_catalog.chunk_data_node n ON n.chunk_id = k.id AND n.node_name = $2
              ORDER BY k.id LIMIT 1`,
            [table, from],
        );
        const source = Number(from.slice("dn".length)) - 1;
        // The move makes the chunk on the other node, and then finds that its publication is there.
        const publication = `ts_copy_1_${chunk?.id}`;
        await onNode(source, `CREATE PUBLICATION ${publication}`);
        await expect(
            sql("CALL timescaledb_experimental.move_chunk($1::regclass, $2::name, $3::name)", [chunk?.name, from, to]),
        ).rejects.toMatchObject({ code: "42710" });
        await onNode(source, `DROP PUBLICATION ${publication}`);
    }

    it(
        "gets a node, with compression and the partitions that follow, and leaves it when it is empty",
        async () => {
            const table = live.hypertable("t");
            const values = tableValues("t", { schema: "own" });
            await table.create(values);
            await sql("ALTER TABLE own.t SET (timescaledb.compress, timescaledb.compress_segmentby = 'device')");
            await table.expectNoDrift();
            await table.update({ ...values, dataNodes: ["dn3", "dn1", "dn2"] });
            await table.expectNoDrift();
            expect(table.outputs.attachedDataNodes).toEqual(["dn1", "dn2", "dn3"]);
            expect(table.outputs.dimensions).toMatchObject([{ column: "time" }, { column: "device", partitions: 3 }]);
            expect(
                await onNode(
                    2,
                    `SELECT attname::text FROM timescaledb_information.compression_settings
                      WHERE segmentby_column_index IS NOT NULL`,
                ),
            ).toEqual([{ attname: "device" }]);
            await table.update(values);
            await table.expectNoDrift();
            expect(table.outputs.attachedDataNodes).toEqual(["dn1", "dn2"]);
            expect(await tableOnNode(2, "own.t")).toBe(false);
            await table.delete();
            const schemas = await sql("SELECT 1 FROM pg_namespace WHERE nspname = 'own'");
            expect(schemas).toEqual([]);
            expect(await onNode(0, "SELECT 1 FROM pg_namespace WHERE nspname = 'own'")).toEqual([]);
        },
        CASE_TIMEOUT_MS,
    );

    it(
        "keeps a number of partitions that is given while nodes come and go",
        async () => {
            const table = live.hypertable("t");
            const values = tableValues("t", { numberPartitions: 2 });
            await table.create(values);
            await table.update({ ...values, dataNodes: ["dn1", "dn2", "dn3"] });
            expect(table.outputs.dimensions).toMatchObject([{}, { partitions: 2 }]);
            await table.update({ ...values, dataNodes: ["dn1"] });
            await table.expectNoDrift();
            expect(table.outputs.dimensions).toMatchObject([{}, { partitions: 2 }]);
            await table.delete();
        },
        CASE_TIMEOUT_MS,
    );

    it(
        "leaves a node with the only copy of chunks only after they moved",
        async () => {
            const table = live.hypertable("t");
            const values = tableValues("t");
            await table.create(values);
            await sql(`INSERT INTO t ${ROWS}`);
            const fewer = { ...values, dataNodes: ["dn1"] };
            await expect(table.update(fewer)).rejects.toThrow(/LAST_COPY/);
            expect(await tableOnNode(1, "t")).toBe(true);
            await cutMove("t", "dn2", "dn1");
            await table.update(draining(fewer, "dn2"));
            expect(await count("t")).toBe(1000);
            expect(await tableOnNode(1, "t")).toBe(false);
            await table.expectNoDrift();
            await table.update({ ...draining(fewer, "dn2"), forceDestroy: true });
            await table.delete();
        },
        CASE_TIMEOUT_MS,
    );

    it(
        "says what is in the way of a node that was taken off the table by hand, and kept it",
        async () => {
            const table = live.hypertable("t");
            await table.create(tableValues("t"));
            await sql("SELECT detach_data_node('dn2', 't', force => true)");
            expect(await tableOnNode(1, "t")).toBe(true);
            await expect(table.update(tableValues("t"))).rejects.toThrow(
                /data node "dn2" still holds a table.*42P07.*DROP TABLE "public"."t".*ALREADY_EXISTS/s,
            );
            await onNode(1, 'SET timescaledb.enable_client_ddl_on_data_nodes = on; DROP TABLE "public"."t"');
            await table.update(tableValues("t"));
            await table.expectNoDrift();
            await table.delete();
        },
        CASE_TIMEOUT_MS,
    );

    it(
        "drains a data node before it is deleted, and refuses to lose the only copy",
        async () => {
            const table = live.hypertable("t");
            await table.create(tableValues("t", { forceDestroy: true }));
            await sql(`INSERT INTO t ${ROWS}`);
            const [, second] = nodes;
            await second?.update(live.nodeValues(1));
            await expect(second?.delete()).rejects.toThrow(/LAST_COPY.*|only copy of chunks: \d+ of "public.t"/);
            expect(await count("t")).toBe(1000);
            await second?.update(live.nodeValues(1, { drainOnDelete: true }));
            await second?.delete();
            expect(await count("t")).toBe(1000);
            expect(await sql("SELECT srvname::text FROM pg_foreign_server ORDER BY 1")).toEqual([
                { srvname: "dn1" },
                { srvname: "dn3" },
            ]);
            await second?.create(live.nodeValues(1));
            await table.delete();
        },
        CASE_TIMEOUT_MS,
    );

    it(
        "makes a table with rows distributed, without losing one, and keeps it at the end",
        async () => {
            await sql("CREATE TABLE old (time timestamptz NOT NULL, device integer, temp double precision)");
            await sql("CREATE INDEX own_index ON old (temp)");
            await sql(`INSERT INTO old ${ROWS}`);
            const table = live.hypertable("old");
            const values = tableValues("old", { columns: undefined });
            await expect(table.create(values)).rejects.toThrow(/HOLDS_DATA/);
            expect(await count("old")).toBe(1000);
            await table.create({ ...values, migrateData: true });
            await table.expectNoDrift();
            expect(await count("old")).toBe(1000);
            expect(table.outputs).toMatchObject({ created: { table: false } });
            expect(await tableOnNode(0, "own_index")).toBe(true);
            await table.delete();
            expect(await count("old")).toBe(1000);
            await sql("DROP TABLE old");
        },
        CASE_TIMEOUT_MS,
    );

    it(
        "takes over a distributed hypertable that was made by hand, and changes it to what is requested",
        async () => {
            await sql("CREATE TABLE hand (time timestamptz NOT NULL, device integer, temp double precision)");
            await sql(`SELECT create_distributed_hypertable('hand', 'time', 'device', data_nodes => '{dn1,dn2}')`);
            await sql(`INSERT INTO hand ${ROWS}`);
            const table = live.hypertable("hand");
            const columns = [...CONDITIONS_COLUMNS, { name: "more", type: "text", check: "more <> ''" }];
            await expect(table.create(tableValues("hand"))).rejects.toThrow(/ALREADY_EXISTS/);
            await table.create(tableValues("hand", { adopt: true, columns, chunkTimeInterval: "1 day" }));
            await table.expectNoDrift();
            expect(table.outputs).toMatchObject({ created: { table: false } });
            await table.delete();
            expect(await count("hand")).toBe(1000);
            await table.create(tableValues("hand", { adopt: true, columns, forceDestroy: true }));
            await table.delete();
            expect(await sql("SELECT 1 FROM pg_class WHERE relname = 'hand'")).toEqual([]);
        },
        CASE_TIMEOUT_MS,
    );

    it(
        "ends transactions that a crash left in doubt on the data nodes",
        async () => {
            const table = live.hypertable("t");
            await table.create(tableValues("t"));
            const [ids] = await sql<{ server: number; user: number }>(
                `SELECT s.oid AS server, 'postgres'::regrole::oid AS user
                   FROM pg_foreign_server s WHERE srvname = 'dn1'`,
            );
            // As the access node leaves it that dies between PREPARE and COMMIT: its own transaction never committed.
            await onNode(0, "SELECT 1");
            await prepare(0, "LOCK TABLE t IN ACCESS EXCLUSIVE MODE", `ts-1-3-${ids?.server}-${ids?.user}`);
            const columns = [...CONDITIONS_COLUMNS, { name: "more", type: "text" }];
            await table.update(tableValues("t", { columns }));
            await table.expectNoDrift();
            expect(await onNode(0, "SELECT gid FROM pg_prepared_xacts")).toEqual([]);
            await table.delete();
        },
        CASE_TIMEOUT_MS,
    );

    async function prepare(index: number, statement: string, name: string): Promise<void> {
        const text = `BEGIN; SET LOCAL timescaledb.enable_client_ddl_on_data_nodes = on; ${statement}; PREPARE TRANSACTION '${name}'`;
        await onNode(index, text);
    }

    realServersOnly(kind, "a server is killed").describe("with a data node gone for good", () => {
        it(
            "deletes the table only with forceDestroy, and leaves the other nodes clean",
            async () => {
                const table = live.hypertable("t");
                await table.create(tableValues("t"));
                await sql(`INSERT INTO t ${ROWS}`);
                await serverOf(1).kill();
                await table.expectNoDrift();
                await expect(table.delete()).rejects.toThrow(/HOLDS_DATA/);
                await table.update({ ...tableValues("t"), forceDestroy: true });
                await table.delete();
                expect(await sql("SELECT 1 FROM pg_class WHERE relname = 't'")).toEqual([]);
                expect(await tableOnNode(0, "t")).toBe(false);
            },
            CASE_TIMEOUT_MS,
        );

        it(
            "deletes the table also when none of its nodes is left",
            async () => {
                const table = live.hypertable("t");
                await table.create(tableValues("t", { forceDestroy: true, dataNodes: ["dn2"] }));
                await sql(`INSERT INTO t ${ROWS}`);
                await serverOf(1).kill();
                await table.delete();
                expect(await sql("SELECT 1 FROM pg_class WHERE relname = 't'")).toEqual([]);
            },
            CASE_TIMEOUT_MS,
        );

        it(
            "deletes the node with the table on it, whose other chunks stay readable",
            async () => {
                const table = live.hypertable("t");
                await table.create(tableValues("t"));
                await sql(`INSERT INTO t ${ROWS}`);
                const kept = Number((await onNode<{ count: string }>(0, "SELECT count(*) FROM t"))[0]?.count);
                await serverOf(1).kill();
                await nodes[1]?.delete();
                expect(await count("t")).toBe(kept);
                expect(kept).toBeLessThan(1000);
                await serverOf(1).restart();
                await onNode(1, `DROP DATABASE "${DATABASE}" WITH (FORCE)`, "postgres");
                await table.update({ ...tableValues("t"), dataNodes: ["dn1"], forceDestroy: true });
                await table.delete();
                await nodes[1]?.create(live.nodeValues(1));
            },
            CASE_TIMEOUT_MS,
        );
    });

    it(
        "deletes an access node with everything on it only with forceDestroy",
        async () => {
            const table = live.hypertable("t");
            await table.create(tableValues("t"));
            await sql(`INSERT INTO t ${ROWS}`);
            await expect(live.access.delete()).rejects.toThrow(/HOLDS_OTHER_OBJECTS/);
            expect(await count("t")).toBe(1000);
            await live.access.update(live.accessValues({ forceDestroy: true }));
            await live.access.delete();
            for (const node of nodes) {
                node.id = undefined;
            }
            await cluster.expectNothingLeft();
        },
        CASE_TIMEOUT_MS,
    );
});
