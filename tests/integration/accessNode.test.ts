import { LiveCluster } from "../support/life";
import { query } from "../support/query";
import { describeServers } from "../support/servers";
import { withCluster } from "../support/withCluster";

describe.each(["multinode", "fdw"] as const)("AccessNode with the engine %s", (engine) => {
    describeServers(engine, (kind) => {
        const cluster = withCluster(kind, { nodes: 0, database: "multinode" });

        const databases = async (): Promise<string[]> =>
            (
                await query<{ datname: string }>(
                    cluster.access,
                    "postgres",
                    "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1",
                )
            ).map(({ datname }) => datname);

        it("lives its whole life twice", async () => {
            const live = new LiveCluster(cluster, "multinode");
            for (const _life of [1, 2]) {
                const outputs = await live.access.create(live.accessValues());
                expect(outputs).toMatchObject({ engine, database: "multinode", created: { database: true } });
                expect(outputs.clusterId).toBe(live.access.id);
                expect(await databases()).toEqual(["multinode", "postgres"]);
                await live.access.expectNoDrift();
                await live.access.update(live.accessValues({ forceDestroy: true }));
                await live.access.expectNoDrift();
                await live.access.delete();
                expect(await databases()).toEqual(["postgres"]);
            }
        });

        it("reads an access node that is gone as gone", async () => {
            const live = new LiveCluster(cluster, "multinode");
            await live.access.create(live.accessValues());
            await query(cluster.access, "postgres", "DROP DATABASE multinode WITH (FORCE)");
            expect(await live.access.refresh()).toBeUndefined();
            await live.access.delete();
        });

        it.each([
            'quo"te',
            "dot.ted",
            "select",
            "über größe",
            "new\nline",
            "x".repeat(63),
            "'; DROP DATABASE postgres; --",
        ])("takes the database name %j as it is", async (name) => {
            const live = new LiveCluster(cluster, name);
            await live.access.create(live.accessValues());
            expect(await databases()).toEqual([name, "postgres"].sort());
            await live.access.expectNoDrift();
            await live.access.delete();
        });

        it("refuses a database that exists, takes it over with adopt, and keeps it at the end", async () => {
            await query(cluster.access, "postgres", "CREATE DATABASE mine");
            await query(cluster.access, "postgres", "COMMENT ON DATABASE mine IS 'my own words'");
            const live = new LiveCluster(cluster, "mine");
            await expect(live.access.create(live.accessValues())).rejects.toThrow(/ALREADY_EXISTS/);
            await live.access.create(live.accessValues({ adopt: true }));
            await live.access.expectNoDrift();
            await live.access.delete();
            const [comment] = await query(
                cluster.access,
                "postgres",
                "SELECT shobj_description(oid, 'pg_database') AS text FROM pg_database WHERE datname = 'mine'",
            );
            expect(comment).toEqual({ text: "my own words" });
            await query(cluster.access, "postgres", "DROP DATABASE mine WITH (FORCE)");
        });

        it("refuses another resource's access node, and is not confused by its own half-made one", async () => {
            const first = new LiveCluster(cluster, "multinode");
            await first.access.create(first.accessValues());
            const second = new LiveCluster(cluster, "multinode");
            await expect(
                second.access.create({ ...second.accessValues(), logicalUrn: "urn:test::other" }),
            ).rejects.toThrow(/urn:test::access/);
            // As after a run that was killed before the state was written: the same resource is created again.
            await second.access.create(second.accessValues());
            expect(second.access.id).toBe(first.access.id);
            await second.access.delete();
        });

        it("refuses to drop a database with a table that is not the stack's, unless forceDestroy", async () => {
            const live = new LiveCluster(cluster, "multinode");
            await live.access.create(live.accessValues());
            await query(cluster.access, "multinode", "CREATE TABLE precious (id integer)");
            await expect(live.access.delete()).rejects.toThrow(/HOLDS_OTHER_OBJECTS/);
            expect(await databases()).toEqual(["multinode", "postgres"]);
            await live.access.update(live.accessValues({ forceDestroy: true }));
            await live.access.delete();
            expect(await databases()).toEqual(["postgres"]);
        });
    });
});
