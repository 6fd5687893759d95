import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { chooseEngineName, engineNameOf } from "../../../provider/engines/preflight/choose";
import { Servers } from "../../../provider/engines/run/servers";
import { preflightAccessNode } from "../../../provider/engines/fdw/preflight";
import { withMarker } from "../../../provider/engines/marks/marker";
import { forgetSnapshots } from "../../../provider/engines/run/snapshot";
import { closePools } from "../../../provider/postgres/pool";
import { literal } from "../../../provider/postgres/sql";
import type { Server } from "../../../tools/servers/postgresServer.mjs";
import { offerOtherVersion } from "../../support/otherVersion";
import { accessRequest, briefly, connectionOf, run } from "../../support/preflight";
import { describeServers, realServersOnly, START_TIMEOUT_MS, startOne } from "../../support/servers";

const DATABASE = "metrics";

const serversOf = (server: Server, database = DATABASE): Servers =>
    new Servers({ connection: connectionOf(server), database }, {});

/** What is there is asked anew, as in another run. */
const engineNow = async (servers: Servers) => {
    forgetSnapshots();
    return engineNameOf(servers);
};

// Databases are made and servers restarted in between, on machines that do other things as well.
jest.setTimeout(60_000);

describeServers("fdw", (kind) => {
    let server: Server;

    beforeAll(async () => {
        server = await startOne(kind);
        await run(server, "postgres", `CREATE DATABASE ${DATABASE}`);
    }, START_TIMEOUT_MS);

    afterAll(async () => {
        await closePools();
        await server?.stop();
    });

    it("is for fdw, asked for or not", async () => {
        expect(await chooseEngineName(serversOf(server), "auto")).toBe("fdw");
        expect(await chooseEngineName(serversOf(server), "fdw")).toBe("fdw");
    });

    it("refuses multinode, with what that needs and what the server has", async () => {
        await expect(chooseEngineName(serversOf(server), "multinode")).rejects.toMatchObject({
            code: "ENGINE_UNAVAILABLE",
            reason: expect.stringMatching(
                /multinode needs TimescaleDB 2\.0 to 2\.13 .*: it has (no TimescaleDB|TimescaleDB 2\.19\.\d+) on PostgreSQL/,
            ),
            remedy: expect.stringContaining('Set engine to "fdw"'),
        });
    });

    it("is fdw by its catalogue, and what the mark says where there is one", async () => {
        const servers = serversOf(server);
        expect(await engineNow(servers)).toBe("fdw");
        const mark = withMarker(null, { urn: "urn:test", engine: "multinode" });
        await run(server, "postgres", `COMMENT ON DATABASE ${DATABASE} IS ${literal(mark)}`);
        expect(await engineNow(servers)).toBe("multinode");
        expect(await chooseEngineName(servers, "auto")).toBe("multinode");
        await run(server, "postgres", `COMMENT ON DATABASE ${DATABASE} IS NULL`);
    });

    it("has no engine where the database does not exist", async () => {
        await expect(engineNow(serversOf(server, "missing"))).rejects.toMatchObject({
            code: "NOT_FOUND",
            reason: `database "missing" does not exist on access node (127.0.0.1:${server.port})`,
        });
    });
});

describeServers("multinode", (kind) => {
    let server: Server;

    beforeAll(async () => {
        server = await startOne(kind);
        await run(server, "postgres", `CREATE DATABASE ${DATABASE}`);
    }, START_TIMEOUT_MS);

    afterAll(async () => {
        await closePools();
        await server?.stop();
    });

    it("is for multinode, and for fdw where that is asked for", async () => {
        expect(await chooseEngineName(serversOf(server), "auto")).toBe("multinode");
        expect(await chooseEngineName(serversOf(server), "multinode")).toBe("multinode");
        expect(await chooseEngineName(serversOf(server), "fdw")).toBe("fdw");
    });

    it("is multinode by its catalogue from the extension on, and fdw with postgres_fdw's servers", async () => {
        const servers = serversOf(server);
        expect(await engineNow(servers)).toBe("fdw");
        await run(server, DATABASE, "CREATE EXTENSION timescaledb");
        expect(await engineNow(servers)).toBe("multinode");
        await run(
            server,
            DATABASE,
            "CREATE EXTENSION postgres_fdw",
            "CREATE SERVER x FOREIGN DATA WRAPPER postgres_fdw",
        );
        expect(await engineNow(servers)).toBe("fdw");
    });

    realServersOnly(kind, "the server is restarted").it(
        "is for fdw under the apache licence, and says so where multinode is asked for",
        async () => {
            await closePools();
            await server.restart({ settings: { "timescaledb.license": "apache" } });
            expect(await chooseEngineName(serversOf(server), "auto")).toBe("fdw");
            await expect(chooseEngineName(serversOf(server), "multinode")).rejects.toMatchObject({
                code: "ENGINE_UNAVAILABLE",
                reason: expect.stringContaining('is under the licence "apache"'),
            });
            await closePools();
            await server.restart({ settings: { "timescaledb.license": "timescale" } });
        },
    );

    const onPackages = realServersOnly(kind, "packages are exchanged");
    const itWithPackages = kind.recording || kind.base.binFolder !== undefined ? onPackages.it : it.skip;

    itWithPackages(
        "is for fdw where the packages hold a TimescaleDB without multi-node",
        async () => {
            const other = offerOtherVersion(kind.base.binFolder ?? "", "2.14.2");
            const newer = await startOne(kind, { binFolder: other.binFolder });
            try {
                expect(await chooseEngineName(serversOf(newer), "auto")).toBe("fdw");
                await expect(chooseEngineName(serversOf(newer), "multinode")).rejects.toMatchObject({
                    reason: expect.stringContaining("it has TimescaleDB 2.14.2 on PostgreSQL"),
                });
            } finally {
                await closePools();
                await newer.stop();
                rmSync(other.folder, { recursive: true });
            }
        },
        START_TIMEOUT_MS,
    );

    itWithPackages(
        "has no engine where the packages hold neither, and says what each would need",
        async () => {
            const other = offerOtherVersion(kind.base.binFolder ?? "", "2.14.2");
            const extensions = readdirSync(other.folder, { recursive: true, encoding: "utf8" });
            for (const file of extensions.filter((name) => name.endsWith("extension/postgres_fdw.control"))) {
                rmSync(path.join(other.folder, file));
            }
            const bare = await startOne(kind, { binFolder: other.binFolder });
            try {
                const servers = serversOf(bare);
                for (const choice of ["auto", "fdw"] as const) {
                    await expect(chooseEngineName(servers, choice)).rejects.toMatchObject({
                        code: "ENGINE_UNAVAILABLE",
                        reason: expect.stringMatching(/fdw needs PostgreSQL 14 or later: it lacks .* postgres_fdw$/),
                    });
                }
                await expect(chooseEngineName(servers, "auto")).rejects.toMatchObject({
                    reason: expect.stringContaining("multinode needs TimescaleDB 2.0 to 2.13"),
                });
                const problems = await preflightAccessNode(servers, accessRequest(connectionOf(bare), DATABASE));
                expect(briefly(problems)).toContain("error postgres_fdw_missing");
            } finally {
                await closePools();
                await bare.stop();
                rmSync(other.folder, { recursive: true });
            }
        },
        START_TIMEOUT_MS,
    );
});
