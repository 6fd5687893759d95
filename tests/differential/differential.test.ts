/**
 * The long run of tests/integration/fdw/differential.test.ts, on the newest PostgreSQL, and with TimescaleDB on the data
 * nodes where one with multi-node is installed (its hypertables have chunks, which no row may be hit by mistake in).
 *
 *     npm run test:differential
 *     DIFFERENTIAL_OPERATIONS=50000 DIFFERENTIAL_SEED=7 npm run test:differential
 */
import { compareTables, type Comparison } from "../support/differential/compare";
import { startComparedCluster, type ComparedCluster } from "../support/differential/cluster";
import { newestFdwServer, multinodeServers, START_TIMEOUT_MS } from "../support/servers";

const LIMIT_MS = 4 * 60 * 60_000;
const PROGRESS_OPERATIONS = 50_000;

const operations = Number(process.env.DIFFERENTIAL_OPERATIONS ?? 1_000_000);
const seed = Number(process.env.DIFFERENTIAL_SEED ?? Date.now() % 1_000_000_000);
const kinds = [newestFdwServer, multinodeServers[0]].filter((kind) => kind !== undefined && !kind.given);

describe.each(kinds)("on $name", (kind) => {
    let compared: ComparedCluster;

    beforeAll(async () => {
        if (kind !== undefined) {
            compared = await startComparedCluster(kind);
        }
    }, START_TIMEOUT_MS);
    afterAll(() => compared?.stop());

    it(
        `answers ${operations} random operations as a plain table does (DIFFERENTIAL_SEED=${seed})`,
        async () => {
            let told = 0;
            const onBatch = (done: Comparison): void => {
                if (done.operations - told >= PROGRESS_OPERATIONS || done.operations >= operations) {
                    told = done.operations;
                    const { statements, transactions, rolledBack, unsafe, refused } = done;
                    process.stderr.write(
                        `${kind?.name}: ${told} operations in ${statements} statements, ${transactions} transactions ` +
                            `(${rolledBack} rolled back), ${unsafe} unsafe refused, ${JSON.stringify(refused)} on both\n`,
                    );
                }
            };
            await compareTables(compared.cluster.access, compared.tables, { seed, operations, onBatch });
        },
        LIMIT_MS,
    );
});
