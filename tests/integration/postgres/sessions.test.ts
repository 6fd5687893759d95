import net, { type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "../../../tools/servers/postgresServer.mjs";
import type { Connection } from "../../../provider/postgres/connection";
import { closePool, closePools, withSession, type Session } from "../../../provider/postgres/pool";
import { identifier, literal } from "../../../provider/postgres/sql";
import { connectionTo } from "../../support/connections";
import { newestFdwServer, skipReasons, START_TIMEOUT_MS, startOne, type ServerKind } from "../../support/servers";

const BACKEND = "SELECT pg_backend_pid() AS pid";

/** The protocol has not changed since the oldest version that is supported: the newest one stands for all. */
const kind: ServerKind = newestFdwServer ?? { name: "none", engine: "fdw", timescaledb: undefined, base: {} };
const describeServer = skipReasons.fdw === undefined ? describe : describe.skip;

describeServer(`sessions on ${skipReasons.fdw ?? kind.name}`, () => {
    let server: Server;

    beforeAll(async () => {
        server = await startOne(kind, { settings: { statement_timeout: "3s", max_connections: "30" } });
        await withSession(to(), "postgres", (session) => session.query("CREATE DATABASE metrics"));
    }, START_TIMEOUT_MS);

    afterEach(() => closePools());
    afterAll(() => server.stop());

    function to(more: Partial<Connection> = {}): Connection {
        return connectionTo(server.host, { port: server.port, password: server.password, ...more });
    }

    /** Runs on the database metrics. */
    function on<T>(use: (session: Session) => Promise<T>, more: Partial<Connection> = {}, discard = false): Promise<T> {
        return withSession(to(more), "metrics", use, { discard });
    }

    async function backend(session: Session): Promise<number> {
        return (await session.query<{ pid: number }>(BACKEND))[0]?.pid ?? 0;
    }

    /** The processes of the server that work for this package on the database metrics. */
    async function backends(): Promise<number[]> {
        const rows = await withSession(to(), "postgres", (session) =>
            session.query<{ pid: number }>(
                `SELECT pid FROM pg_stat_activity
                  WHERE application_name = 'pulumi-timescaledb' AND datname = 'metrics' ORDER BY pid`,
            ),
        );
        return rows.map(({ pid }) => pid);
    }

    /**
     * A port from which everything goes on to the server, and how many connections to it the client has ended.
     *
     * @param hangsUp whether the end of a connection goes on, too
     */
    async function throughProxy(
        use: (port: number, ended: () => number) => Promise<void>,
        hangsUp = true,
    ): Promise<void> {
        let ended = 0;
        const sockets: Socket[] = [];
        const listener = net.createServer({ allowHalfOpen: !hangsUp }, (client) => {
            const upstream = net.connect(server.port, server.host);
            client.on("end", () => ended++);
            client.pipe(upstream, { end: hangsUp });
            upstream.pipe(client, { end: hangsUp });
            sockets.push(client, upstream);
        });
        await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
        try {
            await use((listener.address() as AddressInfo).port, () => ended);
        } finally {
            listener.close();
            sockets.forEach((socket) => socket.destroy());
        }
    }

    async function untilGone(pid: number): Promise<void> {
        for (let tries = 0; (await backends()).includes(pid); tries++) {
            expect(tries).toBeLessThan(100);
            await sleep(20);
        }
    }

    describe("the pool of a database", () => {
        it("has two sessions for however many ask at once", async () => {
            let most = 0;
            const pids = await Promise.all(
                Array.from({ length: 20 }, () =>
                    on(async (session) => {
                        await session.query("SELECT pg_sleep(0.05)");
                        most = Math.max(most, (await backends()).length);
                        return backend(session);
                    }),
                ),
            );
            expect(most).toBe(2);
            expect(new Set(pids).size).toBe(2);
        });

        it("lets those who wait for a session wait longer than a connection may take", async () => {
            const times = await Promise.all(
                [1, 2, 3, 4].map(async () => {
                    const startedAt = performance.now();
                    await on((session) => session.query("SELECT pg_sleep(0.7)"), { connectTimeoutSeconds: 0.5 });
                    return performance.now() - startedAt;
                }),
            );
            expect(Math.max(...times)).toBeGreaterThan(1_300);
        });

        it("keeps a session for the next user", async () => {
            const pid = await on(backend);
            await expect(on(backend)).resolves.toBe(pid);
        });

        it("ends one that is to be discarded", async () => {
            const pid = await on(backend, {}, true);
            await untilGone(pid);
            await expect(on(backend)).resolves.not.toBe(pid);
        });

        it("ends one whose user failed, and the transaction with it", async () => {
            let pid = 0;
            const failing = on(async (session) => {
                pid = await backend(session);
                await session.query("BEGIN");
                await session.query("CREATE TABLE half_made ()");
                throw new Error("mistake");
            });
            await expect(failing).rejects.toThrow("mistake");
            await untilGone(pid);
            const [row] = await on((session) => session.query("SELECT to_regclass('half_made')::text AS name"));
            expect(row).toEqual({ name: null });
        });

        it("ends one on which a statement failed, though its user went on", async () => {
            const pid = await on(async (session) => {
                await expect(session.query("SELECT 1/0")).rejects.toThrow("division by zero");
                return backend(session);
            });
            await untilGone(pid);
        });

        it("is another one for other settings", async () => {
            const pid = await on(backend);
            await expect(on(backend, { lockTimeoutSeconds: 1 })).resolves.not.toBe(pid);
        });

        it("ends idle sessions by itself, so that the database can be dropped", async () => {
            const pid = await on(backend);
            await expect(backends()).resolves.toContain(pid);
            await sleep(3_200);
            await expect(backends()).resolves.not.toContain(pid);
        });

        it("has ended when closePool returns, so that the database can be renamed", async () => {
            await throughProxy(async (port, ended) => {
                await Promise.all([0, 1, 2].map((lockTimeoutSeconds) => on(backend, { port, lockTimeoutSeconds })));
                await closePool(to({ port }), "metrics");
                expect(ended()).toBe(3);
            });
            await withSession(to(), "postgres", async (session) => {
                await session.query("ALTER DATABASE metrics RENAME TO renamed");
                await session.query("ALTER DATABASE renamed RENAME TO metrics");
            });
            await expect(on(backend)).resolves.toBeGreaterThan(0);
        });

        it("is given up after a while where the server never hangs up", async () => {
            await throughProxy(async (port) => {
                const startedAt = performance.now();
                await on(backend, { port });
                await closePool(to({ port }), "metrics");
                expect(performance.now() - startedAt).toBeGreaterThan(2_500);
            }, false);
        });

        it("serves those who were waiting when it was closed, and leaves no session", async () => {
            const waiting = [1, 2, 3, 4, 5].map(() =>
                on(async (session) => {
                    await session.query("SELECT pg_sleep(0.1)");
                    return backend(session);
                }),
            );
            await sleep(50);
            await closePool(to(), "metrics");
            const pids = await Promise.all(waiting);
            expect(pids).toHaveLength(5);
            for (const pid of pids) {
                await untilGone(pid);
            }
        });
    });

    describe("a session", () => {
        it("bears the package's name and the styles in which it reads", async () => {
            const [row] = await on((session) =>
                session.query(
                    `SELECT current_setting('application_name') AS name, current_setting('IntervalStyle') AS intervals,
                            current_setting('DateStyle') AS dates`,
                ),
            );
            expect(row).toEqual({
                name: "pulumi-timescaledb",
                intervals: "postgres",
                dates: expect.stringMatching(/^ISO/) as string,
            });
        });

        it("has a number of eight bytes as text, which a number of JavaScript cannot hold", async () => {
            const [row] = await on((session) => session.query("SELECT $1::int8 AS n", ["9007199254740993"]));
            expect(row).toEqual({ n: "9007199254740993" });
        });

        it("tells the notices once", async () => {
            await on(async (session) => {
                await session.query(
                    `DO $$ BEGIN RAISE WARNING 'careful' USING ERRCODE = '01P01', DETAIL = 'why', HINT = 'how'; END $$`,
                );
                expect(session.takeNotices()).toEqual([
                    { severity: "WARNING", code: "01P01", message: "careful", detail: "why", hint: "how" },
                ]);
                expect(session.takeNotices()).toEqual([]);
            });
        });

        it("does not show its notices to the next user", async () => {
            await on((session) => session.query("DO $$ BEGIN RAISE NOTICE 'mine'; END $$"));
            await on(async (session) => {
                await session.query("SELECT 1");
                expect(session.takeNotices()).toEqual([]);
            });
        });

        it("goes over a unix socket", async () => {
            const [row] = await on((session) => session.query("SELECT inet_client_addr() AS address"), {
                host: server.dataFolder,
            });
            expect(row).toEqual({ address: null });
        });

        it.each([
            "plain",
            "Mixed Case",
            'double " quote',
            "single ' quote",
            "dot.ted",
            "back\\slash",
            "new\nline",
            "select",
            "měření_温度_🌡",
            "'; DROP DATABASE metrics; --",
            '"; DROP DATABASE metrics; --',
            "x".repeat(63),
        ])("takes the name and the text %j as they are quoted", async (text) => {
            for (const strings of ["on", "off"]) {
                const [row] = await on(
                    async (session) => {
                        await session.query(`SET standard_conforming_strings = ${strings}`);
                        await session.query(`CREATE TEMPORARY TABLE ${identifier(text)} ()`);
                        await session.query(`COMMENT ON TABLE ${identifier(text)} IS ${literal(text)}`);
                        return session.query(
                            `SELECT relname::text AS name, obj_description(oid) AS comment
                           FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r'`,
                        );
                    },
                    {},
                    true,
                );
                expect(row).toEqual({ name: text, comment: text });
            }
        });
    });

    describe("the time-outs", () => {
        it("ends a statement that runs too long", async () => {
            const slow = on((session) => session.query("SELECT pg_sleep(10)"), { statementTimeoutSeconds: 0.1 });
            await expect(slow).rejects.toMatchObject({ code: "TIMED_OUT", transient: true });
        });

        it("means none by 0, whatever the server's own is", async () => {
            const [row] = await on(
                (session) =>
                    session.query(
                        "SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock",
                    ),
                { lockTimeoutSeconds: 0 },
            );
            expect(row).toEqual({ statement: "0", lock: "0" });
        });

        it("ends the wait for a lock", async () => {
            await on(
                async (holder) => {
                    await holder.query("SELECT pg_advisory_lock(7)");
                    const waiting = on((session) => session.query("SELECT pg_advisory_lock(7)"), {
                        lockTimeoutSeconds: 0.1,
                    });
                    await expect(waiting).rejects.toMatchObject({ code: "LOCKED", transient: false });
                },
                {},
                true,
            );
        });
    });

    describe("a missing right", () => {
        it("is named", async () => {
            await on((session) => session.query("CREATE ROLE weak LOGIN PASSWORD 'weak'"));
            const weak = { user: "weak", password: "weak" };
            await expect(on((session) => session.query("CREATE DATABASE other"), weak)).rejects.toMatchObject({
                code: "PERMISSION_DENIED",
                reason: `permission denied to create database (SQLSTATE 42501, at 127.0.0.1:${server.port}/metrics)`,
            });
        });
    });

    describe("a server that goes away", () => {
        it("fails the statement under way with what happened, and serves again once it is back", async () => {
            const lost = on(async (session) => {
                const answer = session.query("SELECT pg_sleep(2)");
                const caught = expect(answer).rejects.toMatchObject({ code: "SERVER_UNREACHABLE", transient: true });
                await sleep(200);
                await server.halt("immediate");
                await caught;
                // The session does not come back to life, and still says why.
                await session.query("SELECT 1");
            });
            await expect(lost).rejects.toMatchObject({ code: "SERVER_UNREACHABLE", transient: true });
            await expect(on(backend)).rejects.toMatchObject({ code: "SERVER_UNREACHABLE", transient: true });
            await server.restart();
            await expect(on(backend)).resolves.toBeGreaterThan(0);
        }, 30_000);

        it("is not noticed by those who come after its restart", async () => {
            const pid = await on(backend);
            await server.restart();
            await expect(on(backend)).resolves.not.toBe(pid);
        }, 30_000);

        it("is noticed by a session in use that is ended from elsewhere, with the server's words", async () => {
            const lost = on(async (session) => {
                const pid = await backend(session);
                await withSession(to(), "postgres", (other) => other.query("SELECT pg_terminate_backend($1)", [pid]));
                await untilGone(pid);
                await session.query("SELECT 1");
            });
            await expect(lost).rejects.toMatchObject({
                code: "SERVER_UNREACHABLE",
                reason: expect.stringContaining("SQLSTATE 57P01") as string,
            });
            await expect(on(backend)).resolves.toBeGreaterThan(0);
        });
    });
});
