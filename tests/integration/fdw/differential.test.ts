/** A short run of random statements on a cluster and on a plain table; `npm run test:differential` is the long one. */
import { compareTables } from "../../support/differential/compare";
import { startComparedCluster, type ComparedCluster } from "../../support/differential/cluster";
import { describeServers, START_TIMEOUT_MS } from "../../support/servers";

const OPERATIONS = 12_000;
const seed = Number(process.env.DIFFERENTIAL_SEED ?? Date.now() % 1_000_000_000);
// Not by the console, which a whole run keeps quiet.
process.stderr.write(`DIFFERENTIAL_SEED=${seed}\n`);

describeServers("fdw", (kind) => {
    let compared: ComparedCluster;

    beforeAll(async () => (compared = await startComparedCluster(kind)), START_TIMEOUT_MS);
    afterAll(() => compared?.stop());

    it(
        `answers random statements as a plain table does (DIFFERENTIAL_SEED=${seed})`,
        async () => {
            const done = await compareTables(compared.cluster.access, compared.tables, {
                seed,
                operations: OPERATIONS,
            });
            expect(done.operations).toBeGreaterThanOrEqual(OPERATIONS);
            expect(done.transactions).toBeGreaterThan(0);
            expect(done.unsafe).toBeGreaterThan(0);
        },
        START_TIMEOUT_MS,
    );
});
