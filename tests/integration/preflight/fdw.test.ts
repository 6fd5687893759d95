import type { DataNodeInputs } from "../../../provider/engines/inputs";
import type { Problem } from "../../../provider/engines/engine";
import {
    checkServers,
    preflightAccessNode,
    preflightDataNode,
    preflightDistributedHypertable,
} from "../../../provider/engines/fdw/preflight";
import { withMarker } from "../../../provider/engines/marks/marker";
import { Servers } from "../../../provider/engines/run/servers";
import { closePools, withSession } from "../../../provider/postgres/pool";
import { literal } from "../../../provider/postgres/sql";
import type { Server } from "../../../tools/servers/postgresServer.mjs";
import { findFreePort } from "../../../tools/servers/processes.mjs";
import {
    accessRequest,
    briefly,
    connectionOf,
    dataNodeRequest,
    hypertableRequest,
    only,
    run,
    socketOf,
} from "../../support/preflight";
import { describeServers, START_TIMEOUT_MS, startCluster, type TestCluster } from "../../support/servers";

const DATABASE = "metrics";
const ID = "44444444-4444-4444-8444-444444444444";

const SCRAM = ["local all all scram-sha-256", "host all all all scram-sha-256"];

// Databases are made and servers restarted in between, on machines that do other things as well.
jest.setTimeout(60_000);

describeServers("fdw", (kind) => {
    let cluster: TestCluster;
    let access: Server;
    let node: Server;

    beforeAll(async () => {
        cluster = await startCluster(kind, { nodes: 1 });
        access = cluster.access;
        node = cluster.nodes[0] as Server;
        await run(access, "postgres", `CREATE DATABASE ${DATABASE}`);
        await run(access, DATABASE, "CREATE EXTENSION postgres_fdw");
    }, START_TIMEOUT_MS);

    afterAll(async () => {
        await closePools();
        await cluster?.stop();
    });

    const withoutTimescaledb = kind.timescaledb === undefined && kind.base.image === undefined ? it : it.skip;

    const accessNode = () => ({ connection: connectionOf(access), database: DATABASE, id: ID });

    const preflight = async (more: Partial<DataNodeInputs> = {}): Promise<readonly Problem[]> => {
        const { servers, request } = dataNodeRequest(accessNode(), node, more);
        return preflightDataNode(servers, request);
    };

    const withDatabase = async (options: string, look: () => Promise<void>): Promise<void> => {
        await run(node, "postgres", `CREATE DATABASE ${DATABASE} TEMPLATE template0 ${options}`);
        try {
            await look();
        } finally {
            await closePools();
            await run(node, "postgres", `DROP DATABASE ${DATABASE} WITH (FORCE)`);
        }
    };

    const newAccess = async (connection = connectionOf(access), more = {}): Promise<readonly Problem[]> =>
        preflightAccessNode(new Servers({ connection, database: "new" }, {}), accessRequest(connection, "new", more));

    describe("on servers that are ready", () => {
        it("finds nothing wrong with the access node's server, and advises against COPY before PostgreSQL 16", async () => {
            expect(briefly(await newAccess())).toEqual(access.major < 16 ? ["warning copy_batching"] : []);
        });

        it("finds nothing wrong with the data node, and leaves nothing on either", async () => {
            expect(await preflight()).toEqual([]);
            const left = (server: Server, query: string) =>
                withSession(socketOf(server), server === access ? DATABASE : "postgres", (session) =>
                    session.query(query),
                );
            expect(await left(access, "SELECT FROM pg_foreign_server")).toEqual([]);
            const sessions = "SELECT FROM pg_stat_activity WHERE application_name = 'postgres_fdw'";
            expect(await left(node, sessions)).toEqual([]);
        });

        it("finds nothing wrong by checkServers() with the database's name unknown", async () => {
            const servers = new Servers(
                { connection: connectionOf(access), database: "postgres" },
                { dn1: { connection: connectionOf(node), database: "postgres" } },
            );
            const { host, port, password } = node;
            const dn1 = { nodeName: "dn1", host, port, password, serverOptions: {}, ownConnection: true };
            const problems = await checkServers(servers, [dn1]);
            expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
        });
    });

    describe("the access node's server", () => {
        it("needs a role that may make databases and extensions", async () => {
            await run(access, "postgres", "CREATE ROLE app LOGIN PASSWORD 'app'");
            try {
                const connection = connectionOf(access, { user: "app", password: "app" });
                const problems = await newAccess(connection);
                expect(briefly(problems)).toEqual(["error create_extension", "error createdb"]);
            } finally {
                await closePools();
                await run(access, "postgres", "DROP ROLE app");
            }
        });

        it("names the missing right to a wrapper that is there, and the role that a role acts as", async () => {
            await run(
                access,
                "postgres",
                "CREATE ROLE app LOGIN CREATEDB PASSWORD 'app'",
                "CREATE ROLE owner",
                "GRANT owner TO app",
                "ALTER ROLE app SET role = owner",
            );
            try {
                const connection = connectionOf(access, { user: "app", password: "app" });
                // One preflight reads each server once, so each look has servers of its own.
                const look = () =>
                    preflightAccessNode(
                        new Servers({ connection, database: DATABASE }, {}),
                        accessRequest(connection, DATABASE, { adopt: true }),
                    );
                await run(access, "postgres", only(await look(), "role_setting").remedy.split(",")[0] as string);
                await closePools();
                const errors = (await look()).filter(({ severity }) => severity === "error");
                expect(briefly(errors)).toEqual(["error usage"]);
                await run(access, DATABASE, only(errors, "usage").remedy.split(": ")[1] as string);
                expect((await look()).map(({ check }) => check)).not.toContain("usage");
            } finally {
                await closePools();
                await run(access, DATABASE, "DROP OWNED BY app CASCADE");
                await run(access, "postgres", "DROP ROLE app", "DROP ROLE owner");
            }
        });

        withoutTimescaledb("needs TimescaleDB where the program requires it, and there is none", async () => {
            const problems = await newAccess(undefined, { timescaledb: "required" });
            expect(briefly(problems)).toEqual(["error preload", "error timescaledb_missing"]);
        });
    });

    describe("the data node's server", () => {
        withoutTimescaledb("needs TimescaleDB where the program requires it, and there is none", async () => {
            const problems = await preflight({ timescaledb: "required" });
            expect(briefly(problems)).toEqual(["error preload", "error timescaledb_missing"]);
        });

        it("should take as many connections as the access node, and have its time zone", async () => {
            await closePools();
            await node.restart({ settings: { max_connections: "40", timezone: "Asia/Tokyo" } });
            try {
                const problems = await preflight();
                expect(briefly(problems)).toEqual(["warning max_connections", "warning time_zone"]);
                expect(only(problems, "max_connections")).toMatchObject({
                    remedy: "ALTER SYSTEM SET max_connections = 100",
                    restart: true,
                });
            } finally {
                await closePools();
                await node.restart({ settings: { max_connections: "100", timezone: "UTC" } });
            }
        });

        it("needs the role of the access node, and the provider's may make databases", async () => {
            expect(briefly(await preflight({ user: "nobody", password: "x" }))).toEqual([
                "error access_password",
                "error role",
            ]);
            await run(node, "postgres", "CREATE ROLE app NOLOGIN PASSWORD 'app'");
            try {
                const more = {
                    user: "app",
                    password: "app",
                    connection: connectionOf(node, { user: "app", password: "app" }),
                };
                const problems = await preflight({ ...more, connection: undefined, user: "app" });
                expect(briefly(problems)).toContain("error password");
                expect(briefly(await preflight({ user: "app", password: "app" }))).toEqual([
                    "error access_role",
                    "error role",
                ]);
                await run(node, "postgres", only(await preflight({ user: "app", password: "app" }), "role").remedy);
                const weak = await preflight(more);
                expect(briefly(weak)).toEqual(["error createdb"]);
                await run(node, "postgres", only(weak, "createdb").remedy);
                expect(await preflight(more)).toEqual([]);
            } finally {
                await closePools();
                await run(node, "postgres", "DROP ROLE app");
            }
        });
    });

    describe("the access node's view", () => {
        it("refuses a wrong password, and shows none", async () => {
            const problems = await preflight({ password: "hunter2" });
            expect(briefly(problems)).toEqual(["error access_password"]);
            expect(JSON.stringify(problems)).not.toContain("hunter2");
        });

        it("refuses a pg_hba.conf that does not let the access node in, and names the line that does", async () => {
            await node.setHba(SCRAM.slice(0, 1));
            try {
                const problems = await preflight({ connection: socketOf(node) });
                expect(briefly(problems)).toEqual(["error access_hba"]);
                const line = /host \S+ \S+ \S+ scram-sha-256/.exec(only(problems, "access_hba").remedy)?.[0] ?? "";
                expect(line).toBe(`host ${DATABASE} postgres 127.0.0.1/32 scram-sha-256`);
                // The line lets it into the cluster's database alone, which does not exist yet.
                await node.setHba([...SCRAM.slice(0, 1), line]);
                expect(await preflight({ connection: socketOf(node) })).toEqual([]);
            } finally {
                await node.setHba(SCRAM);
            }
        });

        it("refuses a closed port, an unknown host and an unknown option", async () => {
            expect(briefly(await preflight({ port: await findFreePort() }))).toEqual(["error access_port_closed"]);
            expect(briefly(await preflight({ host: "nowhere.invalid" }))).toEqual(["error access_host_unknown"]);
            expect(briefly(await preflight({ serverOptions: { colour: "red" } }))).toEqual(["error access_unknown"]);
        });
    });

    it("needs the provider's way to every node", async () => {
        const problems = await preflight({ connection: connectionOf(node, { password: "wrong" }) });
        expect(briefly(problems)).toEqual(["error password"]);
        const port = await findFreePort();
        expect(briefly(await preflight({ connection: connectionOf(node, { port }) }))).toEqual(["error port_closed"]);
        expect(briefly(await preflight({ connection: connectionOf(node, { host: "nowhere.invalid" }) }))).toEqual([
            "error host_unknown",
        ]);
    });

    describe("a database that exists on the node", () => {
        it("is refused, and taken with adopt, with bootstrap: false or with our mark", async () => {
            await withDatabase("", async () => {
                expect(briefly(await preflight())).toEqual(["error database_exists"]);
                expect(await preflight({ adopt: true })).toEqual([]);
                expect(await preflight({ bootstrap: false })).toEqual([]);
                const mark = withMarker("mine", { cluster: ID, urn: "urn:test::dn1", engine: "fdw" });
                await run(node, "postgres", `COMMENT ON DATABASE ${DATABASE} IS ${literal(mark)}`);
                expect(await preflight()).toEqual([]);
                const foreign = withMarker(null, { cluster: "another", urn: "urn:other::dn1", engine: "fdw" });
                await run(node, "postgres", `COMMENT ON DATABASE ${DATABASE} IS ${literal(foreign)}`);
                expect(briefly(await preflight())).toEqual(["error database_exists"]);
            });
        });

        it("is missed with bootstrap: false", async () => {
            expect(briefly(await preflight({ bootstrap: false }))).toEqual(["error not_prepared"]);
        });

        it("is refused with another encoding", async () => {
            await withDatabase("ENCODING 'LATIN1'", async () => {
                expect(briefly(await preflight({ adopt: true }))).toEqual(["error encoding"]);
            });
        });
    });

    it("needs rights to the wrapper, the node's database, its servers and its schemas", async () => {
        await run(access, "postgres", "CREATE ROLE app LOGIN PASSWORD 'app'");
        await run(access, DATABASE, "CREATE SCHEMA closed", "CREATE SERVER dn1 FOREIGN DATA WRAPPER postgres_fdw");
        const asApp = { ...accessNode(), connection: connectionOf(access, { user: "app", password: "app" }) };
        try {
            const { servers, request } = dataNodeRequest(asApp, node, { user: "postgres" });
            const look = async () => briefly(await preflightDataNode(servers, request));
            expect(await look()).toEqual(["error usage", "warning access_view"]);
            await run(access, DATABASE, "GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO app");
            expect(await look()).toEqual([]);

            const table = hypertableRequest(asApp, { schema: "closed", dataNodes: ["dn1"] });
            const problems = await preflightDistributedHypertable(new Servers(asApp, {}), table);
            expect(briefly(problems)).toEqual(["error node_usage", "error schema_create"]);
            for (const { remedy } of problems) {
                await run(access, DATABASE, remedy);
            }
            expect(await preflightDistributedHypertable(new Servers(asApp, {}), table)).toEqual([]);
            const elsewhere = hypertableRequest(asApp, { schema: "missing", dataNodes: ["dn1"] });
            expect(briefly(await preflightDistributedHypertable(new Servers(asApp, {}), elsewhere))).toEqual([
                "error database_create",
            ]);
        } finally {
            await closePools();
            await run(access, DATABASE, "DROP SERVER dn1", "DROP SCHEMA closed", "DROP OWNED BY app");
            await run(access, "postgres", "DROP ROLE app");
        }
    });

    it("reports every unreachable server by checkServers()", async () => {
        const [first, second] = [await findFreePort(), await findFreePort()];
        const servers = new Servers(
            { connection: connectionOf(access, { port: first }), database: DATABASE },
            { dn1: { connection: connectionOf(node, { port: second }), database: DATABASE } },
        );
        const dn1 = { nodeName: "dn1", host: "127.0.0.1", port: second, serverOptions: {}, ownConnection: true };
        const problems = await checkServers(servers, [dn1]);
        expect(problems.map(({ check, server }) => `${check} ${server}`)).toEqual([
            `port_closed access node (127.0.0.1:${first})`,
            `port_closed data node dn1 (127.0.0.1:${second})`,
        ]);
    });
});
