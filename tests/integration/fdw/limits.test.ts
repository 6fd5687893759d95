/** The limits of the engine fdw, each by what a user sees. They are listed in docs/engines/fdw.md. */
import { closePools, withSession } from "../../../provider/postgres/pool";
import { connectionTo } from "../../support/connections";
import { LiveCluster } from "../../support/life";
import { query } from "../../support/query";
import { describeServers, startCluster, START_TIMEOUT_MS, type TestCluster } from "../../support/servers";

describeServers("fdw", (kind) => {
    let cluster: TestCluster;
    let live: LiveCluster;
    const nodeOf = (index: number): TestCluster["access"] => cluster.nodes[index] as TestCluster["access"];
    const sql = <Row extends object>(text: string): Promise<Row[]> => query<Row>(cluster.access, "cluster", text);
    const held = async (): Promise<{ count: string; sum: number }> =>
        (await sql<{ count: string; sum: number }>("SELECT count(*), sum(temp) FROM conditions"))[0] as never;
    const explain = async (text: string): Promise<string> =>
        (await sql<{ "QUERY PLAN": string }>(`EXPLAIN (VERBOSE, COSTS off) ${text}`))
            .map((row) => row["QUERY PLAN"])
            .join("\n");

    beforeAll(async () => {
        cluster = await startCluster(kind, { nodes: 2 });
        live = new LiveCluster(cluster, "cluster");
        await live.access.create(live.accessValues());
        await Promise.all([0, 1].map((index) => live.node(index).create(live.nodeValues(index))));
        await live
            .hypertable("conditions")
            .create(live.tableValues("conditions", { uniqueKeys: [["device", "time"]] }));
    }, START_TIMEOUT_MS);

    beforeEach(async () => {
        await sql("DELETE FROM conditions");
        await sql(
            "INSERT INTO conditions SELECT '2026-01-01'::timestamptz + n * interval '1 day', d, n " +
                "FROM generate_series(1, 20) d, generate_series(1, 3) n",
        );
    });

    afterAll(() => cluster?.stop());

    it("1: refuses to prepare a transaction for an atomic commit over nodes", async () => {
        await expect(
            sql("BEGIN; INSERT INTO conditions VALUES (now(), 1, 1); PREPARE TRANSACTION 'two phases'"),
        ).rejects.toMatchObject({ code: "0A000" });
        expect(await held()).toEqual({ count: "60", sum: 120 });
    });

    it("1: keeps the rows of the nodes that committed when another one fails in that moment", async () => {
        // A constraint that is checked at COMMIT fails on one node only.
        const onNode = (text: string): Promise<object[]> => query(nodeOf(1), "cluster", text);
        await onNode(
            `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''late''; END'`,
        );
        for (const shard of [1, 3, 5, 7]) {
            await onNode(
                `CREATE CONSTRAINT TRIGGER late AFTER INSERT ON conditions_s${shard} DEFERRABLE INITIALLY DEFERRED
                    FOR EACH ROW EXECUTE FUNCTION refuse()`,
            );
        }
        const before = Number((await held()).count);
        await expect(
            sql("INSERT INTO conditions SELECT '2027-01-01', d, 1 FROM generate_series(1, 20) d"),
        ).rejects.toMatchObject({ code: "P0001" });
        const after = Number((await held()).count);
        expect(after).toBeGreaterThanOrEqual(before);
        expect(after).toBeLessThan(before + 20);
        // The remedy: the same rows again, where the unique key tells those that are there.
        await onNode("DROP FUNCTION refuse() CASCADE");
        await sql(
            "INSERT INTO conditions SELECT '2027-01-01', d, 1 FROM generate_series(1, 20) d ON CONFLICT DO NOTHING",
        );
        expect(Number((await held()).count)).toBe(before + 20);
    });

    it.each([
        ["aggregates without the key", "SELECT count(*) FROM conditions"],
        ["DISTINCT ON", "SELECT DISTINCT ON (device) * FROM conditions ORDER BY device, time DESC"],
    ])("2: pulls every row for %s", async (_what, text) => {
        const plan = await explain(text);
        expect(
            plan.match(/Remote SQL: SELECT [^\n]* FROM public\.conditions_s\d_v(?: ORDER BY [^\n]*)?$/gm),
        ).toHaveLength(8);
        expect(plan).not.toContain("Relations: Aggregate");
        expect(plan).not.toMatch(/Remote SQL:.*GROUP BY|Remote SQL:.*DISTINCT|Remote SQL:.*LIMIT/);
    });

    it("2: pulls every row for a filter by now()", async () => {
        const plan = await explain("SELECT * FROM conditions WHERE time > now() - interval '1 hour'");
        expect(plan).not.toMatch(/Remote SQL:.*WHERE/);
        expect(plan).toMatch(/Filter: .*now\(\)/);
    });

    it("2: sends no LIMIT to the shards", async () => {
        const plan = await explain("SELECT * FROM conditions ORDER BY temp DESC LIMIT 10");
        expect(plan).toContain("Limit");
        expect(plan).not.toMatch(/Remote SQL:.*LIMIT/);
    });

    it("3: reads a shard by a cursor, for which a data node makes no parallel plan", async () => {
        const force = ["max_parallel_workers_per_gather = 4", "parallel_setup_cost = 0", "parallel_tuple_cost = 0"];
        const client = nodeOf(0);
        const explainOn = (statement: string): Promise<{ "QUERY PLAN": string }[]> =>
            query(client, "parallel_plans", statement);
        await query(client, "postgres", "CREATE DATABASE parallel_plans");
        for (const each of [...force, "min_parallel_table_scan_size = 0"]) {
            await query(client, "postgres", `ALTER DATABASE parallel_plans SET ${each}`);
        }
        await query(client, "parallel_plans", "CREATE TABLE t AS SELECT n FROM generate_series(1, 100000) n");
        await query(client, "parallel_plans", "ANALYZE t");
        const direct = await explainOn("EXPLAIN SELECT count(*) FROM t");
        const byCursor = await explainOn("EXPLAIN DECLARE c CURSOR FOR SELECT count(*) FROM t");
        expect(JSON.stringify(direct)).toContain("Parallel");
        expect(JSON.stringify(byCursor)).not.toContain("Parallel");
        await query(client, "postgres", "DROP DATABASE parallel_plans");
    });

    it.each([
        [
            "an upsert",
            "INSERT INTO conditions VALUES (now(), 1, 1) ON CONFLICT (device, time) DO UPDATE SET temp = 2",
            "42P10",
        ],
        [
            "ON CONFLICT with a target",
            "INSERT INTO conditions VALUES (now(), 1, 1) ON CONFLICT (device, time) DO NOTHING",
            "42P10",
        ],
        ["a primary key on the table", "ALTER TABLE conditions ADD PRIMARY KEY (device, time)", "42809"],
        ["a foreign key to it", "CREATE TABLE r (d integer REFERENCES conditions (device))", "42830"],
        ["TRUNCATE", "TRUNCATE conditions", "42809"],
        ["a key that is changed", "UPDATE conditions SET device = device + 1000 WHERE device = 1", "23514"],
        ["a DELETE by what is not sent", "DELETE FROM conditions WHERE time < now() + interval '9 years'", "42703"],
        [
            "an UPDATE by what is not sent",
            "UPDATE conditions SET temp = 0 WHERE time < now() + interval '9 years'",
            "42703",
        ],
        [
            "an UPDATE from another table",
            "CREATE TEMP TABLE o AS SELECT 1 AS d; UPDATE conditions SET temp = 0 FROM o WHERE device = o.d",
            "42703",
        ],
        ["a cluster-wide unique key without it", "CREATE UNIQUE INDEX ON conditions (time)", "42809"],
    ])("4, 5, 6: refuses %s, and changes nothing", async (_what, text, code) => {
        await expect(sql(text)).rejects.toMatchObject({ code });
        expect(await held()).toEqual({ count: "60", sum: 120 });
    });

    it("4: refuses MERGE, and changes nothing", async () => {
        const merge = "MERGE INTO conditions c USING (VALUES (1)) v (d) ON c.device = v.d WHEN MATCHED THEN DELETE";
        await expect(sql(merge)).rejects.toMatchObject({ code: cluster.access.major < 15 ? "42601" : "0A000" });
        expect(await held()).toEqual({ count: "60", sum: 120 });
    });

    it("4: takes an index on the table, which no shard gets", async () => {
        await sql("CREATE INDEX by_temp ON conditions (temp)");
        const [indexes] = await query<{ count: string }>(
            nodeOf(0),
            "cluster",
            "SELECT count(*) FROM pg_indexes WHERE tablename = 'conditions_s0' AND indexdef LIKE '%temp%'",
        );
        expect(indexes).toEqual({ count: "0" });
        await sql("DROP INDEX by_temp");
    });

    it("5: changes and deletes by what is sent", async () => {
        await sql("UPDATE conditions SET temp = temp + 1 WHERE temp = 3");
        await sql("DELETE FROM conditions WHERE time < '2026-01-03'");
        expect(await held()).toEqual({ count: "40", sum: 40 + 80 });
    });

    it.each([
        ["partitioningColumn", { partitioningColumn: undefined }],
        ["columns", { columns: undefined }],
    ])("6: needs %s", async (property, values) => {
        await expect(live.hypertable("lacking").create(live.tableValues("lacking", values))).rejects.toThrow(
            new RegExp(`${property}: expected .* got nothing.*NOT_SUPPORTED`),
        );
    });

    it("7: refuses a row on a data node that belongs to another shard", async () => {
        const codes = await Promise.all(
            [0, 2, 4, 6].map((shard) =>
                query(nodeOf(0), "cluster", `INSERT INTO conditions_s${shard} VALUES ('2030-01-01', 7, 1)`).then(
                    () => "taken",
                    (error: { code: string }) => error.code,
                ),
            ),
        );
        expect(codes.filter((code) => code === "23514").length).toBeGreaterThanOrEqual(3);
    });

    it("8: refuses another number of shards", async () => {
        const table = live.hypertable("eight");
        await table.create(live.tableValues("eight", { numberPartitions: 2 }));
        const diff = await table.diff(live.tableValues("eight", { numberPartitions: 4 }));
        expect(diff.replaces).toEqual(["numberPartitions"]);
        await table.delete();
    });

    it("9: refuses copies of rows", async () => {
        await expect(
            live.hypertable("copies").create(live.tableValues("copies", { replicationFactor: 2 })),
        ).rejects.toThrow(/replicationFactor: expected 1 .*NOT_SUPPORTED/);
    });

    it("10: answers 42703 for a column that was added by hand on the access node alone", async () => {
        await sql("ALTER TABLE conditions ADD COLUMN humidity integer");
        await expect(sql("SELECT humidity FROM conditions")).rejects.toMatchObject({ code: "42703" });
        await sql("ALTER TABLE conditions DROP COLUMN humidity");
    });

    it("11: sends the rows of COPY one by one before PostgreSQL 16, and together from then on", async () => {
        const [server] = cluster.nodes;
        const onNode = (text: string): Promise<{ count: string }[]> =>
            query(server as TestCluster["access"], "cluster", text);
        await onNode("CREATE TABLE inserts (shard text)");
        await onNode(
            "CREATE FUNCTION count_it() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER " +
                "AS 'BEGIN INSERT INTO public.inserts VALUES (TG_TABLE_NAME); RETURN NULL; END'",
        );
        for (const shard of [0, 2, 4, 6]) {
            await onNode(
                `CREATE TRIGGER count_it AFTER INSERT ON conditions_s${shard} FOR EACH STATEMENT EXECUTE FUNCTION count_it()`,
            );
        }
        const { host, port, user, password } = cluster.access;
        const lines = Array.from(
            { length: 400 },
            (_, n) => `2027-01-01 ${new Date(n * 1000).toISOString().slice(11, 19)}\t${n % 20}\t1\n`,
        );
        await withSession(connectionTo(host, { port, user, password }), "cluster", (session) =>
            session.copyIn("COPY conditions FROM STDIN", [Buffer.from(lines.join(""))]),
        );
        await closePools();
        const [inserts] = await onNode("SELECT count(*) FROM inserts");
        const rows = await onNode(
            [0, 2, 4, 6]
                .map((n) => `SELECT count(*) FROM conditions_s${n} WHERE time >= '2027-01-01'`)
                .join(" UNION ALL "),
        );
        const held = rows.reduce((total, { count }) => total + Number(count), 0);
        expect(held).toBeGreaterThan(100);
        const [fewest, most] = cluster.access.major < 16 ? [held, held] : [1, 4];
        expect(Number(inserts?.count)).toBeGreaterThanOrEqual(fewest);
        expect(Number(inserts?.count)).toBeLessThanOrEqual(most);
        await onNode("DROP FUNCTION count_it() CASCADE");
    });

    it("12: keeps a password in the user mapping, which other roles do not see", async () => {
        const [mapping] = await sql<{ options: string[] | null }>(
            "SELECT umoptions AS options FROM pg_user_mappings WHERE srvname = 'dn1'",
        );
        expect(mapping?.options?.some((option) => option.startsWith("password="))).toBe(true);
        await sql("CREATE ROLE curious LOGIN PASSWORD 'to know'");
        const curious = { ...cluster.access, user: "curious", password: "to know" };
        expect(await query(curious, "cluster", "SELECT umoptions FROM pg_user_mappings WHERE srvname = 'dn1'")).toEqual(
            [{ umoptions: null }],
        );
        await sql("DROP ROLE curious");
    });

    it("13: has date_bin sent, and no time_bucket without TimescaleDB", async () => {
        const text = (bucket: string): string =>
            `SELECT ${bucket} AS hour, device, avg(temp) FROM conditions GROUP BY 1, 2`;
        expect(await explain(text("date_bin('1 hour', time, '2026-01-01')"))).toMatch(
            /Remote SQL:.*date_bin.*GROUP BY/,
        );
        const bucketed = await sql(text("time_bucket('1 hour', time)")).then(
            () => "runs",
            (error: { code?: string }) => error.code,
        );
        expect(bucketed).toBe(kind.timescaledb === undefined ? "42883" : "runs");
    });
});
