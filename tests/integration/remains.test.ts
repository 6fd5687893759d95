/**
 * What a DROP DATABASE that was cut leaves (from PostgreSQL 15.4 and its like on): a database to which nobody can connect
 * and with which nothing can be done but to drop it.
 */
import { closePools } from "../../provider/postgres/pool";
import type { LiveResource } from "../support/life";
import { query } from "../support/query";
import { describeServers, type TestCluster } from "../support/servers";
import { withCluster } from "../support/withCluster";

const DATABASE = "cut off";
const TIMEOUT_MS = 60_000;

describe.each(["multinode", "fdw"] as const)("what a cut DROP DATABASE has left, with the engine %s", (engine) => {
    describeServers(engine, (kind) => {
        const forceDestroy = true;
        const cluster = withCluster(kind, {
            nodes: 1,
            database: DATABASE,
            built: "data nodes",
            accessValues: { engine, forceDestroy },
            nodeValues: { forceDestroy },
        });
        const { live } = cluster;
        const [node] = cluster.dataNodes as [LiveResource];

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
                await cutOff(cluster.serverOf(0));
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
                await live.access.create(live.accessValues({ engine }));
                await node.create(live.nodeValues(0));
                await node.expectNoDrift();
                await node.delete();
                await live.access.delete();
            },
            TIMEOUT_MS,
        );
    });
});
