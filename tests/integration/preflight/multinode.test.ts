import { isPinning } from "../../../provider/postgres/sessionSettings";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { checkServers } from "../../../provider/engines/multinode/preflight";
import type { DataNodeInputs } from "../../../provider/engines/inputs";
import type { Problem } from "../../../provider/engines/engine";
import { withMarker } from "../../../provider/engines/marks/marker";
import {
    preflightAccessNode,
    preflightDataNode,
    preflightDistributedHypertable,
} from "../../../provider/engines/multinode/preflight";
import { Servers } from "../../../provider/engines/run/servers";
import { closePools, withSession } from "../../../provider/postgres/pool";
import { literal } from "../../../provider/postgres/sql";
import type { Server } from "../../../tools/servers/postgresServer.mjs";
import { findFreePort } from "../../../tools/servers/processes.mjs";
import { offerOtherVersion } from "../../support/otherVersion";
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
import {
    describeServers,
    realServersOnly,
    START_TIMEOUT_MS,
    startCluster,
    startOne,
    type TestCluster,
} from "../../support/servers";

const DATABASE = "metrics";
const OTHER = "other";

// Databases are made and servers restarted in between, on machines that do other things as well.
jest.setTimeout(60_000);

describeServers("multinode", (kind) => {
    let cluster: TestCluster;
    let access: Server;
    let node: Server;
    let id: string;
    const onRestarted = realServersOnly(kind, "servers are restarted");
    const onOtherPort = realServersOnly(kind, "a port is another one each time");
    const onAccess = realServersOnly(kind, "pg_hba.conf is changed");
    const onLog = realServersOnly(kind, "a server's log is read");

    beforeAll(async () => {
        cluster = await startCluster(kind, { nodes: 1 });
        access = cluster.access;
        node = cluster.nodes[0] as Server;
        for (const database of [DATABASE, OTHER]) {
            await run(access, "postgres", `CREATE DATABASE ${database}`);
            await run(access, database, "CREATE EXTENSION timescaledb");
        }
        id = await uuidOf(access, DATABASE);
    }, START_TIMEOUT_MS);

    afterAll(async () => {
        await closePools();
        await cluster?.stop();
    });

    const accessNode = () => ({ connection: connectionOf(access), database: DATABASE, id });

    const preflight = async (more: Partial<DataNodeInputs> = {}): Promise<readonly Problem[]> => {
        const { servers, request } = dataNodeRequest(accessNode(), node, more);
        return preflightDataNode(servers, request);
    };

    /** The node with other settings, and as it was afterwards. */
    const withSettings = async (settings: Record<string, string>, look: () => Promise<void>): Promise<void> => {
        await closePools();
        await node.restart({ settings });
        try {
            await look();
        } finally {
            await closePools();
            await node.restart({ settings: { ...AS_IT_WAS, ...kind.base.settings } });
        }
    };

    const withDatabase = async (options: string, statements: string[], look: () => Promise<void>): Promise<void> => {
        await run(node, "postgres", `CREATE DATABASE ${DATABASE} TEMPLATE template0 ${options}`);
        try {
            await run(node, DATABASE, ...statements);
            await look();
        } finally {
            await closePools();
            await run(node, "postgres", `DROP DATABASE ${DATABASE} WITH (FORCE)`);
        }
    };

    describe("on servers that are ready", () => {
        it("finds nothing wrong with the access node's server", async () => {
            const servers = new Servers({ connection: connectionOf(access), database: "new" }, {});
            expect(await preflightAccessNode(servers, accessRequest(connectionOf(access), "new"))).toEqual([]);
        });

        it("finds nothing wrong with the data node, and leaves nothing on either", async () => {
            const before = await objects(access);
            expect(await preflight()).toEqual([]);
            expect(await objects(access)).toEqual(before);
            const left = await rows(
                node,
                "postgres",
                "SELECT 1 FROM pg_stat_activity WHERE application_name = 'postgres_fdw'",
            );
            expect(left).toEqual([]);
        });

        onLog.it("costs the access node no more than eight statements", async () => {
            const seen = await statements(access, DATABASE, async () => void (await preflight()));
            expect(seen.length).toBeLessThanOrEqual(8);
        });

        it("finds nothing wrong by checkServers() but the name that is taken", async () => {
            const problems = await check({});
            expect(briefly(problems)).toEqual(["error database_exists"]);
            expect(only(problems, "database_exists").server).toContain("access node");
        });
    });

    onRestarted.describe("settings of the data node", () => {
        it("refuses max_prepared_transactions = 0", async () => {
            await withSettings({ max_prepared_transactions: "0" }, async () => {
                const problems = await preflight();
                expect(briefly(problems)).toEqual(["error max_prepared_transactions"]);
                expect(problems[0]).toMatchObject({
                    server: `data node dn1 (127.0.0.1:${node.port})`,
                    remedy: "ALTER SYSTEM SET max_prepared_transactions = 150",
                    restart: true,
                });
            });
        });

        it("advises on a low max_prepared_transactions, by max_connections", async () => {
            await withSettings({ max_prepared_transactions: "170", max_connections: "200" }, async () => {
                const problems = await preflight();
                expect(briefly(problems)).toEqual(["warning max_prepared_transactions"]);
                expect(problems[0]?.remedy).toBe("ALTER SYSTEM SET max_prepared_transactions = 200");
            });
        });

        it("refuses a server that does not preload TimescaleDB, and its remedy mends it", async () => {
            await withSettings({ shared_preload_libraries: "pg_stat_statements" }, async () => {
                const problems = await preflight();
                expect(briefly(problems)).toEqual(["error preload"]);
                const { remedy, restart } = only(problems, "preload");
                expect(remedy).toBe("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements', 'timescaledb'");
                expect(restart).toBe(true);
                await run(node, "postgres", remedy);
                await closePools();
                await node.restart();
                expect(await preflight()).toEqual([]);
                await run(node, "postgres", "ALTER SYSTEM RESET shared_preload_libraries");
            });
        });

        it("advises on wal_level where chunks are to be moved away", async () => {
            await withSettings({ wal_level: "replica" }, async () => {
                expect(await preflight()).toEqual([]);
                const problems = await preflight({ drainOnDelete: true });
                expect(briefly(problems)).toEqual(["warning wal_level"]);
                expect(problems[0]).toMatchObject({ remedy: "ALTER SYSTEM SET wal_level = 'logical'", restart: true });
            });
        });

        it("refuses the apache licence", async () => {
            await withSettings({ "timescaledb.license": "apache" }, async () => {
                expect(briefly(await preflight())).toEqual(["error licence"]);
            });
        });

        it("advises on another time zone", async () => {
            await withSettings({ timezone: "Asia/Tokyo" }, async () => {
                const problems = await preflight();
                expect(briefly(problems)).toEqual(["warning time_zone"]);
                expect(problems[0]?.remedy).toContain("ALTER SYSTEM SET timezone = 'UTC'");
            });
        });

        it("lists every fault at once", async () => {
            const faults = { max_prepared_transactions: "0", shared_preload_libraries: "", timezone: "Asia/Tokyo" };
            await withSettings(faults, async () => {
                const problems = await preflight({ password: "wrong" });
                expect(briefly(problems)).toEqual([
                    "error access_password",
                    "error max_prepared_transactions",
                    "error preload",
                    "warning time_zone",
                ]);
            });
        });
    });

    realServersOnly(kind, "packages are exchanged").describe("the data node's packages", () => {
        // They have to be exchanged, which needs an installation on this machine.
        const itWithPackages = kind.base.binFolder === undefined ? it.skip : it;

        itWithPackages.each(["2.12.2", "2.14.2"])(
            "refuses a node that has TimescaleDB %s only",
            async (version) => {
                const other = offerOtherVersion(kind.base.binFolder ?? "", version);
                const wrong = await startOne(kind, {
                    binFolder: other.binFolder,
                    settings: { shared_preload_libraries: "timescaledb" },
                });
                try {
                    const { servers, request } = dataNodeRequest(accessNode(), wrong);
                    const problems = await preflightDataNode(servers, request);
                    expect(briefly(problems)).toEqual(["error version"]);
                    expect(only(problems, "version")).toMatchObject({
                        what: `it has TimescaleDB ${version}, the access node has ${kind.timescaledb}`,
                        remedy: `Install TimescaleDB ${kind.timescaledb} there`,
                    });
                } finally {
                    await closePools();
                    await wrong.stop();
                    rmSync(other.folder, { recursive: true });
                }
            },
            START_TIMEOUT_MS,
        );

        itWithPackages(
            "refuses a node without TimescaleDB",
            async () => {
                const other = offerOtherVersion(kind.base.binFolder ?? "", "2.12.2");
                for (const file of readdirSync(path.join(other.folder), { recursive: true, encoding: "utf8" })) {
                    if (/extension\/timescaledb[^/]*$/.test(file)) {
                        rmSync(path.join(other.folder, file));
                    }
                }
                const bare = await startOne(kind, {
                    binFolder: other.binFolder,
                    settings: { shared_preload_libraries: "" },
                });
                try {
                    const { servers, request } = dataNodeRequest(accessNode(), bare);
                    const problems = await preflightDataNode(servers, request);
                    expect(briefly(problems)).toEqual(["error preload", "error timescaledb_missing"]);
                } finally {
                    await closePools();
                    await bare.stop();
                    rmSync(other.folder, { recursive: true });
                }
            },
            START_TIMEOUT_MS,
        );
    });

    describe("the access node's view", () => {
        it("refuses a wrong password", async () => {
            const problems = await preflight({ password: "wrong" });
            expect(briefly(problems)).toEqual(["error access_password"]);
            expect(JSON.stringify(problems)).not.toContain("wrong");
        });

        it("refuses a missing password, and takes one from the access node's passfile", async () => {
            const problems = await preflight({ password: undefined });
            expect(briefly(problems)).toEqual(["error access_password"]);
            expect(problems[0]?.remedy).toBe('Give the data node the password of role "postgres"');
            const line = `127.0.0.1:${node.port}:*:postgres:${node.password}`;
            await run(access, "postgres", `COPY (SELECT '${line}') TO PROGRAM 'umask 077; cat > passfile'`);
            try {
                expect(await preflight({ password: undefined })).toEqual([]);
            } finally {
                await run(access, "postgres", "COPY (SELECT 1) TO PROGRAM 'rm passfile'");
            }
        });

        onAccess.it(
            "refuses a pg_hba.conf that does not let the access node in, and names the line that does",
            async () => {
                await node.setHba(["local all all scram-sha-256"]);
                try {
                    const problems = await preflight({ connection: socketOf(node) });
                    expect(briefly(problems)).toEqual(["error access_hba"]);
                    const { remedy } = only(problems, "access_hba");
                    const line = /host \S+ \S+ \S+ scram-sha-256/.exec(remedy)?.[0] ?? "";
                    expect(line).toBe(`host postgres,${DATABASE} postgres 127.0.0.1/32 scram-sha-256`);
                    await node.setHba(["local all all scram-sha-256", line]);
                    expect(await preflight({ connection: socketOf(node) })).toEqual([]);
                } finally {
                    await node.setHba(["local all all scram-sha-256", "host all all all scram-sha-256"]);
                }
            },
        );

        onOtherPort.it("refuses a closed port and an unknown host", async () => {
            const port = await findFreePort();
            expect(briefly(await preflight({ port }))).toEqual(["error access_port_closed"]);
            expect(briefly(await preflight({ host: "nowhere.invalid" }))).toEqual(["error access_host_unknown"]);
        });

        it("refuses a role that the node does not have", async () => {
            const problems = await preflight({ user: "nobody", password: "x" });
            expect(briefly(problems)).toContain("error role");
            expect(only(problems, "role").remedy).toBe('CREATE ROLE "nobody" LOGIN CREATEDB');
        });

        it("refuses a role that may not create databases there", async () => {
            await run(node, "postgres", "CREATE ROLE app LOGIN PASSWORD 'app'");
            try {
                const problems = await preflight({ user: "app", password: "app" });
                expect(briefly(problems)).toEqual(["error createdb"]);
                await run(node, "postgres", only(problems, "createdb").remedy);
                expect(await preflight({ user: "app", password: "app" })).toEqual([]);
            } finally {
                await run(node, "postgres", "DROP ROLE app");
            }
        });
    });

    describe("what the provider cannot see", () => {
        onAccess.it("is one warning where the access node reaches the node alone", async () => {
            await node.setHba(["host all all all scram-sha-256", "local all all reject"]);
            try {
                // As in a private network: the derived way has the access node's password, which is another one.
                const problems = await preflight({ connection: undefined });
                expect(briefly(problems)).toEqual(["warning unseen"]);
            } finally {
                await node.setHba(["local all all scram-sha-256", "host all all all scram-sha-256"]);
            }
        });

        onOtherPort.it("is an error where the program says how the provider reaches it", async () => {
            const problems = await preflight({ connection: connectionOf(node, { password: "wrong" }) });
            expect(briefly(problems)).toEqual(["error password"]);
            const port = await findFreePort();
            expect(briefly(await preflight({ connection: connectionOf(node, { port }) }))).toEqual([
                "error port_closed",
            ]);
            expect(briefly(await preflight({ connection: connectionOf(node, { host: "nowhere.invalid" }) }))).toEqual([
                "error host_unknown",
            ]);
        });
    });

    describe("a database that exists on the node", () => {
        const PREPARED = ["CREATE EXTENSION timescaledb"];

        it("is refused", async () => {
            await withDatabase("", [], async () => {
                expect(briefly(await preflight())).toEqual(["error database_exists"]);
            });
        });

        it("is taken with adopt, or with bootstrap: false when it is prepared, or with our mark", async () => {
            await withDatabase("", PREPARED, async () => {
                expect(await preflight({ adopt: true })).toEqual([]);
                expect(await preflight({ bootstrap: false })).toEqual([]);
                const mark = withMarker(null, { cluster: id, urn: "urn:test::dn1", engine: "multinode" });
                await run(node, "postgres", `COMMENT ON DATABASE ${DATABASE} IS ${literal(mark)}`);
                expect(await preflight()).toEqual([]);
            });
        });

        it("is refused with bootstrap: false while it is not prepared", async () => {
            expect(briefly(await preflight({ bootstrap: false }))).toContain("error not_prepared");
            await withDatabase("", [], async () => {
                expect(briefly(await preflight({ bootstrap: false }))).toEqual(["error not_prepared"]);
            });
        });

        it("is refused with another encoding, collation or character type", async () => {
            await withDatabase("ENCODING 'LATIN1'", PREPARED, async () => {
                expect(briefly(await preflight({ adopt: true }))).toEqual(["error encoding"]);
            });
            await withDatabase("LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'", PREPARED, async () => {
                expect(briefly(await preflight({ adopt: true }))).toEqual(["error character_type", "error collation"]);
            });
        });

        it("is refused with the extension in another schema", async () => {
            await withDatabase("", ["CREATE SCHEMA ts", "CREATE EXTENSION timescaledb SCHEMA ts"], async () => {
                expect(briefly(await preflight({ adopt: true }))).toEqual(["error extension_schema"]);
            });
        });
    });

    describe("a node of a cluster", () => {
        const add = `SELECT add_data_node('n', '127.0.0.1', '${DATABASE}', %PORT, password => '%PASSWORD')`;
        const addTo = async (database: string): Promise<void> =>
            run(access, database, add.replace("%PORT", String(node.port)).replace("%PASSWORD", node.password ?? ""));

        afterEach(async () => {
            await closePools();
            await run(node, "postgres", `DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
        });

        it("is refused when that is another one, also with adopt", async () => {
            await addTo(OTHER);
            const problems = await preflight({ adopt: true });
            expect(briefly(problems)).toEqual(["error foreign_cluster"]);
            expect(only(problems, "foreign_cluster").what).toContain(`access node is database "${OTHER}"`);
            await run(access, OTHER, "SELECT delete_data_node('n')");
        });

        it("is refused when that is gone, with the statement that frees it", async () => {
            await run(access, "postgres", "CREATE DATABASE doomed");
            await run(access, "doomed", "CREATE EXTENSION timescaledb");
            await addTo("doomed");
            await closePools();
            await run(access, "postgres", "DROP DATABASE doomed WITH (FORCE)");
            const problems = await preflight({ adopt: true });
            expect(briefly(problems)).toEqual(["error lost_cluster"]);
            await run(node, DATABASE, "DELETE FROM _timescaledb_catalog.metadata WHERE key = 'dist_uuid'");
            expect(await preflight({ adopt: true })).toEqual([]);
        });

        it("is ours when its id is the access node's own, as a cut run leaves it", async () => {
            await run(node, "postgres", `CREATE DATABASE ${DATABASE} TEMPLATE template0`);
            await run(
                node,
                DATABASE,
                "CREATE EXTENSION timescaledb",
                // What set_dist_id() does, whose schema is another one before 2.12.
                `INSERT INTO _timescaledb_catalog.metadata VALUES ('dist_uuid', '${id}', true)`,
            );
            expect(await preflight()).toEqual([]);
        });
    });

    describe("rights on the access node", () => {
        beforeAll(async () => {
            await run(
                access,
                "postgres",
                "CREATE ROLE app LOGIN PASSWORD 'app'",
                "GRANT CREATE ON DATABASE metrics TO app",
            );
        });
        afterAll(async () => {
            await closePools();
            await run(access, DATABASE, "DROP OWNED BY app");
            await run(access, "postgres", "DROP OWNED BY app", "DROP ROLE app");
        });

        const asApp = () => ({ ...accessNode(), connection: connectionOf(access, { user: "app", password: "app" }) });

        it("refuses a role that may not create databases, and advises one that may not set how rows are inserted", async () => {
            const { connection } = asApp();
            const look = () =>
                preflightAccessNode(new Servers({ connection, database: "new" }, {}), accessRequest(connection, "new"));
            const problems = await look();
            expect(briefly(problems)).toEqual(["error createdb", "warning insert_with_copy"]);
            await run(access, "postgres", only(problems, "insert_with_copy").remedy.replace(/^.*: /, ""));
            expect(briefly(await look())).toEqual(["error createdb"]);
        });

        onLog.it(
            "refuses a role that may not use timescaledb_fdw, and cannot look from the access node as it",
            async () => {
                const { servers, request } = dataNodeRequest(asApp(), node, { user: "postgres" });
                const logged = readFileSync(access.logFile).length;
                const problems = await preflightDataNode(servers, request);
                expect(briefly(problems)).toEqual(["error usage", "warning access_view"]);
                const log = readFileSync(access.logFile).subarray(logged).toString("utf8");
                expect(log).toContain('permission denied to create extension "postgres_fdw"');
                expect(log).not.toContain(node.password);
                await run(access, DATABASE, only(problems, "usage").remedy.replace(/^.*: /, ""));
                expect(briefly(await preflightDataNode(servers, request))).toEqual(["warning access_view"]);
            },
        );

        it("refuses a hypertable on nodes, in schemas or over tables that the role may not use", async () => {
            await run(
                access,
                DATABASE,
                `SELECT add_data_node('n', '127.0.0.1', '${DATABASE}', ${node.port}, password => '${node.password}')`,
                "CREATE SCHEMA closed",
                "CREATE TABLE closed.theirs (time timestamptz NOT NULL)",
            );
            const request = hypertableRequest(asApp(), { schema: "closed", tableName: "theirs", dataNodes: ["n"] });
            const look = () => preflightDistributedHypertable(new Servers(asApp(), {}), request);
            const problems = await look();
            expect(briefly(problems)).toEqual(["error node_usage", "error table_owner"]);
            for (const { remedy } of problems) {
                await run(access, DATABASE, remedy);
            }
            expect(await look()).toEqual([]);
            await run(access, DATABASE, "SELECT delete_data_node('n')", "DROP SCHEMA closed CASCADE");
            await closePools();
            await run(node, "postgres", `DROP DATABASE ${DATABASE} WITH (FORCE)`);
        });
    });

    async function check(more: Partial<Parameters<typeof checkServers>[1][number]>): Promise<readonly Problem[]> {
        const servers = new Servers(
            { connection: connectionOf(access), database: DATABASE },
            { dn1: { connection: connectionOf(node), database: DATABASE } },
        );
        const { host, port, password } = node;
        const dn1 = {
            nodeName: "dn1",
            host,
            port,
            password,
            database: DATABASE,
            serverOptions: {},
            ownConnection: true,
        };
        return checkServers(servers, [{ ...dn1, ...more }]);
    }
});

const AS_IT_WAS = { max_connections: "100", timezone: "UTC", "timescaledb.license": "timescale" };

async function rows<Row extends object>(server: Server, database: string, query: string): Promise<Row[]> {
    return withSession(socketOf(server), database, (session) => session.query<Row>(query), { discard: true });
}

async function uuidOf(server: Server, database: string): Promise<string> {
    const query = "SELECT value FROM _timescaledb_catalog.metadata WHERE key = 'uuid'";
    return (await rows<{ value: string }>(server, database, query))[0]?.value ?? "";
}

/** What a forgotten roll-back would leave. */
async function objects(server: Server): Promise<object[]> {
    return rows(
        server,
        DATABASE,
        "SELECT extname::text AS name FROM pg_extension UNION ALL SELECT srvname FROM pg_foreign_server " +
            "UNION ALL SELECT relname FROM pg_class WHERE relkind = 'f' ORDER BY 1",
    );
}

/** The statements that a database's log gains meanwhile. */
async function statements(server: Server, database: string, work: () => Promise<void>): Promise<string[]> {
    await run(server, "postgres", `ALTER DATABASE ${database} SET log_statement = 'all'`);
    await closePools();
    const start = readFileSync(server.logFile).length;
    await work();
    const log = readFileSync(server.logFile).subarray(start).toString("utf8");
    await run(server, "postgres", `ALTER DATABASE ${database} RESET log_statement`);
    return log
        .split("\n")
        .flatMap((line) => / LOG: {2}(?:statement|execute [^:]*): (.*)/.exec(line)?.[1] ?? [])
        .filter((statement) => !isPinning(statement));
}
