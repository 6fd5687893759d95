/** Many tables at once, as `pulumi up` makes them, in a schema that none of them finds. */
import { closePools } from "../../../provider/postgres/pool";
import { LiveCluster, type LiveResource } from "../../support/life";
import { query } from "../../support/query";
import { expectNoResidue, residueOf, type Residue } from "../../support/residue";
import { describeServers, startCluster, START_TIMEOUT_MS, type TestCluster } from "../../support/servers";

const TABLES = 10;
const TIMEOUT_MS = 120_000;

describeServers("fdw", (kind) => {
    let cluster: TestCluster;
    let before: Residue[];

    beforeAll(async () => {
        cluster = await startCluster(kind, { nodes: 2 });
        before = await Promise.all(cluster.all.map(residueOf));
    }, START_TIMEOUT_MS);
    afterAll(() => cluster?.stop());

    it(
        "makes, changes and deletes them side by side, and the schema goes with the last one",
        async () => {
            const live = new LiveCluster(cluster, "parallel");
            await live.access.create(live.accessValues());
            const nodes = [live.node(0), live.node(1)];
            await Promise.all(nodes.map((node, index) => node.create(live.nodeValues(index))));
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
            await Promise.all(nodes.map((node) => node.delete()));
            await live.access.delete();
            await closePools();
            expectNoResidue(before, await Promise.all(cluster.all.map(residueOf)));
        },
        TIMEOUT_MS,
    );
});
