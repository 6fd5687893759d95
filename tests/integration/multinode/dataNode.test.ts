import { randomUUID } from "node:crypto";
import { provisionalName } from "../../../provider/engines/marks/database";
import { closePools } from "../../../provider/postgres/pool";
import type { LiveResource } from "../../support/life";
import { describeServers } from "../../support/servers";
import { withCluster } from "../../support/withCluster";

const DATABASE = "multi node";
const PROVISIONAL = provisionalName(DATABASE);
const CASE_TIMEOUT_MS = 120_000;

interface Entry {
    readonly name: string;
    readonly options: readonly string[];
    readonly comment: string | null;
}

describeServers("multinode", (kind) => {
    const cluster = withCluster(kind, {
        nodes: 3,
        settings: { wal_level: "logical" },
        database: DATABASE,
        built: "access node",
    });
    const { live, sql, serverOf } = cluster;
    const onNode = <Row extends object>(index: number, database: string, text: string): Promise<Row[]> =>
        cluster.onNode<Row>(index, text, database);
    const entries = (): Promise<Entry[]> =>
        sql<Entry>(
            `SELECT srvname::text AS name, srvoptions AS options, obj_description(oid, 'pg_foreign_server') AS comment
               FROM pg_foreign_server ORDER BY 1`,
        );
    const nodeDatabases = async (index: number): Promise<string[]> =>
        (
            await onNode<{ datname: string }>(
                index,
                "postgres",
                "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1",
            )
        ).map(({ datname }) => datname);

    /** Without a connection the provider tries the access node's password, which is another one: it is not let in. */
    function throughAccessNode(index: number, values: Record<string, unknown> = {}): Record<string, unknown> {
        return live.nodeValues(index, { connection: undefined, ...values });
    }

    async function created(index: number, values: Record<string, unknown> = {}): Promise<LiveResource> {
        const node = live.node(index);
        await node.create(live.nodeValues(index, values));
        return node;
    }

    it(
        "lives its whole life twice, with a password that the access node keeps",
        async () => {
            for (const _life of [1, 2]) {
                const node = await created(0);
                await node.expectNoDrift();
                expect(node.outputs).toMatchObject({ engine: "multinode", created: { database: true } });
                expect(await sql("SELECT usename::text FROM pg_user_mappings")).toEqual([{ usename: "postgres" }]);
                const options = { connect_timeout: "7", keepalives: "1" };
                await node.update(live.nodeValues(0, { serverOptions: options, host: "localhost" }));
                await node.expectNoDrift();
                await node.update(live.nodeValues(0, { serverOptions: { connect_timeout: "8" }, available: false }));
                await node.expectNoDrift();
                const [entry] = await entries();
                expect(entry?.options).toEqual([
                    "host=127.0.0.1",
                    `port=${serverOf(0).port}`,
                    `dbname=${DATABASE}`,
                    "connect_timeout=8",
                    "available=false",
                ]);
                await node.update(live.nodeValues(0));
                await node.expectNoDrift();
                await node.delete();
                expect(await entries()).toEqual([]);
                expect(await nodeDatabases(0)).toEqual([]);
            }
        },
        CASE_TIMEOUT_MS,
    );

    it(
        "sees drift of every input, and mends it",
        async () => {
            const node = await created(0);
            await sql("SELECT alter_data_node('dn1', host => 'localhost', available => false)");
            await sql("ALTER SERVER dn1 OPTIONS (ADD keepalives '0')");
            await sql("ALTER USER MAPPING FOR postgres SERVER dn1 OPTIONS (SET password 'wrong')");
            const values = live.nodeValues(0);
            const found = await node.refresh();
            expect(found).toMatchObject({
                host: "localhost",
                available: false,
                serverOptions: { keepalives: "0" },
                password: "wrong",
            });
            await node.update(values);
            await node.expectNoDrift();
            await node.delete();
        },
        CASE_TIMEOUT_MS,
    );

    it(
        "mends a mark that was lost, and still knows the node as its own",
        async () => {
            const node = await created(0);
            await sql("COMMENT ON SERVER dn1 IS 'my words'");
            await node.refresh();
            expect(node.outputs.incomplete).toMatch(/mark data node dn1/);
            await node.update(live.nodeValues(0));
            await node.expectNoDrift();
            expect((await entries())[0]?.comment).toMatch(/^my words\n\[pulumi-timescaledb/);
            await node.delete();
            expect(await nodeDatabases(0)).toEqual([]);
        },
        CASE_TIMEOUT_MS,
    );

    describe("after a run that was cut", () => {
        it.each([
            ["before the database had its mark", [`DROP DATABASE "${DATABASE}"`, `CREATE DATABASE "${PROVISIONAL}"`]],
            ["before the access node knew the node", []],
        ])(
            "%s, create finishes the node",
            async (_title, statements) => {
                await created(0);
                await closePools();
                await sql("DROP USER MAPPING FOR postgres SERVER dn1");
                await sql("SELECT delete_data_node('dn1')");
                for (const statement of statements) {
                    await onNode(0, "postgres", statement);
                }
                const node = await created(0);
                await node.expectNoDrift();
                expect(node.outputs).toMatchObject({ created: { database: true } });
                expect(await nodeDatabases(0)).toEqual([DATABASE]);
                await node.delete();
                expect(await nodeDatabases(0)).toEqual([]);
            },
            CASE_TIMEOUT_MS,
        );

        it(
            "delete finishes what it left on the node",
            async () => {
                const node = await created(0);
                await sql("DROP USER MAPPING FOR postgres SERVER dn1");
                await sql("SELECT delete_data_node('dn1')");
                await node.delete();
                expect(await nodeDatabases(0)).toEqual([]);
            },
            CASE_TIMEOUT_MS,
        );
    });

    it(
        "refuses a second name for a node, a name that is taken, and a database of somebody else",
        async () => {
            const node = await created(0);
            const second = live.node(1);
            await expect(
                second.create(live.nodeValues(0, { nodeName: "again", logicalUrn: "urn:test::again" })),
            ).rejects.toThrow(/NODE_IN_USE/);
            await expect(
                second.create(live.nodeValues(1, { nodeName: "dn1", logicalUrn: "urn:test::again" })),
            ).rejects.toThrow(/urn:test::dn1/);
            await onNode(1, "postgres", `CREATE DATABASE "${DATABASE}"`);
            await expect(second.create(live.nodeValues(1))).rejects.toThrow(/exists/);
            await onNode(1, "postgres", `DROP DATABASE "${DATABASE}"`);
            expect((await entries()).map(({ name }) => name)).toEqual(["dn1"]);
            await node.delete();
        },
        CASE_TIMEOUT_MS,
    );

    it(
        "keeps a database that was prepared for it, free to be added again",
        async () => {
            await onNode(
                0,
                "postgres",
                `CREATE DATABASE "${DATABASE}" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'`,
            );
            await onNode(0, DATABASE, "CREATE EXTENSION timescaledb");
            for (const _life of [1, 2]) {
                const node = await created(0, { bootstrap: false });
                await node.expectNoDrift();
                expect(node.outputs).toMatchObject({ created: { database: false } });
                await node.delete();
                expect(await nodeDatabases(0)).toEqual([DATABASE]);
            }
            const node = await created(0, { bootstrap: false, forceDestroy: true });
            await node.delete();
            expect(await nodeDatabases(0)).toEqual([]);
        },
        CASE_TIMEOUT_MS,
    );

    it(
        "takes over a node that was added by hand, and keeps its database",
        async () => {
            const { host, port, password } = serverOf(0);
            await sql("SELECT add_data_node('dn1', $1, port => $2, password => $3)", [host, port, password]);
            const node = live.node(0);
            await expect(node.create(live.nodeValues(0))).rejects.toThrow(/ALREADY_EXISTS/);
            await node.create(live.nodeValues(0, { adopt: true }));
            await node.expectNoDrift();
            expect(node.outputs).toMatchObject({ created: { database: false } });
            await node.delete();
            expect(await entries()).toEqual([]);
            expect(await nodeDatabases(0)).toEqual([DATABASE]);
            await onNode(0, "postgres", `DROP DATABASE "${DATABASE}" WITH (FORCE)`);
        },
        CASE_TIMEOUT_MS,
    );

    describe("through the access node alone", () => {
        it(
            "lives its whole life twice, and leaves nothing on the node",
            async () => {
                for (const _life of [1, 2]) {
                    const node = live.node(0);
                    await node.create(throughAccessNode(0));
                    await node.expectNoDrift();
                    expect(node.outputs).toMatchObject({ created: { database: true } });
                    await node.delete();
                    expect(await entries()).toEqual([]);
                    expect(await nodeDatabases(0)).toEqual([]);
                }
            },
            CASE_TIMEOUT_MS,
        );

        it(
            "goes on after the node's database went and the run was cut",
            async () => {
                const node = live.node(0);
                await node.create(throughAccessNode(0));
                const [entry] = await entries();
                const leaving = entry?.comment?.replace("}]", ',"leaving":true}]').replaceAll("'", "''");
                await sql(`COMMENT ON SERVER dn1 IS '${leaving}'`);
                await onNode(0, "postgres", `DROP DATABASE "${DATABASE}" WITH (FORCE)`);
                await node.delete();
                expect(await entries()).toEqual([]);
            },
            CASE_TIMEOUT_MS,
        );

        describe("after a run that was cut between the node's commit and the access node's", () => {
            /** What add_data_node() leaves when the access node's transaction is lost. */
            async function cut(index: number): Promise<void> {
                const { host, port, password } = serverOf(index);
                const lost = `DO $$ BEGIN
                    PERFORM add_data_node('cut', host => '${host}', port => ${port}, password => '${password}');
                    RAISE EXCEPTION 'lost'; END $$`;
                await expect(sql(lost)).rejects.toThrow("lost");
                expect(await entries()).toEqual([]);
                const member =
                    "SELECT count(*)::int AS count FROM _timescaledb_catalog.metadata WHERE key = 'dist_uuid'";
                expect(await onNode(index, DATABASE, member)).toEqual([{ count: 1 }]);
            }

            it(
                "create finishes the node, and delete leaves nothing of it",
                async () => {
                    await cut(0);
                    const node = live.node(0);
                    await node.create(throughAccessNode(0));
                    await node.expectNoDrift();
                    expect(node.outputs).toMatchObject({ created: { database: true } });
                    expect(await sql("SELECT extname FROM pg_extension WHERE extname = 'postgres_fdw'")).toEqual([]);
                    await node.delete();
                    expect(await nodeDatabases(0)).toEqual([]);
                },
                CASE_TIMEOUT_MS,
            );

            it(
                "create keeps what somebody else put there, and refuses what holds a table of a cluster",
                async () => {
                    await cut(0);
                    await onNode(0, DATABASE, "CREATE TABLE notes (text text)");
                    const node = live.node(0);
                    await node.create(throughAccessNode(0));
                    expect(node.outputs).toMatchObject({ created: { database: false } });
                    await sql("CREATE TABLE conditions (time timestamptz NOT NULL, device int)");
                    await sql("SELECT create_distributed_hypertable('conditions', 'time', 'device')");
                    await sql("DROP USER MAPPING FOR postgres SERVER dn1");
                    await sql("SELECT detach_data_node('dn1', force => true)");
                    await sql("SELECT delete_data_node('dn1')");
                    await expect(live.node(0).create(throughAccessNode(0))).rejects.toMatchObject({
                        code: "HOLDS_DATA",
                        message: expect.stringContaining("public.conditions") as unknown,
                    });
                    await sql("DROP TABLE conditions");
                    await onNode(0, "postgres", `DROP DATABASE "${DATABASE}" WITH (FORCE)`);
                },
                CASE_TIMEOUT_MS,
            );

            it(
                "create names the cluster that has the node",
                async () => {
                    await cut(0);
                    await onNode(
                        0,
                        DATABASE,
                        `UPDATE _timescaledb_catalog.metadata SET value = '${randomUUID()}' WHERE key = 'dist_uuid'`,
                    );
                    await expect(live.node(0).create(throughAccessNode(0))).rejects.toMatchObject({
                        code: "FOREIGN_CLUSTER",
                    });
                    await onNode(0, "postgres", `DROP DATABASE "${DATABASE}" WITH (FORCE)`);
                },
                CASE_TIMEOUT_MS,
            );
        });

        it(
            "keeps a database that was there",
            async () => {
                await onNode(0, "postgres", `CREATE DATABASE "${DATABASE}" TEMPLATE template0`);
                const node = live.node(0);
                await node.create(throughAccessNode(0));
                expect(node.outputs).toMatchObject({ created: { database: false } });
                await node.delete();
                expect(await nodeDatabases(0)).toEqual([DATABASE]);
                const again = live.node(0);
                await again.create(throughAccessNode(0, { forceDestroy: true }));
                await again.delete();
                expect(await nodeDatabases(0)).toEqual([]);
            },
            CASE_TIMEOUT_MS,
        );
    });
});
