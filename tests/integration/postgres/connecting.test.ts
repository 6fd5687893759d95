import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net, { type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "../../../tools/servers/postgresServer.mjs";
import type { ProviderError } from "../../../provider/errors";
import type { Connection } from "../../../provider/postgres/connection";
import { closePools, waitUntilReady, withSession } from "../../../provider/postgres/pool";
import { connectionTo } from "../../support/connections";
import { newestFdwServer, skipReasons, START_TIMEOUT_MS, startOne, type ServerKind } from "../../support/servers";

const kind: ServerKind = newestFdwServer ?? { name: "none", engine: "fdw", timescaledb: undefined, base: {} };
const environment = process.env;

/** Something that listens on a port and does with each connection what a test says. */
async function listening(
    serve: (socket: Socket) => void,
    use: (connection: Connection, connections: () => number) => Promise<void>,
): Promise<void> {
    const sockets: Socket[] = [];
    const listener = net.createServer((socket) => {
        socket.on("error", () => undefined);
        sockets.push(socket);
        serve(socket);
    });
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    try {
        await use(connectionTo("127.0.0.1", { port: (listener.address() as AddressInfo).port }), () => sockets.length);
    } finally {
        sockets.forEach((socket) => socket.destroy());
        listener.close();
    }
}

async function failure(promise: Promise<unknown>): Promise<ProviderError> {
    return promise.then(
        () => {
            throw new Error("it succeeded");
        },
        (error: ProviderError) => error,
    );
}

async function freePort(): Promise<number> {
    let port = 0;
    await listening(
        () => undefined,
        (connection) => Promise.resolve(void (port = connection.port)),
    );
    return port;
}

const select1 = (connection: Connection): Promise<unknown> =>
    withSession(connection, "postgres", (session) => session.query("SELECT 1"));

afterEach(() => closePools());

describe("connecting where no server is", () => {
    it("says that nothing listens, with every address of the host", async () => {
        const error = await failure(select1(connectionTo("localhost", { port: await freePort() })));
        expect(error).toMatchObject({ code: "SERVER_UNREACHABLE", transient: true });
        expect(error.reason).toContain("connect ECONNREFUSED 127.0.0.1:");
    });

    it("says that the host has no address", async () => {
        const error = await failure(select1(connectionTo("nowhere.invalid")));
        expect(error).toMatchObject({ code: "SERVER_UNREACHABLE", transient: false });
        expect(error.reason).toContain("nowhere.invalid");
    });

    it("says that there is no unix socket", async () => {
        const error = await failure(select1(connectionTo("/nonexistent")));
        expect(error).toMatchObject({ code: "SERVER_UNREACHABLE" });
        expect(error.reason).toContain("/nonexistent/.s.PGSQL.5432");
    });

    it.each(["disable", "prefer"] as const)("gives up after connectTimeoutSeconds under %s", async (sslMode) => {
        await listening(
            () => undefined,
            async (connection) => {
                const startedAt = performance.now();
                const error = await failure(select1({ ...connection, sslMode, connectTimeoutSeconds: 0.3 }));
                expect(performance.now() - startedAt).toBeLessThan(2_000);
                expect(error).toMatchObject({ code: "SERVER_UNREACHABLE", transient: true });
                expect(error.reason).toContain("no answer within connectTimeoutSeconds (0.3 s)");
            },
        );
    });

    it.each(["disable", "prefer"] as const)("says that the connection was closed under %s", async (sslMode) => {
        await listening(
            (socket) => socket.end(),
            async (connection) => {
                const error = await failure(select1({ ...connection, sslMode }));
                expect(error).toMatchObject({ code: "SERVER_UNREACHABLE", transient: true });
                expect(error.reason).toContain("the server closed the connection");
            },
        );
    });
});

describe("waitUntilReady where no server comes", () => {
    it("tries once with readyTimeoutSeconds 0", async () => {
        await listening(
            (socket) => socket.end(),
            async (connection, connections) => {
                const error = await failure(waitUntilReady({ ...connection, readyTimeoutSeconds: 0 }, "postgres"));
                expect(error.reason).not.toContain("tried");
                expect(connections()).toBe(1);
            },
        );
    });

    it("gives up after readyTimeoutSeconds, and says how often and how long it tried", async () => {
        const connection = connectionTo("127.0.0.1", { port: await freePort(), readyTimeoutSeconds: 1 });
        const error = await failure(waitUntilReady(connection, "postgres"));
        expect(error.code).toBe("SERVER_UNREACHABLE");
        expect(error.reason).toMatch(/ECONNREFUSED.*\(tried [2-6] times in 1\.\d s\)$/);
    });

    it("waits for a host's name too", async () => {
        const connection = connectionTo("nowhere.invalid", { readyTimeoutSeconds: 0.5 });
        const error = await failure(waitUntilReady(connection, "postgres"));
        expect(error.reason).toMatch(/tried \d times/);
    });

    it("tries for all who wait at once, not for each", async () => {
        await listening(
            (socket) => socket.end(),
            async (connection, connections) => {
                const all = Array.from({ length: 50 }, () =>
                    failure(waitUntilReady({ ...connection, readyTimeoutSeconds: 1 }, "postgres")),
                );
                const codes = (await Promise.all(all)).map(({ code }) => code);
                expect(codes).toEqual(Array(50).fill("SERVER_UNREACHABLE"));
                expect(connections()).toBeLessThan(10);
            },
        );
    });
});

const describeServer = skipReasons.fdw === undefined ? describe : describe.skip;

describeServer(`a server, ${skipReasons.fdw ?? kind.name}`, () => {
    let server: Server;
    let folder: string;

    beforeAll(async () => {
        server = await startOne(kind);
        folder = mkdtempSync(path.join(tmpdir(), "passfile-"));
        await withSession(to(), "postgres", (session) =>
            session.query("CREATE ROLE guest LOGIN PASSWORD 'guest' CONNECTION LIMIT 0"),
        );
    }, START_TIMEOUT_MS);

    afterEach(() => {
        process.env = environment;
    });

    afterAll(async () => {
        rmSync(folder, { recursive: true });
        await server.stop();
    });

    function to(more: Partial<Connection> = {}): Connection {
        return connectionTo(server.host, { port: server.port, password: server.password, ...more });
    }

    describe("waitUntilReady", () => {
        it("waits for a server that starts later", async () => {
            await server.halt();
            const ready = waitUntilReady(to({ readyTimeoutSeconds: 30 }), "postgres");
            await sleep(500);
            await server.restart();
            await expect(ready).resolves.toBeUndefined();
        }, 40_000);

        it("waits for a free connection", async () => {
            const guest = to({ user: "guest", password: "guest", readyTimeoutSeconds: 30 });
            const error = await failure(waitUntilReady({ ...guest, readyTimeoutSeconds: 0 }, "postgres"));
            expect(error).toMatchObject({ code: "SERVER_UNREACHABLE", transient: true });
            expect(error.reason).toContain("SQLSTATE 53300");

            const ready = waitUntilReady(guest, "postgres");
            await sleep(200);
            await withSession(to(), "postgres", (session) => session.query("ALTER ROLE guest CONNECTION LIMIT 1"));
            await expect(ready).resolves.toBeUndefined();
        }, 40_000);

        it.each<[string, string, Partial<Connection>, string]>([
            ["a wrong password", "postgres", { password: "wrong" }, "AUTHENTICATION_FAILED"],
            ["an unknown role", "postgres", { user: "nobody" }, "AUTHENTICATION_FAILED"],
            ["a database that is not there", "nothing", {}, "SERVER_ERROR"],
        ])("does not wait after %s", async (_, database, more, code) => {
            const startedAt = performance.now();
            const error = await failure(waitUntilReady(to({ ...more, readyTimeoutSeconds: 30 }), database));
            expect(error).toMatchObject({ code, transient: false });
            expect(performance.now() - startedAt).toBeLessThan(3_000);
        });
    });

    describe("the password", () => {
        const file = (): string => path.join(folder, "pgpass");

        function setEnvironment(values: NodeJS.ProcessEnv): void {
            process.env = { ...environment, PGPASSWORD: undefined, PGPASSFILE: file(), ...values };
        }

        it("comes from PGPASSWORD", async () => {
            setEnvironment({ PGPASSWORD: server.password });
            await expect(select1(to({ password: undefined }))).resolves.toHaveLength(1);
        });

        it("comes from the file of PGPASSFILE", async () => {
            writeFileSync(file(), `${server.host}:${server.port}:postgres:postgres:${server.password}\n`);
            chmodSync(file(), 0o600);
            setEnvironment({});
            await expect(select1(to({ password: undefined }))).resolves.toHaveLength(1);
        });

        it("that is missing fails the connection at once, and the error names the ways to give one", async () => {
            setEnvironment({ PGPASSFILE: path.join(folder, "none") });
            const sockets = (): number =>
                process.getActiveResourcesInfo().filter((resource) => resource === "TCPSocketWrap").length;
            const before = sockets();
            const startedAt = performance.now();
            const error = await failure(select1(to({ password: undefined })));
            expect(performance.now() - startedAt).toBeLessThan(2_000);
            await sleep(50);
            expect(sockets()).toBe(before);
            expect(error).toMatchObject({ code: "AUTHENTICATION_FAILED", transient: false });
            expect(error.reason).toContain("PGPASSWORD is not set");
        });

        it("that is wrong stays out of the error", async () => {
            const error = await failure(select1(to({ password: "hunter2" })));
            expect(error.code).toBe("AUTHENTICATION_FAILED");
            expect(JSON.stringify([error.message, error.stack, error.cause])).not.toContain("hunter2");
        });
    });

    it("does not keep the process that used it from ending", async () => {
        const pool = path.join(__dirname, "../../../provider/postgres/pool.ts");
        const program = `
            const { withSession } = require(${JSON.stringify(pool)});
            withSession(JSON.parse(process.env.CONNECTION), "postgres", (session) => session.query("SELECT 1"))
                .then(() => process.stdout.write(String(Date.now())));`;
        const child = spawn(process.execPath, ["-r", "ts-node/register/transpile-only", "-e", program], {
            env: { ...environment, CONNECTION: JSON.stringify(to()) },
            stdio: ["ignore", "pipe", "inherit"],
        });
        let output = "";
        child.stdout.on("data", (chunk) => (output += String(chunk)));
        const [status] = (await once(child, "exit")) as [number];
        expect(status).toBe(0);
        expect(Date.now() - Number(output)).toBeLessThan(2_000);
    }, 30_000);
});
