/** The errors of docs/troubleshooting.md, provoked on real servers by plain SQL: their texts and codes are as it says. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Server } from "../../tools/servers/postgresServer.mjs";
import { LiveCluster } from "../support/life";
import { query } from "../support/query";
import {
    describeServers,
    newestFdwServer,
    startCluster,
    startOne,
    START_TIMEOUT_MS,
    type TestCluster,
} from "../support/servers";
import { ROOT } from "./pages";

jest.setTimeout(120_000);

const PAGE = readFileSync(path.join(ROOT, "docs", "troubleshooting.md"), "utf8").replace(/\s+/g, " ");

interface ServerError {
    readonly message: string;
    readonly detail?: string;
    readonly code: string;
}

/** Asserts that the statement fails with a text of the page, where "..." stands for anything, and with its code there. */
async function expectTold(told: string, code: string | undefined, statement: Promise<unknown>): Promise<void> {
    expect(PAGE).toContain(code === undefined ? `\`${told}\`` : `\`${told}\` (${code})`);
    const error = await statement.then(
        () => Promise.reject(new Error(`it did not fail: ${told}`)),
        (cause: unknown) => cause as ServerError,
    );
    const pattern = told
        .split("...")
        .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
        .join(".*");
    expect(`${error.message} ${error.detail ?? ""}`).toMatch(new RegExp(pattern, "s"));
    expect(error).toMatchObject(code === undefined ? {} : { code });
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

describeServers("fdw", (kind) => {
    if (kind !== newestFdwServer) return;

    let cluster: TestCluster;
    const onAccess = (text: string): Promise<unknown[]> => query(cluster.access, "told", text);

    beforeAll(async () => {
        cluster = await startCluster(kind, { nodes: 2 });
        const live = new LiveCluster(cluster, "told");
        await live.access.create(live.accessValues());
        for (const index of [0, 1]) await live.node(index).create(live.nodeValues(index));
        await live.hypertable("conditions").create(live.tableValues("conditions"));
        await onAccess("INSERT INTO conditions SELECT now(), n, n FROM generate_series(1, 20) AS n");
    }, START_TIMEOUT_MS);

    afterAll(() => cluster?.stop());

    it("what a DROP DATABASE that was cut has left", async () => {
        await onAccess("CREATE DATABASE broken");
        await onAccess("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'broken'");
        const connecting = query(cluster.access, "broken", "SELECT");
        await expectTold("cannot connect to invalid database", "55000", connecting);
        await onAccess("DROP DATABASE broken");
    });

    it("fails as told with a condition that cannot be sent, and takes it as told", async () => {
        const update = "UPDATE conditions SET temp = 0 WHERE time >";
        await expectTold('column "ctid" does not exist', "42703", onAccess(`${update} now() - interval '1 day'`));
        const [instead] = /\(SELECT now\(\)[^)]*\)/.exec(PAGE) ?? [];
        await onAccess(`${update} ${instead}`);
        expect(await onAccess("SELECT max(temp) FROM conditions")).toEqual([{ max: 0 }]);
    });

    it("fails as told when the partitioning column is to change", async () => {
        const update = onAccess("UPDATE conditions SET device = device + 1");
        await expectTold('new row ... violates check constraint "shard_guard"', "23514", update);
    });
});

describeServers(
    "multinode",
    (kind) => {
        let cluster: TestCluster;
        let unprepared: Server;

        const onAccess = (text: string): Promise<unknown[]> => query(cluster.access, "told", text);
        const add = (name: string, { host, port, password }: Server, withPassword = true): Promise<unknown[]> =>
            onAccess(
                `SELECT add_data_node(${literal(name)}, host => ${literal(host)}, port => ${port}
                    ${withPassword && password ? `, password => ${literal(password)}` : ""})`,
            );
        /** What the password of add_data_node does not do. */
        const map = (name: string, { user, password }: Server): Promise<unknown[]> =>
            onAccess(
                `CREATE USER MAPPING FOR CURRENT_USER SERVER ${name} OPTIONS (user ${literal(user)}, password ${literal(password ?? "")})`,
            );

        beforeAll(async () => {
            [cluster, unprepared] = await Promise.all([
                startCluster(kind, { nodes: 2 }),
                startOne(kind, { settings: { max_prepared_transactions: "0" } }),
            ]);
            await query(cluster.access, "postgres", "CREATE DATABASE told");
            await onAccess("CREATE EXTENSION timescaledb");
        }, START_TIMEOUT_MS);

        afterAll(async () => {
            await cluster?.stop();
            await unprepared?.stop();
        });

        it("fails as told without a password", async () => {
            const [node] = cluster.nodes as [Server];
            await expectTold('could not connect to "dn1"', "08001", add("dn1", node, false));
            await expectTold("fe_sendauth: no password supplied", undefined, add("dn1", node, false));
        });

        it("fails as told when a node is added again that was deleted", async () => {
            const [node] = cluster.nodes as [Server];
            await add("dn1", node);
            await onAccess("SELECT delete_data_node('dn1')");
            await expectTold("node is already a data node", "TS174", add("dn1", node));
            await query(node, "postgres", "DROP DATABASE told");
        });

        it("fails as told without prepared transactions, when the first table is made", async () => {
            await add("unprepared", unprepared);
            await map("unprepared", unprepared);
            await onAccess("CREATE TABLE first (time timestamptz NOT NULL)");
            const create = onAccess("SELECT create_distributed_hypertable('first', 'time')");
            await expectTold("prepared transactions are disabled", "55000", create);
        });

        it("fails as told when a node is to go that holds chunks", async () => {
            const [dn1, dn2] = cluster.nodes as [Server, Server];
            for (const [name, node] of Object.entries({ dn1, dn2 })) {
                await add(name, node);
                await map(name, node);
            }
            const make = (table: string, copies: number): string => `
                CREATE TABLE ${table} (time timestamptz NOT NULL);
                SELECT create_distributed_hypertable(${literal(table)}, 'time', data_nodes => '{dn1,dn2}', replication_factor => ${copies});
                INSERT INTO ${table} SELECT now() + n * interval '7 days' FROM generate_series(1, 4) AS n`;
            await onAccess(make("once", 1));
            const away = "SELECT delete_data_node('dn1', force => true)";
            await expectTold("insufficient number of data nodes", "TS170", onAccess(away));
            await onAccess("DROP TABLE once");
            await onAccess(make("twice", 2));
            await expectTold("still holds data", "TS504", onAccess("SELECT detach_data_node('dn1', 'twice')"));
        });
    },
    { ownServers: true },
);
