/** Every statement of docs/engines/fdw-queries.md has the plan that the page promises in a comment beside it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LiveCluster } from "../../support/life";
import { query } from "../../support/query";
import { describeServers, startCluster, START_TIMEOUT_MS, type TestCluster } from "../../support/servers";

const SHARDS = 8;
const page = readFileSync(join(__dirname, "..", "..", "..", "docs", "engines", "fdw-queries.md"), "utf8");
const statements = [...page.matchAll(/(?:<!-- plan: (.+) -->\n)?```sql\n([\s\S]*?)```/g)].map(
    ([, promises = "", statement = ""]) => ({ promises, statement: statement.trim() }),
);

const remote = (plan: string): string[] => [...plan.matchAll(/Remote SQL: (.*)/g)].map(([, text = ""]) => text);
const scans = (plan: string): number => plan.match(/Foreign Scan/g)?.length ?? 0;

/** What a comment may promise, and what that means for a plan. */
const PROMISES: Readonly<Record<string, (plan: string) => void>> = {
    "grouped on the nodes": (plan) => {
        expect(plan.match(/Relations: Aggregate on/g)).toHaveLength(SHARDS);
        remote(plan).forEach((text) => expect(text).toMatch(/ GROUP BY /));
    },
    "all shards at once": (plan) => {
        expect(plan.match(/Async Foreign Scan/g)).toHaveLength(SHARDS);
        expect(scans(plan)).toBe(SHARDS);
    },
    "one shard": (plan) => expect(scans(plan)).toBe(1),
    "conditions on the nodes": (plan) => {
        remote(plan).forEach((text) => expect(text).toMatch(/ WHERE /));
        expect(plan).not.toMatch(/Filter: .*conditions/);
    },
    "sorted on the nodes": (plan) => {
        remote(plan).forEach((text) => expect(text).toMatch(/ ORDER BY /));
        expect(plan).not.toMatch(/->\s+Sort|^Sort/m);
    },
    "changed on the nodes": (plan) => {
        expect(plan).toMatch(/Foreign (?:Update|Delete) on/);
        remote(plan).forEach((text) => expect(text).toMatch(/^(?:UPDATE|DELETE)/));
    },
    "other shards are not asked": (plan) => expect(plan).toContain("(never executed)"),
    "fetches every row": (plan) => {
        expect(remote(plan)).toHaveLength(SHARDS);
        remote(plan).forEach((text) => expect(text).not.toMatch(/ WHERE | GROUP BY | LIMIT /));
    },
    "refused with 42703": (plan) => expect(plan).toBe("42703"),
};

it("knows every promise of the page, and has one for each statement", () => {
    expect(statements.length).toBeGreaterThan(15);
    expect(Object.keys(PROMISES)).toEqual(
        expect.arrayContaining([...new Set(statements.flatMap(({ promises }) => promises.split("; ")))]),
    );
});

describeServers("fdw", (kind) => {
    let cluster: TestCluster;
    const sql = <Row extends object>(text: string): Promise<Row[]> => query<Row>(cluster.access, "cluster", text);

    /** As it was run, and undone. */
    async function planOf(statement: string): Promise<string> {
        try {
            const rows = await sql<{ "QUERY PLAN": string }>(
                `EXPLAIN (ANALYZE, VERBOSE, COSTS off, TIMING off, SUMMARY off) ${statement}`,
            );
            return rows.map((row) => row["QUERY PLAN"]).join("\n");
        } catch (error) {
            return (error as { code: string }).code;
        }
    }

    beforeAll(async () => {
        cluster = await startCluster(kind, { nodes: 2 });
        const live = new LiveCluster(cluster, "cluster");
        await live.access.create(live.accessValues());
        await Promise.all([0, 1].map((index) => live.node(index).create(live.nodeValues(index))));
        await live.hypertable("conditions").create(live.tableValues("conditions", { lastPoint: true }));
        await sql(
            "INSERT INTO conditions SELECT '2026-01-01'::timestamptz + (n / 100) * interval '1 minute', n % 100, n % 70 " +
                "FROM generate_series(0, 59999) n",
        );
        await sql("CREATE TABLE devices AS SELECT d AS device, 'north ' || d AS name FROM generate_series(0, 3) d");
        await sql("ANALYZE conditions");
        await sql("ANALYZE devices");
        for (const node of cluster.nodes) {
            await query(node, "cluster", "ANALYZE");
        }
    }, START_TIMEOUT_MS);

    afterAll(() => cluster?.stop());

    it.each(statements)("$promises: $statement", async ({ promises, statement }) => {
        const plan = await planOf(statement);
        for (const promise of promises.split("; ")) {
            PROMISES[promise]?.(plan);
        }
    });

    it("gives one row a device as the newest, the same as DISTINCT ON", async () => {
        const newest = await sql("SELECT * FROM conditions_last ORDER BY device");
        expect(newest).toHaveLength(100);
        expect(newest).toEqual(await sql("SELECT DISTINCT ON (device) * FROM conditions ORDER BY device, time DESC"));
    });
});
