/**
 * Lives of a whole cluster in which servers end their sessions at random moments of every operation, as a crash or a
 * broken network does: what fails is done again, as the next `up` does it, and in the end nothing is left.
 *
 *     KILLED_LIVES=50 KILL_SEED=7 npx jest tests/integration/kills.test.ts --selectProjects integration
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "../support/differential/random";
import { CONDITIONS_COLUMNS, LiveCluster } from "../support/life";
import { query } from "../support/query";
import { describeNewestServers, type TestCluster } from "../support/servers";
import { withCluster } from "../support/withCluster";

const DATABASE = "killed";
const LIVES = Number(process.env.KILLED_LIVES ?? 3);
const SEED = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000_000);
// Not by the console, which a whole run keeps quiet.
process.stderr.write(`KILL_SEED=${SEED}\n`);
const LIFE_TIMEOUT_MS = 120_000;
const KILLS = 2;
const MOST_ATTEMPTS = 6;

const END_SESSIONS = `
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`;

/** The same servers, to be used by another user. */
function asRole(cluster: TestCluster, user: string): TestCluster {
    const [access, ...nodes] = cluster.all.map((server) => ({ ...server, user }));
    return access === undefined ? cluster : { ...cluster, access, nodes, all: [access, ...nodes] };
}

describe.each([
    ["multinode", undefined],
    ["multinode", "ordinary_user"],
    ["fdw", undefined],
] as const)("sessions that end while the engine %s works (as %s)", (engine, role) => {
    describeNewestServers(
        engine,
        (kind) => {
            const cluster = withCluster(kind, { database: DATABASE, prepare: makeRole });
            const durations = new Map<string, number>();

            async function makeRole({ all }: TestCluster): Promise<void> {
                for (const server of role === undefined ? [] : all) {
                    await query(server, "postgres", `CREATE ROLE ${role} LOGIN CREATEDB PASSWORD '${server.password}'`);
                }
            }

            /** An operation, with one server's sessions ended at random moments of it, until it succeeds. */
            async function survive(name: string, operation: () => Promise<unknown>, random: Random): Promise<void> {
                for (let attempt = 1; ; attempt++) {
                    const over = new AbortController();
                    const kills = attempt > KILLS ? undefined : killAtRandom(name, random, over.signal);
                    const start = performance.now();
                    try {
                        await operation();
                        if (!durations.has(name)) {
                            durations.set(name, performance.now() - start);
                        }
                        return;
                    } catch (error) {
                        if (attempt === MOST_ATTEMPTS) {
                            throw error;
                        }
                    } finally {
                        over.abort();
                        await kills;
                    }
                }
            }

            async function killAtRandom(name: string, random: Random, over: AbortSignal): Promise<void> {
                const longest = durations.get(name);
                if (longest === undefined) {
                    return;
                }
                const [delay, server] = [random.next() * longest, random.pick(cluster.all)];
                await sleep(delay, undefined, { signal: over }).then(
                    () => query(server, "postgres", END_SESSIONS),
                    () => undefined,
                );
            }

            async function live(random: Random): Promise<void> {
                const life = new LiveCluster(role === undefined ? cluster : asRole(cluster, role), DATABASE);
                const [first, second, table] = [life.node(0), life.node(1), life.hypertable("conditions")];
                // With multinode the provider may be without a way to a data node.
                const unreached = engine === "multinode" ? { connection: undefined } : {};
                const columns = [...CONDITIONS_COLUMNS, { name: "level", type: "integer" }];
                const steps: [string, () => Promise<unknown>][] = [
                    ["make access", () => life.access.create(life.accessValues({ engine }))],
                    ["make dn1", () => first.create(life.nodeValues(0))],
                    ["make dn2", () => second.create(life.nodeValues(1, unreached))],
                    ["make table", () => table.create(life.tableValues("conditions", { forceDestroy: true }))],
                    ["change dn1", () => first.update(life.nodeValues(0, { serverOptions: { fetch_size: "77" } }))],
                    [
                        "change table",
                        () =>
                            table.update(
                                life.tableValues("readings", { columns, forceDestroy: true, schema: "plant" }),
                            ),
                    ],
                ];
                for (const [name, operation] of steps) {
                    await survive(name, operation, random);
                    if (operation === steps[0]?.[1] && role !== undefined) {
                        await query(
                            cluster.access,
                            DATABASE,
                            `GRANT USAGE ON FOREIGN DATA WRAPPER timescaledb_fdw TO ${role}`,
                        );
                    }
                }
                await query(
                    life.cluster.access,
                    DATABASE,
                    "INSERT INTO plant.readings SELECT now(), n, n, n FROM generate_series(1, 20) n",
                );
                const [row] = await query(life.cluster.access, DATABASE, "SELECT count(*)::int FROM plant.readings");
                expect(row).toEqual({ count: 20 });
                for (const resource of [table, second, first, life.access]) {
                    await survive(`remove ${resource.name}`, () => resource.delete(), random);
                }
            }

            it(
                `leave nothing undone and nothing behind (KILL_SEED=${SEED})`,
                async () => {
                    const random = new Random(SEED);
                    for (let number = 0; number < LIVES; number++) {
                        // The first life is undisturbed and tells how long things take.
                        await live(random);
                        await cluster.expectNothingLeft();
                    }
                },
                LIFE_TIMEOUT_MS * LIVES,
            );
        },
        { ownServers: true, notRecorded: "sessions are ended" },
    );
});
