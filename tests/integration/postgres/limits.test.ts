import type { Server } from "../../../tools/servers/postgresServer.mjs";
import type { ProviderError } from "../../../provider/errors";
import type { Connection } from "../../../provider/postgres/connection";
import { closePools, withSession, type Session } from "../../../provider/postgres/pool";
import { connectionTo } from "../../support/connections";
import { startFaultProxy, type FaultProxy } from "../../support/faultProxy";
import { newestFdwServer, skipReasons, START_TIMEOUT_MS, startOne, type ServerKind } from "../../support/servers";

/** A tenth and less of the real ones. */
jest.mock("../../../provider/postgres/limits", () => ({
    GRACE_SECONDS: 1,
    LOOK_SECONDS: 0.5,
    LAST_WORD_SECONDS: 0.2,
    SILENCE_SECONDS: 2,
}));

const kind: ServerKind = newestFdwServer ?? { name: "none", engine: "fdw", timescaledb: undefined, base: {} };
const describeServer = skipReasons.fdw === undefined ? describe : describe.skip;

/** Ends where nothing else does. */
const FAR_TOO_LONG_MS = 15_000;

describeServer(`the limits of statements on ${skipReasons.fdw ?? kind.name}`, () => {
    let server: Server;
    let proxy: FaultProxy;

    beforeAll(async () => {
        server = await startOne(kind);
        await direct((session) => session.query("CREATE TABLE readings (id int8, value text)"));
    }, START_TIMEOUT_MS);

    beforeEach(async () => {
        proxy = await startFaultProxy(server);
    });

    afterEach(async () => {
        await closePools();
        await proxy.stop();
    });

    afterAll(() => server.stop());

    const to = (port: number, more: Partial<Connection>): Connection =>
        connectionTo(server.host, { port, password: server.password, connectTimeoutSeconds: 1, ...more });

    function direct<T>(use: (session: Session) => Promise<T>, more: Partial<Connection> = {}): Promise<T> {
        return withSession(to(server.port, more), "postgres", use, { discard: true });
    }

    function proxied<T>(use: (session: Session) => Promise<T>, more: Partial<Connection> = {}): Promise<T> {
        return withSession(to(proxy.port, more), "postgres", use, { discard: true });
    }

    async function failure(work: Promise<unknown>): Promise<ProviderError> {
        const startedAt = performance.now();
        const error = await work.then(
            () => Promise.reject(new Error("it did not fail")),
            (reason: unknown) => reason as ProviderError,
        );
        expect(performance.now() - startedAt).toBeLessThan(FAR_TOO_LONG_MS);
        return error;
    }

    it("end one whose server is not heard of any more, and name the server", async () => {
        proxy.blackHoleFrom(2);
        const error = await failure(
            proxied(async (session) => {
                await session.query("SELECT 1");
                await session.query("SELECT 2");
            }),
        );
        expect(error).toMatchObject({ code: "SERVER_UNREACHABLE", transient: true });
        expect(error.reason).toContain(`127.0.0.1:${proxy.port}/postgres`);
    }, 30_000);

    it("end one after statementTimeoutSeconds, whoever swallows the answer", async () => {
        proxy.blackHoleFrom(1);
        const error = await failure(
            proxied((session) => session.query("SELECT pg_sleep(60)"), { statementTimeoutSeconds: 0.5 }),
        );
        expect(error).toMatchObject({ code: "TIMED_OUT", transient: true });
    }, 30_000);

    it("end a COPY whose server is not heard of any more", async () => {
        proxy.blackHoleFrom(1, /^COPY/);
        const rows = Array.from({ length: 1_000 }, (_, id) => Buffer.from(`${id}\t${"x".repeat(1_000)}\n`));
        const error = await failure(proxied((session) => session.copyIn("COPY readings FROM STDIN", rows)));
        expect(error).toMatchObject({ code: "SERVER_UNREACHABLE", transient: true });
    }, 30_000);

    it("let the end of a session that is swallowed pass", async () => {
        await expect(
            proxied(async (session) => {
                await session.query("SELECT 1");
                proxy.blackHole();
            }),
        ).resolves.toBeUndefined();
        const startedAt = performance.now();
        await closePools();
        expect(performance.now() - startedAt).toBeLessThan(FAR_TOO_LONG_MS);
    }, 30_000);

    it("let a statement run for as long as the server works on it", async () => {
        await expect(proxied((session) => session.query("SELECT pg_sleep(4)"))).resolves.toHaveLength(1);
    }, 30_000);

    it("let a COPY wait for data that come slowly", async () => {
        async function* slowly(): AsyncGenerator<Buffer> {
            yield Buffer.from("1\ta\n");
            await new Promise((resolve) => setTimeout(resolve, 3_000));
            yield Buffer.from("2\tb\n");
        }
        await expect(proxied((session) => session.copyIn("COPY readings FROM STDIN", slowly()))).resolves.toBe(2);
    }, 30_000);

    it("name who holds the lock that is waited for, and the table", async () => {
        const error = await direct(async (holder) => {
            await holder.query("BEGIN");
            const { pid } = await holder.one<{ pid: number }>("SELECT pg_backend_pid() AS pid");
            await holder.query("LOCK TABLE readings IN ACCESS EXCLUSIVE MODE");
            const found = await failure(
                direct((session) => session.query("ALTER TABLE readings ADD COLUMN more int"), {
                    lockTimeoutSeconds: 1,
                }),
            );
            expect(found.reason).toContain(`held by process ${pid} (user postgres, application pulumi-timescaledb`);
            return found;
        });
        expect(error).toMatchObject({ code: "LOCKED", transient: false });
        expect(error.reason).toContain("a lock on readings");
        expect(error.reason).toContain('statement "LOCK TABLE readings IN ACCESS EXCLUSIVE MODE"');
    }, 30_000);
});
