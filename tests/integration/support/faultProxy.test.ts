import { Client } from "pg";
import type { Server } from "../../../tools/servers/postgresServer.mjs";
import { hasOpenssl, makeAuthority } from "../../support/certificates";
import { startFaultProxy, type FaultProxy } from "../../support/faultProxy";
import { fdwServers, START_TIMEOUT_MS, startOne } from "../../support/servers";

const [kind] = fdwServers;
const OVERDUE_MS = 300;

(kind ? describe : describe.skip)("the fault proxy", () => {
    let server: Server;
    let proxy: FaultProxy;
    let clients: Client[];

    async function connect(port = proxy.port): Promise<Client> {
        const client = new Client({
            host: "127.0.0.1",
            port,
            user: server.user,
            password: server.password,
            database: "postgres",
        });
        client.on("error", () => undefined);
        clients.push(client);
        await client.connect();
        return client;
    }

    async function countRows(): Promise<number> {
        const direct = await connect(server.port);
        const { rows } = await direct.query<{ n: number }>("SELECT count(*)::int AS n FROM t");
        return rows[0]?.n ?? NaN;
    }

    beforeAll(async () => {
        server = await startOne(kind!);
    }, START_TIMEOUT_MS);

    beforeEach(async () => {
        clients = [];
        proxy = await startFaultProxy(server);
        const direct = await connect(server.port);
        await direct.query("DROP TABLE IF EXISTS t; CREATE TABLE t (a int)");
    });

    afterEach(async () => {
        await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
        await proxy.stop();
    });

    afterAll(() => server.stop());

    it("passes on what is said, and counts it", async () => {
        const client = await connect();
        await client.query("BEGIN");
        await client.query("INSERT INTO t VALUES ($1)", [1]);
        await client.query({ name: "named", text: "INSERT INTO t VALUES ($1)", values: [2] });
        await client.query({ name: "named", text: "INSERT INTO t VALUES ($1)", values: [3] });
        await client.query("COMMIT");
        expect(await countRows()).toBe(3);
        const insert = "INSERT INTO t VALUES ($1)";
        expect(proxy.statements).toEqual(["BEGIN", insert, insert, insert, "COMMIT"]);
        expect(proxy.connectionCount).toBe(1);
    });

    it.each(["INSERT INTO t VALUES ($1)", "INSERT INTO t VALUES (1 + $1)"])(
        "kills before %s: the server never ran it",
        async (text) => {
            const client = await connect();
            proxy.killBefore(2);
            await client.query("SELECT 1");
            await expect(client.query(text, [1])).rejects.toThrow("Connection terminated unexpectedly");
            expect(proxy.killedAt).toBe(text);
            expect(await countRows()).toBe(0);
            await expect((await connect()).query(text, [1])).resolves.toMatchObject({ rowCount: 1 });
        },
    );

    it.each([[[1]], [undefined]])(
        "kills after a statement with the values %j: the server ran it, the client does not know",
        async (values) => {
            const client = await connect();
            proxy.killAfter(1, /^INSERT/);
            await client.query("SELECT 1");
            await expect(client.query(`INSERT INTO t VALUES (${values ? "$1" : 1})`, values)).rejects.toThrow(
                "terminated",
            );
            expect(await countRows()).toBe(1);
        },
    );

    it("delays", async () => {
        const client = await connect();
        proxy.latency(100);
        const start = performance.now();
        await client.query("SELECT 1");
        expect(performance.now() - start).toBeGreaterThan(95);
    });

    (hasOpenssl ? it : it.skip)(
        `passes on what is encrypted, and cuts it${hasOpenssl ? "" : " (skipped: no openssl)"}`,
        async () => {
            const encrypted = await startOne(kind!, { ssl: makeAuthority("test").issue("127.0.0.1") });
            const inFront = await startFaultProxy(encrypted);
            const client = new Client({
                host: inFront.host,
                port: inFront.port,
                user: encrypted.user,
                password: encrypted.password,
                database: "postgres",
                ssl: { rejectUnauthorized: false },
            });
            client.on("error", () => undefined);
            await client.connect();
            const { rows } = await client.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
            expect(rows).toEqual([{ ssl: true }]);
            inFront.cut();
            await expect(client.query("SELECT 1")).rejects.toThrow();
            await inFront.stop();
            await encrypted.stop();
        },
    );

    it("swallows, and heals", async () => {
        const client = await connect();
        proxy.blackHole();
        const answer = client.query("SELECT 1").then(
            () => "answered",
            () => "cut",
        );
        const overdue = new Promise((resolve) => setTimeout(resolve, OVERDUE_MS, "overdue"));
        expect(await Promise.race([answer, overdue])).toBe("overdue");
        await proxy.heal();
        expect(await answer).toBe("cut");
        await expect((await connect()).query("SELECT 1")).resolves.toMatchObject({ rowCount: 1 });
    });

    it("refuses, and heals", async () => {
        const client = await connect();
        await proxy.refuse();
        await expect(client.query("SELECT 1")).rejects.toThrow();
        await expect(connect()).rejects.toThrow("ECONNREFUSED");
        await proxy.heal();
        await expect((await connect()).query("SELECT 1")).resolves.toMatchObject({ rowCount: 1 });
    });
});
