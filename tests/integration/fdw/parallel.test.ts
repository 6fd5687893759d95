/** Many tables at once, as `pulumi up` makes them, in a schema that none of them finds. */
import type { LiveResource } from "../../support/life";
import { query } from "../../support/query";
import { describeServers } from "../../support/servers";
import { withCluster } from "../../support/withCluster";

const TABLES = 10;
const TIMEOUT_MS = 120_000;

describeServers("fdw", (kind) => {
    const cluster = withCluster(kind, { database: "parallel", built: "data nodes" });
    const { live } = cluster;

    it(
        "makes, changes and deletes them side by side, and the schema goes with the last one",
        async () => {
            const names = Array.from({ length: TABLES }, (_, index) => `table${index}`);
            const each = (work: (table: LiveResource, name: string) => Promise<unknown>): Promise<unknown> =>
                Promise.all(tables.map((table, index) => work(table, names[index] ?? "")));
            const tables = names.map((name) => live.hypertable(name));

            await each((table, name) => table.create(live.tableValues(name, { schema: "many" })));
            await each((table) => table.expectNoDrift());
            await each((table, name) => table.update(live.tableValues(name, { schema: "moved" })));
            await each((table) => table.expectNoDrift());
            const schemas = "SELECT nspname FROM pg_namespace WHERE nspname IN ('many', 'moved')";
            for (const server of cluster.all) {
                expect(await query(server, "parallel", schemas)).toEqual([{ nspname: "moved" }]);
            }
            await each((table) => table.delete());
            for (const server of cluster.all) {
                expect(await query(server, "parallel", schemas)).toEqual([]);
            }
        },
        TIMEOUT_MS,
    );
});
