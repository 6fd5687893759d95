import {
    changed,
    changedAll,
    openDescribed,
    seedProgram,
    type Args,
    type DescribedProject,
    type Program,
} from "../support/described";
import { query } from "../support/query";
import { expectNoResidue, residueOf, type Residue } from "../support/residue";
import { describeNewestServers, startCluster, START_TIMEOUT_MS, type TestCluster } from "../support/servers";
import { TUTORIAL_ROW_COUNT, tutorialInsert } from "../support/tutorial";

const DATABASE = "multinode";
const TIMEOUT_MS = 240_000;

/** Changes that run in place, one of each resource in a preview: an update each and nothing else. */
const IN_PLACE: Readonly<Record<"both" | "multinode" | "fdw", readonly Readonly<Record<string, Args>>[]>> = {
    both: [
        {
            "accessNodes.access": { forceDestroy: true },
            "dataNodes.dn1": { forceDestroy: true },
            "hypertables.conditions": { forceDestroy: true },
        },
        { "dataNodes.dn1": { host: "localhost" }, "hypertables.conditions": { tableName: "measurements" } },
        { "dataNodes.dn1": { port: 5999 }, "hypertables.conditions": { schema: "metrics" } },
        { "dataNodes.dn1": { user: "somebody" }, "hypertables.conditions": { chunkTimeInterval: "1 day" } },
        { "dataNodes.dn1": { password: "another" }, "hypertables.conditions": { indexes: [{ columns: ["temp"] }] } },
        {
            "dataNodes.dn1": { serverOptions: { connect_timeout: "7" } },
            "hypertables.conditions": { uniqueKeys: [["device", "time"]] },
        },
        {
            "dataNodes.dn1": { available: false },
            "hypertables.conditions": {
                columns: [
                    { name: "time", type: "timestamptz", nullable: false },
                    { name: "device", type: "integer" },
                    { name: "temp", type: "double precision" },
                    { name: "humidity", type: "double precision" },
                ],
            },
        },
        { "dataNodes.dn1": { drainOnDelete: true }, "hypertables.conditions": { primaryKey: ["device", "time"] } },
    ],
    multinode: [
        { "hypertables.conditions": { replicationFactor: 2 } },
        { "hypertables.conditions": { numberPartitions: 4 } },
    ],
    fdw: [{ "hypertables.conditions": { lastPoint: true } }],
};

const REPLACING: readonly Readonly<Record<string, Args>>[] = [
    { "dataNodes.dn1": { nodeName: "first" } },
    { "dataNodes.dn1": { database: "elsewhere" } },
    {
        "hypertables.conditions": {
            timeColumn: "at",
            columns: [
                { name: "at", type: "timestamptz", nullable: false },
                { name: "device", type: "integer" },
            ],
        },
    },
    { "hypertables.conditions": { partitioningColumn: "temp" } },
    {
        "hypertables.conditions": {
            columns: [
                { name: "time", type: "timestamptz", nullable: false },
                { name: "device", type: "bigint" },
                { name: "temp", type: "double precision" },
            ],
        },
    },
];

describe.each(["multinode", "fdw"] as const)("pulumi with the engine %s", (engine) => {
    describeNewestServers(engine, (kind) => {
        describe.each(["scram-sha-256", "trust"] as const)("and %s", (auth) => {
            let cluster: TestCluster;
            let before: Residue[];
            let seed: Program;
            let project: DescribedProject;

            const residue = async (): Promise<Residue[]> => Promise.all(cluster.all.map(residueOf));
            const rows = async (table = "public.conditions"): Promise<number> => {
                const [found] = await query<{ count: string }>(
                    cluster.access,
                    DATABASE,
                    `SELECT count(*) FROM ${table}`,
                );
                return Number(found?.count);
            };

            beforeAll(async () => {
                cluster = await startCluster(kind, { nodes: 2, auth });
                before = await residue();
                seed = seedProgram(cluster, DATABASE);
                project = await openDescribed(seed);
            }, START_TIMEOUT_MS);

            afterAll(async () => {
                await project?.dispose();
                await cluster?.stop();
            });

            it(
                "makes the cluster, finds nothing to do a second time, and nothing after a refresh",
                async () => {
                    const up = await project.up();
                    expect(up.output).not.toMatch(/error/i);
                    expect(up.realChanges).toEqual({ create: 5 });
                    expect((await project.up()).realChanges).toEqual({});
                    const refresh = await project.refresh();
                    expect(refresh.realChanges).toEqual({});
                    expect((await project.preview()).realChanges).toEqual({});
                },
                TIMEOUT_MS,
            );

            it("keeps no password in clear in the state", async () => {
                const state = await project.stateText();
                for (const { password } of cluster.all.filter((server) => server.password)) {
                    expect(state).not.toContain(password);
                }
            });

            it(
                "takes the tutorial's rows and spreads them over both nodes",
                async () => {
                    await query(cluster.access, DATABASE, tutorialInsert("public.conditions"));
                    expect(await rows()).toBe(TUTORIAL_ROW_COUNT);
                    expect((await project.up()).realChanges).toEqual({});
                },
                TIMEOUT_MS,
            );

            if (auth === "trust") {
                it(
                    "previews each in-place change as an update and nothing else",
                    async () => {
                        for (const changes of [...IN_PLACE.both, ...IN_PLACE[engine]]) {
                            project.describe(changedAll(seed, changes));
                            const preview = await project.preview();
                            // A data node's way is also what its hypertables know of it.
                            const updates = new Set([
                                ...Object.keys(changes),
                                ...Object.keys(changes)
                                    .filter(
                                        (path) =>
                                            path.startsWith("dataNodes") &&
                                            /host|port|user|password/.test(JSON.stringify(changes[path])),
                                    )
                                    .map(() => "hypertables.conditions"),
                            ]);
                            expect([changes, preview.realChanges]).toEqual([changes, { update: updates.size }]);
                        }
                        project.describe(seed);
                    },
                    TIMEOUT_MS,
                );

                it(
                    "previews each replacing change as a replacement",
                    async () => {
                        for (const changes of REPLACING) {
                            project.describe(changedAll(seed, changes));
                            const preview = await project.preview();
                            expect([changes, preview.realChanges]).toMatchObject([changes, { replace: 1 }]);
                        }
                        project.describe(seed);
                    },
                    TIMEOUT_MS,
                );
            }

            it(
                "refuses a replacement that would lose rows, and changes nothing",
                async () => {
                    project.describe(changedAll(seed, REPLACING[3] ?? {}));
                    const up = await project.up();
                    expect(up.code).not.toBe(0);
                    expect(up.output).toContain("HOLDS_DATA");
                    project.describe(seed);
                    expect((await project.up()).code).toBe(0);
                    expect(await rows()).toBe(TUTORIAL_ROW_COUNT);
                },
                TIMEOUT_MS,
            );

            it(
                "renames in place with its rows",
                async () => {
                    project.describe(
                        changed(seed, "hypertables.conditions", { tableName: "measurements", schema: "metrics" }),
                    );
                    const up = await project.up();
                    expect(up.realChanges).toEqual({ update: 1 });
                    expect(await rows("metrics.measurements")).toBe(TUTORIAL_ROW_COUNT);
                    project.describe(seed);
                    expect((await project.up()).realChanges).toEqual({ update: 1 });
                    expect(await rows()).toBe(TUTORIAL_ROW_COUNT);
                },
                TIMEOUT_MS,
            );

            it(
                "refuses to destroy rows, destroys them when told to, and leaves nothing behind",
                async () => {
                    const refused = await project.destroy();
                    expect(refused.code).not.toBe(0);
                    expect(refused.output).toContain("HOLDS_DATA");
                    expect(await rows()).toBe(TUTORIAL_ROW_COUNT);
                    project.describe(changed(seed, "hypertables.conditions", { forceDestroy: true }));
                    expect((await project.up()).code).toBe(0);
                    const destroyed = await project.destroy();
                    expect(destroyed.output).not.toMatch(/error/i);
                    expect(destroyed.code).toBe(0);
                    expectNoResidue(before, await residue());
                },
                TIMEOUT_MS,
            );

            it(
                "makes it all again, replaces the access node with its children, and leaves nothing behind",
                async () => {
                    expect((await project.up()).realChanges).toEqual({ create: 5 });
                    const moved = changed(seed, "accessNodes.access", { database: "other" });
                    project.describe(moved);
                    const up = await project.up();
                    expect(up.output).not.toMatch(/error/i);
                    expect(up.code).toBe(0);
                    expect((await project.up()).realChanges).toEqual({});
                    expect((await project.destroy()).code).toBe(0);
                    expectNoResidue(before, await residue());
                },
                TIMEOUT_MS,
            );
        });
    });
});
