/**
 * Every operation, cut at messages between the provider and the servers and between the access node and its data nodes:
 * the next run converges, what is called done can be used, and a delete leaves nothing.
 *
 *     npm run test:killpoints
 *     KILL_POINTS_EACH=10 KILL_SEED=7 KILL_OPERATION="attach" KILL_ENGINE=multinode npm run test:killpoints
 */
import { Random } from "../support/differential/random";
import { FaultyCluster } from "../support/killPoints/cluster";
import { operationsOf } from "../support/killPoints/operations";
import { choose, pointsOf, runPoint, type Outcome } from "../support/killPoints/points";
import { failuresOf, outcomeTable } from "../support/killPoints/table";
import { describeNewestServers, START_TIMEOUT_MS, type EngineName } from "../support/servers";

const SEED = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000_000);
/** Points of an operation and a mode. */
const EACH = Number(process.env.KILL_POINTS_EACH ?? 4);
const ONLY = new RegExp(process.env.KILL_OPERATION ?? "");
const ENGINES = (["multinode", "fdw"] as const).filter((name) => name.startsWith(process.env.KILL_ENGINE ?? ""));
const TIMEOUT_MS = 3_600_000;

// Not by the console, which a whole run keeps quiet.
process.stderr.write(`KILL_SEED=${SEED}\n`);

describe.each(ENGINES)("operations of the engine %s, cut at their messages", (engine: EngineName) => {
    describeNewestServers(
        engine,
        (kind) => {
            const random = new Random(SEED);
            const outcomes: Outcome[] = [];
            let cluster: FaultyCluster;

            beforeAll(async () => {
                cluster = await FaultyCluster.start(kind);
            }, START_TIMEOUT_MS);
            afterAll(async () => {
                process.stderr.write(`${outcomeTable(engine, outcomes)}\n`);
                await cluster?.stop();
            });

            it.each(operationsOf(engine).filter(({ name }) => ONLY.test(name)))(
                `$name: the next run converges, and nothing is left (KILL_SEED=${SEED})`,
                async (operation) => {
                    const points = choose(await pointsOf(cluster, operation), EACH, random);
                    const here: Outcome[] = [];
                    for (const point of points) {
                        const outcome = await runPoint(cluster, point);
                        here.push(outcome);
                        outcomes.push(outcome);
                        process.stderr.write(
                            failuresOf([outcome])
                                .map((line) => `${line}\n`)
                                .join(""),
                        );
                    }
                    expect(here.filter(({ reached }) => reached).length).toBeGreaterThan(0);
                    expect(failuresOf(here)).toEqual([]);
                },
                TIMEOUT_MS,
            );
        },
        { ownServers: true },
    );
});
