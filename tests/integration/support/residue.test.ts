import { Client } from "pg";
import { expectNoResidue, residueOf, type Residue } from "../../support/residue";
import {
    describeServers,
    START_TIMEOUT_MS,
    startCluster,
    type EngineName,
    type TestCluster,
} from "../../support/servers";

const COMMON: [kind: string, make: string, drop: string][] = [
    ["databases", "CREATE DATABASE more", "DROP DATABASE more"],
    [
        "databases",
        "COMMENT ON DATABASE template0 IS 'ours'",
        "COMMENT ON DATABASE template0 IS 'unmodifiable empty database'",
    ],
    ["roles", "CREATE ROLE more", "DROP ROLE more"],
    ["database and role settings", "ALTER DATABASE kept SET work_mem = '5MB'", "ALTER DATABASE kept RESET work_mem"],
    ["server settings", "ALTER SYSTEM SET work_mem = '5MB'", "ALTER SYSTEM RESET work_mem"],
    [
        "replication slots",
        "SELECT pg_create_physical_replication_slot('more')",
        "SELECT pg_drop_replication_slot('more')",
    ],
    ["extensions", "CREATE EXTENSION postgres_fdw", "DROP EXTENSION postgres_fdw"],
    ["schemas", "CREATE SCHEMA more", "DROP SCHEMA more"],
    ["relations", "CREATE TABLE more (a int)", "DROP TABLE more"],
    ["functions", "CREATE FUNCTION more() RETURNS int LANGUAGE sql AS 'SELECT 1'", "DROP FUNCTION more"],
    ["publications", "CREATE PUBLICATION more", "DROP PUBLICATION more"],
];

const FDW: [kind: string, make: string, drop: string][] = [
    ["foreign servers", "CREATE SERVER more FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'a')", "DROP SERVER more"],
    ["foreign servers", "ALTER SERVER kept OPTIONS (ADD host 'a')", "ALTER SERVER kept OPTIONS (DROP host)"],
    [
        "user mappings",
        "CREATE USER MAPPING FOR postgres SERVER kept OPTIONS (password 'hunter2')",
        "DROP USER MAPPING FOR postgres SERVER kept",
    ],
];

const MULTINODE: [kind: string, make: string, drop: string][] = [
    [
        "jobs",
        "CREATE PROCEDURE nothing(int, jsonb) LANGUAGE sql AS 'SELECT 1'; SELECT add_job('nothing', '1 day')",
        "SELECT delete_job(job_id) FROM timescaledb_information.jobs WHERE proc_name = 'nothing'; DROP PROCEDURE nothing",
    ],
    [
        "dist_uuid",
        "INSERT INTO _timescaledb_catalog.metadata VALUES ('dist_uuid', 'a', true)",
        "DELETE FROM _timescaledb_catalog.metadata WHERE key = 'dist_uuid'",
    ],
    [
        "prepared transactions",
        "BEGIN; CREATE TABLE in_doubt (); PREPARE TRANSACTION 'more'",
        "ROLLBACK PREPARED 'more'",
    ],
];

describe.each<EngineName>(["fdw", "multinode"])("residueOf for %s", (engine) => {
    describeServers(
        engine,
        (kind) => {
            let cluster: TestCluster;
            let before: Residue;

            async function execute(sql: string, database = "kept"): Promise<void> {
                const { host, port, user, password } = cluster.access;
                const client = new Client({ host, port, user, password, database });
                await client.connect();
                try {
                    await client.query(sql);
                } finally {
                    await client.end();
                }
            }

            beforeAll(async () => {
                cluster = await startCluster(kind, { nodes: 0 });
                await execute("CREATE DATABASE kept", "postgres");
                if (engine === "multinode") await execute("CREATE EXTENSION timescaledb");
                else
                    await execute(
                        "CREATE EXTENSION postgres_fdw; CREATE SERVER kept FOREIGN DATA WRAPPER postgres_fdw",
                    );
                before = await residueOf(cluster.access);
            }, START_TIMEOUT_MS);

            afterAll(() => cluster.stop());

            it.each([
                ...COMMON.filter(([what]) => engine !== "fdw" || what !== "extensions"),
                ...(engine === "fdw" ? FDW : MULTINODE),
            ])("sees %s, and that they are gone: %s", async (what, make, drop) => {
                await execute(make);
                const after = await residueOf(cluster.access);
                expect(after[what]).not.toEqual(before[what]);
                expect(() => expectNoResidue(before, after)).toThrow();
                expect(JSON.stringify(after)).not.toContain("hunter2");
                await execute(drop);
                expectNoResidue(before, await residueOf(cluster.access));
            });

            it("sees a connection, and waits for one that is about to end", async () => {
                const { host, port, user, password } = cluster.access;
                const client = new Client({
                    host,
                    port,
                    user,
                    password,
                    database: "kept",
                    application_name: "left open",
                });
                await client.connect();
                expect((await residueOf(cluster.access)).connections).toEqual(["left open to kept as postgres idle"]);
                setTimeout(() => void client.end(), 300);
                expectNoResidue(before, await residueOf(cluster.access));
            });
        },
        { ownServers: true },
    );
});
