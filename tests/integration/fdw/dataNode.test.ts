/** Data nodes of the engine fdw: what the access node knows of them, and what happens while one is down. */
import type { LiveResource } from "../../support/life";
import { describeServers } from "../../support/servers";
import { withCluster } from "../../support/withCluster";

const TIMEOUT_MS = 60_000;

describeServers("fdw", (kind) => {
    const cluster = withCluster(kind, { built: "access node" });
    const { live, sql, onNode } = cluster;
    const optionsOf = async (name: string): Promise<string[]> =>
        (
            await sql<{ option: string }>(
                `SELECT o.option_name || '=' || o.option_value AS option
                   FROM pg_foreign_server s, pg_options_to_table(s.srvoptions) o WHERE s.srvname = '${name}' ORDER BY 1`,
            )
        ).map(({ option }) => option);

    it(
        "live their whole life twice",
        async () => {
            const node = live.node(0);
            for (const _life of [1, 2]) {
                await node.create(live.nodeValues(0));
                await node.expectNoDrift();
                const options = await optionsOf("dn1");
                expect(options).toEqual([...options].sort());
                expect(options).toContain("fdw_tuple_cost=0.2");
                expect(options.includes("parallel_abort=true")).toBe((cluster.access.major ?? 0) >= 16);
                await node.update(live.nodeValues(0, { serverOptions: { fetch_size: "50", sslmode: "prefer" } }));
                await node.expectNoDrift();
                expect(await optionsOf("dn1")).toEqual(expect.arrayContaining(["fetch_size=50", "sslmode=prefer"]));
                await node.delete();
                expect(await sql("SELECT FROM pg_foreign_server")).toEqual([]);
                expect(await onNode(0, "SELECT FROM pg_database WHERE datname = 'cluster'", "postgres")).toEqual([]);
            }
        },
        TIMEOUT_MS,
    );

    it(
        "show what somebody changed, the password too, and are mended",
        async () => {
            const node = live.node(0);
            const values = live.nodeValues(0);
            await node.create(values);
            await sql("ALTER SERVER dn1 OPTIONS (SET fetch_size '3', DROP async_capable)");
            await sql("ALTER USER MAPPING FOR postgres SERVER dn1 OPTIONS (SET password 'by hand')");
            const found = await node.refresh();
            expect(found?.serverOptions).toEqual({ fetch_size: "3" });
            expect(found).not.toHaveProperty("password");
            await node.update(values);
            await node.expectNoDrift();
            expect(await optionsOf("dn1")).toEqual(expect.arrayContaining(["fetch_size=1000", "async_capable=true"]));
            await sql("ALTER SERVER dn1 OPTIONS (DROP async_capable)");
            expect((await node.refresh())?.serverOptions).toEqual({});
            expect(node.outputs.incomplete).toMatch(/alter options of server dn1/);
            await node.update(values);
            await node.expectNoDrift();
            expect(await optionsOf("dn1")).toContain("async_capable=true");
            await node.delete();
        },
        TIMEOUT_MS,
    );

    it(
        "are refused under a second name, over others' databases, and taken over with adopt",
        async () => {
            const node = live.node(0);
            await node.create(live.nodeValues(0));
            await expect(live.node(1).create(live.nodeValues(0, { nodeName: "again" }))).rejects.toThrow(/NODE_IN_USE/);
            await node.delete();
            await onNode(0, "CREATE DATABASE cluster", "postgres");
            await onNode(0, "CREATE TABLE mine (x integer)");
            await expect(node.create(live.nodeValues(0))).rejects.toThrow(/PREFLIGHT_FAILED/);
            await node.create(live.nodeValues(0, { adopt: true }));
            await node.expectNoDrift();
            expect(node.outputs.created).toEqual({ database: false });
            await node.delete();
            expect(await onNode(0, "SELECT * FROM mine")).toEqual([]);
            await onNode(0, "DROP DATABASE cluster WITH (FORCE)", "postgres");
        },
        TIMEOUT_MS,
    );

    it(
        "hold their only copies until forceDestroy says otherwise",
        async () => {
            const nodes = [live.node(0), live.node(1)] as [LiveResource, LiveResource];
            await nodes[0].create(live.nodeValues(0));
            await nodes[1].create(live.nodeValues(1));
            const table = live.hypertable("held");
            await table.create(live.tableValues("held"));
            await sql("INSERT INTO held SELECT now(), n, n FROM generate_series(1, 100) n");
            await expect(nodes[1].delete()).rejects.toThrow(/LAST_COPY/);
            await nodes[1].update(live.nodeValues(1, { drainOnDelete: true }));
            await expect(nodes[1].delete()).rejects.toThrow(/NOT_SUPPORTED/);
            expect(await sql("SELECT count(*) FROM held")).toEqual([{ count: "100" }]);
            await nodes[1].update(live.nodeValues(1, { forceDestroy: true }));
            await nodes[1].delete();
            await table.update(live.tableValues("held", { dataNodes: ["dn1"], forceDestroy: true }));
            await table.expectNoDrift();
            await sql("INSERT INTO held SELECT now(), n, n FROM generate_series(1, 100) n");
            await table.delete();
            await nodes[0].delete();
        },
        TIMEOUT_MS,
    );

    it(
        "that are down are set aside, so that the other shards can be read, and come back",
        async () => {
            const nodes = [live.node(0), live.node(1)] as [LiveResource, LiveResource];
            await nodes[0].create(live.nodeValues(0));
            await nodes[1].create(live.nodeValues(1));
            const table = live.hypertable("served");
            await table.create(live.tableValues("served", { lastPoint: true }));
            await sql("INSERT INTO served SELECT now(), n, n FROM generate_series(1, 100) n");
            const alone = Number(
                (
                    await onNode<{ count: string }>(
                        0,
                        "SELECT sum(n) AS count FROM (SELECT count(*) AS n FROM served_s0 UNION ALL SELECT count(*) FROM served_s2 UNION ALL SELECT count(*) FROM served_s4 UNION ALL SELECT count(*) FROM served_s6) x",
                    )
                )[0]?.count,
            );
            await cluster.nodes[1]?.halt("immediate");
            await expect(sql("SELECT count(*) FROM served")).rejects.toMatchObject({ code: "08001" });
            await nodes[1].update(live.nodeValues(1, { available: false }));
            expect(await sql("SELECT count(*) FROM served")).toEqual([{ count: String(alone) }]);
            expect(await sql("SELECT count(*) FROM served_last")).toEqual([{ count: String(alone) }]);
            await cluster.nodes[1]?.restart();
            await table.expectNoDrift();
            await nodes[1].update(live.nodeValues(1));
            await nodes[1].expectNoDrift();
            expect(await sql("SELECT count(*) FROM served")).toEqual([{ count: "100" }]);
            await table.expectNoDrift();
            await table.update(live.tableValues("served", { lastPoint: true, forceDestroy: true }));
            await table.delete();
            await nodes[1].delete();
            await nodes[0].delete();
        },
        TIMEOUT_MS,
    );

    it(
        "that are gone for good do not keep the rest from going, with forceDestroy",
        async () => {
            const nodes = [live.node(0), live.node(1)] as [LiveResource, LiveResource];
            await nodes[0].create(live.nodeValues(0));
            await nodes[1].create(live.nodeValues(1));
            const table = live.hypertable("lost");
            await table.create(live.tableValues("lost"));
            await table.update(live.tableValues("lost", { forceDestroy: true }));
            await nodes[1].update(live.nodeValues(1, { forceDestroy: true }));
            await cluster.nodes[1]?.halt("immediate");
            const warned = jest.spyOn(console, "warn").mockImplementation(() => undefined);
            await table.delete();
            await nodes[1].delete();
            const told = warned.mock.calls.map(([text]) => String(text)).join("\n");
            warned.mockRestore();
            expect(told).toContain("could not clean up data node dn2");
            expect(told).toContain("database cluster stays there");
            expect(await sql("SELECT relname FROM pg_class WHERE relname LIKE 'lost%'")).toEqual([]);
            await nodes[0].delete();
            await cluster.nodes[1]?.restart();
            await onNode(1, "DROP DATABASE cluster WITH (FORCE)", "postgres");
        },
        TIMEOUT_MS,
    );
});
