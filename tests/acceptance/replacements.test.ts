/**
 * Each replacement of the resources, by the real CLI, on a stack with rows: refused while rows would be lost by it, done
 * once the program has said so, and no other table is touched.
 */
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
import type { Result } from "../support/pulumi";
import { describeNewestServers, startCluster, START_TIMEOUT_MS, type TestCluster } from "../support/servers";

const DATABASE = "multinode";
const TIMEOUT_MS = 600_000;
const DEVICES = 40;

const ONCE = ["--skip-preview"];

const COLUMNS = [
    { name: "time", type: "timestamptz", nullable: false },
    { name: "at", type: "timestamptz", nullable: false },
    { name: "device", type: "integer" },
    { name: "temp", type: "double precision" },
];

/** Changes that replace a table, by the table that is changed so. */
const TABLES: Readonly<Record<"both" | "multinode" | "fdw", Readonly<Record<string, Args>>>> = {
    both: {
        by_time: { timeColumn: "at" },
        by_column: { partitioningColumn: "temp" },
        by_type: {
            columns: COLUMNS.map((column) => (column.name === "device" ? { ...column, type: "bigint" } : column)),
        },
    },
    multinode: {
        by_prefix: { associatedTablePrefix: "other" },
        by_function: { partitioningFunc: "_timescaledb_functions.get_partition_for_key" },
    },
    fdw: { by_shards: { numberPartitions: 6 } },
};

/** `dn1: LAST_COPY`: which resource failed, and the code in its error. The first failure ends a run. */
const refusals = ({ diagnostics }: Result): string[] =>
    diagnostics.flatMap(({ severity, urn, message }) => {
        const code = /\[([A-Z_]+)\]/.exec(message)?.[1];
        return severity === "error" && code !== undefined && urn ? [`${urn.split("::").at(-1)}: ${code}`] : [];
    });

describe.each(["multinode", "fdw"] as const)("replacements with the engine %s", (engine) => {
    describeNewestServers(engine, (kind) => {
        let cluster: TestCluster;
        let before: Residue[];
        let project: DescribedProject;
        let seed: Program;
        const changes = { ...TABLES.both, ...TABLES[engine] };
        const replaced = Object.keys(changes);

        const residue = async (): Promise<Residue[]> => Promise.all(cluster.all.map(residueOf));
        const rows = async (table: string, database = DATABASE): Promise<number> => {
            const [found] = await query<{ count: string }>(cluster.access, database, `SELECT count(*) FROM ${table}`);
            return Number(found?.count);
        };
        const fill = async (table: string, database = DATABASE): Promise<void> =>
            void (await query(
                cluster.access,
                database,
                `INSERT INTO ${table} SELECT now() - n * interval '1 day', now() - n * interval '1 day', device, device
                   FROM generate_series(1, 20) AS n, generate_series(1, ${DEVICES}) AS device`,
            ));
        const FILLED = 20 * DEVICES;
        const rowsOn = async (index: number, table: string, database = DATABASE): Promise<number> => {
            const server = cluster.nodes[index];
            if (server === undefined) throw new Error(`no data node ${index}`);
            if (engine === "multinode") {
                return Number(
                    (await query<{ count: string }>(server, database, `SELECT count(*) FROM ${table}`))[0]?.count,
                );
            }
            const shards = await query<{ name: string }>(
                server,
                database,
                `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relname ~ '^${table}_s[0-9]+$'`,
            );
            const counts = await Promise.all(
                shards.map(({ name }) => query<{ count: string }>(server, database, `SELECT count(*) FROM ${name}`)),
            );
            return counts.reduce((sum, [row]) => sum + Number(row?.count), 0);
        };

        /** Runs what is refused, and proves that nothing of it happened. */
        const expectRefused = async (program: Program, refusal: string): Promise<void> => {
            const there = await residue();
            project.describe(program);
            const up = await project.up(ONCE);
            expect(refusals(up)).toEqual([refusal]);
            expect(up.code).not.toBe(0);
            expectNoResidue(there, await residue());
        };
        const expectUp = async (program: Program, realChanges: Record<string, number>): Promise<void> => {
            project.describe(program);
            const up = await project.up(ONCE);
            expect([up.output, up.realChanges]).toEqual([expect.not.stringMatching(/error/i), realChanges]);
            expect(up.code).toBe(0);
        };
        const expectNothingLeft = async (): Promise<void> => expect((await project.up()).realChanges).toEqual({});

        beforeAll(async () => {
            cluster = await startCluster(kind, { nodes: 2 });
            before = await residue();
            const { accessNodes, dataNodes, hypertables } = seedProgram(cluster, DATABASE);
            const table = { ...hypertables.conditions, columns: COLUMNS };
            seed = { accessNodes, dataNodes, hypertables: { others: table } };
            project = await openDescribed(seed);
        }, START_TIMEOUT_MS);

        afterAll(async () => {
            await project?.dispose();
            await cluster?.stop();
        });

        it(
            "of tables are refused while they hold rows, and made by forceDestroy without touching another table",
            async () => {
                const tables: Program = {
                    ...seed,
                    hypertables: Object.fromEntries(
                        ["others", ...replaced].map((name) => [name, seed.hypertables.others ?? {}]),
                    ),
                };
                const news = Object.fromEntries(replaced.map((name) => [`hypertables.${name}`, changes[name] ?? {}]));
                const force = Object.fromEntries(
                    replaced.map((name) => [`hypertables.${name}`, { forceDestroy: true }]),
                );
                await expectUp(tables, { create: 5 + replaced.length });
                for (const name of ["others", ...replaced]) await fill(name);

                for (const name of replaced) {
                    const path = `hypertables.${name}`;
                    await expectRefused(changed(tables, path, changes[name] ?? {}), `${name}: HOLDS_DATA`);
                }
                for (const name of ["others", ...replaced]) expect([name, await rows(name)]).toEqual([name, FILLED]);

                await expectUp(changedAll(tables, force), { update: replaced.length });
                await expectUp(changedAll(changedAll(tables, force), news), { replace: replaced.length });
                await expectNothingLeft();
                for (const name of replaced) expect([name, await rows(name)]).toEqual([name, 0]);
                expect(await rows("others")).toBe(FILLED);
                await fill("by_time");
                expect(await rows("by_time")).toBe(FILLED);
                await expectUp(seed, { delete: replaced.length });
            },
            TIMEOUT_MS,
        );

        it(
            "of data nodes are refused while they hold the only copy",
            async () => {
                await expectRefused(changed(seed, "dataNodes.dn1", { nodeName: "first" }), "dn1: LAST_COPY");
                await expectRefused(changed(seed, "dataNodes.dn2", { database: "elsewhere" }), "dn2: LAST_COPY");
                project.describe(seed);
                await expectNothingLeft();
                expect(await rows("others")).toBe(FILLED);
            },
            TIMEOUT_MS,
        );

        /** The seed with a data node that drains, and that under another name. */
        const drainingNode = (): [Program, Program] => {
            const draining = changed(seed, "dataNodes.dn1", { drainOnDelete: true });
            return [draining, changed(draining, "dataNodes.dn1", { nodeName: "first" })];
        };

        (engine === "fdw" ? it : it.skip)(
            "of a data node cannot drain it with fdw yet",
            async () => {
                const [draining, renamed] = drainingNode();
                // Draining is also what its hypertables know of a data node.
                await expectUp(draining, { update: 2 });
                await expectRefused(renamed, "dn1: NOT_SUPPORTED");
                await expectUp(seed, { update: 2 });
                expect(await rows("others")).toBe(FILLED);
            },
            TIMEOUT_MS,
        );

        (engine === "multinode" ? it : it.skip)(
            "of a data node that drains keep its rows with multinode",
            async () => {
                const [draining, renamed] = drainingNode();
                await expectUp(draining, { update: 2 });
                await expectUp(renamed, { replace: 1, update: 1 });
                await expectNothingLeft();
                expect(await rows("others")).toBe(FILLED);
                expect(await rowsOn(1, "others")).toBe(FILLED);
                await expectUp(seed, { replace: 1, update: 1 });
                await expectNothingLeft();
                await query(cluster.access, DATABASE, "TRUNCATE others");
                await fill("others");
                expect(await rowsOn(0, "others")).toBeGreaterThan(0);
            },
            TIMEOUT_MS,
        );

        it(
            "of data nodes by forceDestroy lose their own rows and no others",
            async () => {
                const force = changedAll(seed, { "dataNodes.dn1": { forceDestroy: true } });
                const kept = await rowsOn(1, "others");
                expect(kept).toBeGreaterThan(0);
                expect(kept).toBeLessThan(FILLED);
                await expectUp(force, { update: 1 });
                await expectUp(changed(force, "dataNodes.dn1", { nodeName: "first" }), { replace: 1, update: 1 });
                await expectNothingLeft();
                expect(await rows("others")).toBe(kept);
                await expectUp(changed(force, "dataNodes.dn1", { database: "elsewhere" }), { replace: 1, update: 1 });
                await expectNothingLeft();
                expect(await rows("others")).toBe(kept);
                await expectUp(seed, { replace: 1, update: 1 });
                await expectNothingLeft();
                await fill("others");
                expect(await rows("others")).toBe(kept + FILLED);
            },
            TIMEOUT_MS,
        );

        it(
            "of the access node of a data node and a table are refused while they hold rows, and made by forceDestroy",
            async () => {
                const there = await rows("others");
                const both: Program = {
                    ...seed,
                    accessNodes: { ...seed.accessNodes, second: { ...seed.accessNodes.access, database: "second" } },
                    dataNodes: { ...seed.dataNodes, dn3: { ...seed.dataNodes.dn1, accessNode: "second" } },
                };
                const moves = {
                    "dataNodes.dn2": { accessNode: "second" },
                    "hypertables.others": { accessNode: "second", dataNodes: ["dn3"] },
                };
                const force = changedAll(both, {
                    "dataNodes.dn2": { forceDestroy: true },
                    "hypertables.others": { forceDestroy: true },
                });
                await expectUp(both, { create: 2 });
                await expectRefused(
                    changed(both, "hypertables.others", moves["hypertables.others"]),
                    "others: HOLDS_DATA",
                );
                await expectRefused(changed(both, "dataNodes.dn2", moves["dataNodes.dn2"]), "dn2: LAST_COPY");
                project.describe(both);
                await expectNothingLeft();
                expect(await rows("others")).toBe(there);
                await expectUp(force, { update: 2 });
                await expectUp(changedAll(force, moves), { replace: 2 });
                await expectNothingLeft();
                await fill("others", "second");
                expect(await rows("others", "second")).toBe(FILLED);
                await expectUp(force, { replace: 2 });
                await expectUp(seed, { update: 2, delete: 2 });
                await expectNothingLeft();
            },
            TIMEOUT_MS,
        );

        it(
            "of an access node are refused while its tables hold rows, and the program put back loses nothing",
            async () => {
                await fill("others");
                project.describe(changed(seed, "accessNodes.access", { database: "moved" }));
                const up = await project.up(ONCE);
                expect(up.code).not.toBe(0);
                expect(refusals(up)).toContainEqual(expect.stringMatching(/: LAST_COPY|: HOLDS_DATA/));
                expect(await rows("others")).toBe(FILLED);
                project.describe(seed);
                const back = await project.up(ONCE);
                expect([back.output, back.code]).toEqual([expect.not.stringMatching(/error/i), 0]);
                expect(await rows("others")).toBe(FILLED);
                await expectNothingLeft();
                expect(await rows("others")).toBe(FILLED);
            },
            TIMEOUT_MS,
        );

        it(
            "of an access node by forceDestroy of its children take them along, and leave nothing behind",
            async () => {
                const force = changedAll(seed, {
                    "dataNodes.dn1": { forceDestroy: true },
                    "dataNodes.dn2": { forceDestroy: true },
                    "hypertables.others": { forceDestroy: true },
                });
                await expectUp(force, { update: 3 });
                await expectUp(changed(force, "accessNodes.access", { database: "moved" }), { replace: 4 });
                await expectNothingLeft();
                expect(await rows("others", "moved")).toBe(0);
                await fill("others", "moved");
                expect((await project.destroy(ONCE)).code).toBe(0);
                expectNoResidue(before, await residue());
            },
            TIMEOUT_MS,
        );
    });
});
