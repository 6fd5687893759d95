import { existsSync, readFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { anyRuns } from "../../../tools/servers/processes.mjs";
import type { Server } from "../../../tools/servers/postgresServer.mjs";
import {
    describeServers,
    START_TIMEOUT_MS,
    startCluster,
    startOne,
    type EngineName,
    type TestCluster,
} from "../../support/servers";

async function query(server: Server, sql: string, password = server.password): Promise<unknown[]> {
    const client = new Client({
        host: server.host,
        port: server.port,
        user: server.user,
        password,
        database: "postgres",
    });
    client.on("error", () => undefined);
    await client.connect();
    try {
        return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
        await client.end();
    }
}

describe.each<EngineName>(["fdw", "multinode"])("startCluster for %s", (engine) => {
    describeServers(
        engine,
        (kind) => {
            let cluster: TestCluster;

            beforeAll(async () => {
                cluster = await startCluster(kind);
            }, START_TIMEOUT_MS);

            afterAll(() => cluster.stop());

            it("starts an access node and two data nodes that let nobody in without the password", async () => {
                expect(cluster.all).toHaveLength(3);
                for (const server of cluster.all) {
                    await expect(query(server, "SELECT 1 AS one")).resolves.toEqual([{ one: 1 }]);
                    await expect(query(server, "SELECT 1", "wrong")).rejects.toThrow("password authentication failed");
                }
            });

            it("takes the settings of the kind", async () => {
                const [row] = await query(
                    cluster.access,
                    "SELECT current_setting('shared_preload_libraries') AS libraries",
                );
                expect(row).toEqual({ libraries: kind.timescaledb === undefined ? "" : "timescaledb" });
            });

            it("comes back on the same port with its data after a kill", async () => {
                const server = cluster.access;
                await query(server, "CREATE TABLE kept (a int)");
                await server.kill();
                await expect(query(server, "SELECT 1")).rejects.toThrow("ECONNREFUSED");
                await server.restart({ settings: { work_mem: "5MB" } });
                await expect(
                    query(server, "SELECT current_setting('work_mem') AS value FROM (SELECT count(*) FROM kept) AS k"),
                ).resolves.toEqual([{ value: "5MB" }]);
            });

            it("refuses by a new pg_hba.conf without a restart", async () => {
                const [node] = cluster.nodes;
                await node!.setHba(["host all all all reject"]);
                await expect(query(node!, "SELECT 1")).rejects.toThrow("pg_hba.conf rejects connection");
            });
        },
        { ownServers: true },
    );
});

describe("one server", () => {
    it("shows its log when it does not start, and leaves nothing", async () => {
        const start = startOne(
            { name: "", engine: "fdw", timescaledb: undefined, base: { major: 16 } },
            { settings: { nonsense: "1" } },
        );
        const error: unknown = await start.catch((reason: unknown) => reason);
        expect(error).toHaveProperty(
            "message",
            expect.stringContaining('unrecognized configuration parameter "nonsense"'),
        );
        const folder = /(\/\S*pulumi-timescaledb-\w+)/.exec((error as Error).message)?.[1];
        expect(folder && existsSync(folder)).toBe(false);
    });

    it("ends with its process, even by SIGKILL, and its data with it", async () => {
        const module = path.resolve("tools/servers/postgresServer.mjs");
        const program = `
            const { startServer } = await import(${JSON.stringify(module)});
            const server = await startServer({ major: 16 });
            console.log(JSON.stringify({ pid: server.pid(), folder: server.dataFolder }));
            setInterval(() => undefined, 1000);`;
        const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
            stdio: ["ignore", "pipe", "inherit"],
        });
        const [line] = (await once(child.stdout, "data")) as [Buffer];
        const { pid, folder } = JSON.parse(line.toString()) as { pid: number; folder: string };
        expect(readFileSync(path.join(folder, "postmaster.pid"), "utf8")).toContain(String(pid));

        child.kill("SIGKILL");

        for (let wait = 0; existsSync(folder) && wait < 100; wait++) await sleep(100);
        expect(existsSync(folder)).toBe(false);
        expect(await anyRuns([pid])).toBe(false);
    }, 20_000);
});
