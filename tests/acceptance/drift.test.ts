/**
 * What somebody changes by hand on the servers: a refresh shows it, resource by resource, the next `up` mends it, and
 * then all servers are as they were.
 */
import { openDescribed, seedProgram, type DescribedProject, type Program } from "../support/described";
import type { StateResource } from "../support/pulumi";
import { query } from "../support/query";
import { expectNoResidue, residueOf, type Residue } from "../support/residue";
import { describeNewestServers, startCluster, START_TIMEOUT_MS, type TestCluster } from "../support/servers";

const DATABASE = "multinode";
const TIMEOUT_MS = 600_000;
const ROWS = 400;

const COLUMNS = [
    { name: "time", type: "timestamptz", nullable: false },
    { name: "device", type: "integer" },
    { name: "temp", type: "double precision" },
    { name: "note", type: "text" },
];

/** Where a statement of somebody's runs: on the access node, or on a data node. */
type ByHand = readonly [where: "access" | 0 | 1, statement: string];

/** Drops a table's index on a column, whatever its name. */
const dropIndex = (table: string, column: string): string => `DO $$ BEGIN EXECUTE (
    SELECT format('DROP INDEX %I.%I', schemaname, indexname)
      FROM pg_indexes WHERE tablename = '${table}' AND indexdef LIKE '%(${column})'); END $$`;

/** Changes of every kind beside each other; the resources that a refresh then finds changed, and gone. */
interface Drift {
    readonly statements: readonly ByHand[];
    readonly changed: readonly string[];
    readonly gone: readonly string[];
}

const MANY: Readonly<Record<"multinode" | "fdw", Drift>> = {
    multinode: {
        statements: [
            ["access", "SELECT set_chunk_time_interval('conditions', interval '1 day')"],
            ["access", "ALTER TABLE conditions ADD COLUMN extra integer"],
            ["access", "ALTER TABLE conditions DROP COLUMN note"],
            ["access", dropIndex("conditions", "temp")],
            ["access", "COMMENT ON TABLE conditions IS NULL"],
            ["access", "SELECT detach_data_node('dn2', 'spread', drop_remote_data => true)"],
            ["access", "DROP TABLE events"],
            ["access", "SELECT alter_data_node('dn1', host => 'localhost')"],
            ["access", "ALTER SERVER dn2 OPTIONS (SET connect_timeout '3')"],
            ["access", "DROP USER MAPPING FOR CURRENT_USER SERVER dn2"],
            ["access", `ALTER DATABASE ${DATABASE} RESET jit`],
        ],
        changed: ["access", "conditions", "dn1", "dn2", "spread"],
        gone: ["events"],
    },
    fdw: {
        statements: [
            ["access", "ALTER TABLE conditions ADD COLUMN extra integer"],
            ["access", "ALTER TABLE conditions DROP COLUMN note"],
            [0, dropIndex("conditions_s0", "temp")],
            ["access", "COMMENT ON TABLE conditions IS NULL"],
            ["access", "ALTER TABLE spread DETACH PARTITION spread_s0"],
            [0, "DROP VIEW spread_s2_v"],
            ["access", "DROP TABLE events"],
            ["access", "ALTER SERVER dn1 OPTIONS (SET host 'localhost')"],
            ["access", "ALTER SERVER dn2 OPTIONS (SET connect_timeout '3')"],
            ["access", "DROP USER MAPPING FOR CURRENT_USER SERVER dn2"],
            ["access", `ALTER DATABASE ${DATABASE} RESET enable_partitionwise_join`],
        ],
        // The shards of the dropped table are still on the nodes.
        changed: ["access", "conditions", "dn1", "dn2", "events", "spread"],
        gone: [],
    },
};

const nameOf = ({ urn }: StateResource): string => urn.split("::").at(-1) ?? "";

/** What differs between two states: the names of those that changed, and of those that are gone. */
function compare(
    before: readonly StateResource[],
    after: readonly StateResource[],
): { changed: string[]; gone: string[] } {
    const found = new Map(after.map((resource) => [resource.urn, resource]));
    // A secret is encrypted anew each time that the state is written.
    const shown = ({ inputs, outputs }: StateResource): string =>
        JSON.stringify([inputs, outputs], (key, value: unknown) => (key === "ciphertext" ? undefined : value));
    return {
        changed: before.flatMap((resource) => {
            const now = found.get(resource.urn);
            return now === undefined || shown(resource) === shown(now) ? [] : [nameOf(resource)];
        }),
        gone: before.filter(({ urn }) => !found.has(urn)).map(nameOf),
    };
}

describe.each(["multinode", "fdw"] as const)("drift with the engine %s", (engine) => {
    describeNewestServers(engine, (kind) => {
        let cluster: TestCluster;
        let before: Residue[];
        let whole: Residue[];
        let project: DescribedProject;

        const residue = async (): Promise<Residue[]> => Promise.all(cluster.all.map(residueOf));
        const byHand = async (statements: readonly ByHand[], database = DATABASE): Promise<void> => {
            for (const [where, statement] of statements) {
                await query(where === "access" ? cluster.access : cluster.nodes[where]!, database, statement);
            }
        };
        const rows = async (): Promise<number> => {
            const [found] = await query<{ count: string }>(cluster.access, DATABASE, "SELECT count(*) FROM conditions");
            return Number(found?.count);
        };
        /** A refresh, and what it made of the state. */
        const refresh = async (): Promise<{ changed: string[]; gone: string[] }> => {
            const known = await project.state();
            const { code, output } = await project.refresh(["--skip-preview"]);
            expect([output, code]).toEqual([expect.anything(), 0]);
            const { changed, gone } = compare(known, await project.state());
            return { changed: changed.sort(), gone: gone.sort() };
        };
        const expectMended = async (realChanges: Record<string, number>): Promise<void> => {
            const up = await project.up(["--skip-preview"]);
            expect([up.output, up.realChanges]).toEqual([expect.not.stringMatching(/error/i), realChanges]);
            expectNoResidue(whole, await residue());
            expect((await project.up(["--refresh", "--skip-preview"])).realChanges).toEqual({});
        };

        beforeAll(async () => {
            cluster = await startCluster(kind, { nodes: 2 });
            before = await residue();
            const { accessNodes, dataNodes, hypertables } = seedProgram(cluster, DATABASE);
            const table = { ...hypertables.conditions, columns: COLUMNS };
            const program: Program = {
                accessNodes,
                dataNodes: { ...dataNodes, dn2: { ...dataNodes.dn2, serverOptions: { connect_timeout: "7" } } },
                hypertables: {
                    // A column that is too much is dropped only so.
                    conditions: {
                        ...table,
                        forceDestroy: true,
                        chunkTimeInterval: "2 days",
                        indexes: [{ columns: ["temp"] }],
                    },
                    spread: table,
                    events: table,
                },
            };
            project = await openDescribed(program);
            const up = await project.up(["--skip-preview"]);
            expect([up.output, up.realChanges]).toEqual([expect.anything(), { create: 7 }]);
            await query(
                cluster.access,
                DATABASE,
                `INSERT INTO conditions SELECT now() - n * interval '1 hour', n % 20, n, 'by hand'
                   FROM generate_series(1, ${ROWS}) AS n`,
            );
            whole = await residue();
        }, TIMEOUT_MS);

        afterAll(async () => {
            await project?.dispose();
            await cluster?.stop();
        }, START_TIMEOUT_MS);

        it(
            "of many kinds at once is shown by a refresh and mended by the next up, with the rows in place",
            async () => {
                const { statements, ...drift } = MANY[engine];
                await byHand(statements);
                expect(await refresh()).toEqual(drift);
                const created = drift.gone.length;
                await expectMended({ update: drift.changed.length, ...(created ? { create: created } : {}) });
                expect(await rows()).toBe(ROWS);
                const [note] = await query(cluster.access, DATABASE, "SELECT count(note) FROM conditions");
                // A shard's own column was out of sight, and never gone.
                expect(note).toEqual({ count: String(engine === "fdw" ? ROWS : 0) });
            },
            TIMEOUT_MS,
        );

        it(
            "that takes a data node away is shown, and the node comes back with all that the tables need",
            async () => {
                if (engine === "multinode") {
                    await byHand([
                        ["access", "TRUNCATE conditions"],
                        ["access", "DROP USER MAPPING FOR CURRENT_USER SERVER dn1"],
                        ["access", "SELECT delete_data_node('dn1', force => true)"],
                    ]);
                } else {
                    await byHand([["access", "DROP SERVER dn1 CASCADE"]]);
                }
                // The node's own database is still there: half of the data node is.
                expect(await refresh()).toEqual({ changed: ["conditions", "dn1", "events", "spread"], gone: [] });
                // What a database of multinode holds of the tables is nobody's any more, and dropped by hand only.
                const refusing = engine === "multinode" ? [await project.up(["--skip-preview"])] : [];
                const refusals = engine === "multinode" ? [[1, expect.stringContaining("[HOLDS_DATA]")]] : [];
                expect(refusing.map(({ code, output }) => [code, output])).toEqual(refusals);
                for (const _refusal of refusals) {
                    await byHand([[0, `DROP DATABASE ${DATABASE} WITH (FORCE)`]], "postgres");
                }
                const up = await project.up(["--skip-preview"]);
                expect([up.output, up.realChanges]).toEqual([expect.not.stringMatching(/error/i), { update: 4 }]);
                expect((await project.up(["--refresh", "--skip-preview"])).realChanges).toEqual({});
                // The shards were never gone on the node itself; chunks of multinode were emptied before.
                expect(await rows()).toBe(engine === "fdw" ? ROWS : 0);
            },
            TIMEOUT_MS,
        );

        if (engine === "fdw") {
            it(
                "that drops a data node's database is shown, and all of it is made again without the rows",
                async () => {
                    await byHand([[1, `DROP DATABASE ${DATABASE} WITH (FORCE)`]], "postgres");
                    expect((await refresh()).changed).toEqual(expect.arrayContaining(["conditions"]) as string[]);
                    expect((await project.up(["--skip-preview"])).code).toBe(0);
                    expect((await project.up(["--refresh", "--skip-preview"])).realChanges).toEqual({});
                    expect(await rows()).toBeLessThan(ROWS);
                    expect(await rows()).toBeGreaterThan(0);
                },
                TIMEOUT_MS,
            );
        }

        it(
            "that drops all databases leaves nothing in the state, and the next up makes all of it again",
            async () => {
                const drop = `DROP DATABASE ${DATABASE} WITH (FORCE)`;
                await byHand(
                    [
                        ["access", drop],
                        [0, drop],
                        [1, drop],
                    ],
                    "postgres",
                );
                const all = ["access", "conditions", "dn1", "dn2", "events", "spread"];
                expect(await refresh()).toEqual({ changed: [], gone: all });
                const up = await project.up(["--skip-preview"]);
                expect([up.output, up.realChanges]).toEqual([
                    expect.not.stringMatching(/error/i),
                    { create: all.length },
                ]);
                expect((await project.up(["--refresh", "--skip-preview"])).realChanges).toEqual({});
                expect((await project.destroy(["--skip-preview"])).code).toBe(0);
                expectNoResidue(before, await residue());
            },
            TIMEOUT_MS,
        );
    });
});
