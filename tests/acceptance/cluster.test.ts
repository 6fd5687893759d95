import { openProject, type Project, type Result } from "../support/pulumi";
import { query } from "../support/query";
import { expectNoResidue, residueOf, type Residue } from "../support/residue";
import { describeServers, newestFdwServer, startCluster, START_TIMEOUT_MS, type TestCluster } from "../support/servers";
import { TUTORIAL_ROW_COUNT, tutorialInsert } from "../support/tutorial";

/** How often the whole life is lived: `npm run test:repeat` lives it ten times. */
const REPEAT = Number(process.env.REPEAT ?? 1);
const TIMEOUT_MS = 180_000;
const PASSWORD = "one for all of them";

describe.each(["multinode", "fdw"] as const)("examples/cluster with the engine %s", (engine) => {
    describeServers(engine, (kind) => {
        const isNewest = engine === "multinode" || kind === newestFdwServer;
        (isNewest ? describe : describe.skip)(
            isNewest ? "whole" : "whole (skipped: runs on the newest version)",
            () => {
                let cluster: TestCluster;
                let project: Project;
                let before: Residue[];

                beforeAll(async () => {
                    cluster = await startCluster(kind, { nodes: 2, password: PASSWORD });
                    before = await Promise.all(cluster.all.map(residueOf));
                    project = await openProject("examples/cluster", {
                        config: {
                            accessHost: cluster.access.host,
                            accessPort: String(cluster.access.port),
                            user: cluster.access.user,
                            forceDestroy: "true",
                            dataNodes: JSON.stringify(
                                cluster.nodes.map(({ host, port }, index) => ({ name: `dn${index + 1}`, host, port })),
                            ),
                        },
                        secrets: { password: PASSWORD },
                    });
                }, START_TIMEOUT_MS);

                afterAll(async () => {
                    await project?.dispose();
                    await cluster?.stop();
                });

                it.each(Array.from({ length: REPEAT }, (_, index) => index + 1))(
                    "comes up, takes the tutorial's rows, answers its questions and leaves nothing behind, time %i",
                    async () => {
                        const up = await project.up();
                        expect(outcome(up)).toEqual({ create: 5 });
                        await query(cluster.access, "multinode", tutorialInsert("conditions"));

                        const [total] = await query(
                            cluster.access,
                            "multinode",
                            "SELECT count(*)::integer AS rows, sum(device)::integer AS devices FROM conditions",
                        );
                        const perNode = await Promise.all(cluster.nodes.map((node) => rowsOn(node, engine)));
                        expect(total).toEqual({
                            rows: TUTORIAL_ROW_COUNT,
                            devices: perNode.reduce((sum, { devices }) => sum + devices, 0),
                        });
                        expect(perNode.reduce((sum, { rows }) => sum + rows, 0)).toBe(TUTORIAL_ROW_COUNT);
                        expect(Math.min(...perNode.map(({ rows }) => rows))).toBeGreaterThan(0);
                        if (engine === "multinode") {
                            await askTheTutorial(cluster);
                        }

                        expect((await project.up()).realChanges).toEqual({});
                        expect((await project.refresh()).realChanges).toEqual({});
                        const destroyed = await project.destroy();
                        expect(outcome(destroyed)).toEqual({ delete: 5 });
                        expectNoResidue(before, await Promise.all(cluster.all.map(residueOf)));
                    },
                    TIMEOUT_MS,
                );
            },
        );
    });
});

/** What a run changed; what it said where it failed. */
function outcome({ code, realChanges, output }: Result): object {
    return code === 0 ? realChanges : { code, output };
}

/** What a data node itself holds of the table. */
async function rowsOn(node: TestCluster["access"], engine: string): Promise<{ rows: number; devices: number }> {
    const tables =
        engine === "multinode"
            ? ["conditions"]
            : (
                  await query<{ name: string }>(
                      node,
                      "multinode",
                      "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relname ~ '^conditions_s[0-9]+$'",
                  )
              ).map(({ name }) => name);
    const sums = await Promise.all(
        tables.map((table) =>
            query<{ rows: number; devices: number }>(
                node,
                "multinode",
                `SELECT count(*)::integer AS rows, coalesce(sum(device), 0)::integer AS devices FROM ${table}`,
            ),
        ),
    );
    return sums
        .flat()
        .reduce((a, b) => ({ rows: a.rows + b.rows, devices: a.devices + b.devices }), { rows: 0, devices: 0 });
}

/** The tutorial's three questions under the names that its views have had since 2.0. */
async function askTheTutorial({ access }: TestCluster): Promise<void> {
    expect(
        await query(access, "multinode", "SELECT node_name FROM timescaledb_information.data_nodes ORDER BY 1"),
    ).toEqual([{ node_name: "dn1" }, { node_name: "dn2" }]);
    expect(
        await query(
            access,
            "multinode",
            `SELECT hypertable_name, is_distributed, replication_factor, data_nodes::text[]
               FROM timescaledb_information.hypertables`,
        ),
    ).toEqual([
        { hypertable_name: "conditions", is_distributed: true, replication_factor: 1, data_nodes: ["dn1", "dn2"] },
    ]);
    const chunks = await query<{ node: string; chunks: number }>(
        access,
        "multinode",
        `SELECT node::text, count(*)::integer AS chunks
           FROM timescaledb_information.chunks, unnest(data_nodes) AS node GROUP BY 1 ORDER BY 1`,
    );
    expect(chunks.map(({ node }) => node)).toEqual(["dn1", "dn2"]);
    const sizes = await query<{ node_name: string | null; total_bytes: string }>(
        access,
        "multinode",
        "SELECT node_name, total_bytes FROM hypertable_detailed_size('conditions') WHERE node_name IS NOT NULL ORDER BY 1",
    );
    expect(sizes.map(({ node_name }) => node_name)).toEqual(["dn1", "dn2"]);
    expect(sizes.every(({ total_bytes }) => Number(total_bytes) > 100_000)).toBe(true);
}
