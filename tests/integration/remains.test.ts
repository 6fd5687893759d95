/**
 * What a DROP DATABASE that was cut leaves (from PostgreSQL 15.4 and its like on): a database to which nobody can connect
 * and with which nothing can be done but to drop it.
 */
import { closePools } from "../../provider/postgres/pool";
import { LiveCluster, type LiveResource } from "../support/life";
import { query } from "../support/query";
import { expectNoResidue, residueOf, type Residue } from "../support/residue";
import { describeServers, startCluster, START_TIMEOUT_MS, type TestCluster } from "../support/servers";

const DATABASE = "cut off";
const TIMEOUT_MS = 60_000;

describe.each(["multinode", "fdw"] as const)("what a cut DROP DATABASE has left, with the engine %s", (engine) => {
    describeServers(engine, (kind) => {
        let cluster: TestCluster;
        let live: LiveCluster;
        let node: LiveResource;
        let before: Residue[];

        beforeAll(async () => {
            cluster = await startCluster(kind, { nodes: 1 });
            before = await Promise.all(cluster.all.map(residueOf));
        }, START_TIMEOUT_MS);
        afterAll(() => cluster?.stop());

        beforeEach(async () => {
            live = new LiveCluster(cluster, DATABASE);
            node = live.node(0);
            await live.access.create(live.accessValues({ engine, forceDestroy: true }));
            await node.create(live.nodeValues(0, { forceDestroy: true }));
        }, TIMEOUT_MS);
        afterEach(async () => {
            await closePools();
            expectNoResidue(before, await Promise.all(cluster.all.map(residueOf)));
        }, TIMEOUT_MS);

        /** As PostgreSQL marks it in place, before it removes the files. */
        async function cutOff(server: TestCluster["access"]): Promise<void> {
            await closePools();
            await query(server, "postgres", "UPDATE pg_database SET datconnlimit = -2 WHERE datname = $1", [DATABASE]);
            await expect(query(server, DATABASE, "SELECT")).rejects.toThrow("cannot connect to invalid database");
        }

        it(
            "goes with the access node that it was, and with the data node",
            async () => {
                await cutOff(cluster.access);
                expect(await live.access.refresh()).toBeUndefined();
                await node.delete();
                await live.access.delete();
            },
            TIMEOUT_MS,
        );

        it(
            "goes with the data node that it was",
            async () => {
                await cutOff(cluster.nodes[0] as TestCluster["access"]);
                await node.delete();
                await live.access.delete();
            },
            TIMEOUT_MS,
        );

        it(
            "makes room for a new cluster",
            async () => {
                for (const server of cluster.all) {
                    await cutOff(server);
                }
                const again = new LiveCluster(cluster, DATABASE);
                const newNode = again.node(0);
                await again.access.create(again.accessValues({ engine }));
                await newNode.create(again.nodeValues(0));
                await newNode.expectNoDrift();
                await newNode.delete();
                await again.access.delete();
            },
            TIMEOUT_MS,
        );
    });
});
