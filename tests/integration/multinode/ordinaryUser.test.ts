/**
 * A cluster whose user is no superuser. Without a way to a data node nobody can look at it then, and what a cut run left
 * there is found and mended all the same.
 */
import { randomUUID } from "node:crypto";
import type { DataNodeComputed, DataNodeInputs } from "../../../provider/engines/inputs";
import { multinode } from "../../../provider/engines/multinode";
import { noteSchema, type Note } from "../../../provider/engines/multinode/dataNode/notes";
import { scratchName } from "../../../provider/engines/multinode/dataNode/scratch";
import { Servers } from "../../../provider/engines/run/servers";
import { connectionTo } from "../../support/connections";
import { finish, runUntilCut, type CutOperation } from "../../support/cuts";
import { CONDITIONS_COLUMNS, type LiveResource } from "../../support/life";
import { query } from "../../support/query";
import type { Residue } from "../../support/residue";
import { describeServers, START_TIMEOUT_MS, type TestCluster } from "../../support/servers";
import { withCluster } from "../../support/withCluster";

const DATABASE = "metrics";
const ROLE = "app";
const PASSWORD = "of the access node";
const NODE_PASSWORD = "of the data node";
const CASE_TIMEOUT_MS = 120_000;
const MOST_CUTS = 20;

async function makeRoles({ access, nodes }: TestCluster): Promise<void> {
    await query(access, "postgres", `CREATE ROLE ${ROLE} LOGIN CREATEDB PASSWORD '${PASSWORD}'`);
    for (const node of nodes) {
        await query(node, "postgres", `CREATE ROLE ${ROLE} LOGIN CREATEDB PASSWORD '${NODE_PASSWORD}'`);
    }
}

describeServers("multinode", (kind) => {
    const cluster = withCluster(kind, { nodes: 1, database: DATABASE, per: "block", prepare: makeRoles });
    const { live, residue, expectNothingLeft } = cluster;
    let clusterId: string;
    let made: DataNodeComputed;
    let alone: Residue[];

    const nodeServer = (): TestCluster["access"] => cluster.serverOf(0);
    const asUser = <Row extends object>(text: string): Promise<Row[]> => {
        const { host, port } = cluster.access;
        return query<Row>({ host, port, user: ROLE, password: PASSWORD }, DATABASE, text);
    };
    const onNode = <Row extends object>(database: string, text: string): Promise<Row[]> =>
        cluster.onNode<Row>(0, text, database);
    const access = (): Record<string, unknown> => ({
        ...live.connectionOf(cluster.access),
        user: ROLE,
        password: PASSWORD,
    });
    const way = (): Record<string, unknown> => ({
        ...live.connectionOf(nodeServer()),
        user: ROLE,
        password: NODE_PASSWORD,
    });
    const values = (): Record<string, unknown> =>
        live.nodeValues(0, { connection: undefined, password: NODE_PASSWORD });

    /** What add_data_node() leaves when the access node's transaction is lost. */
    async function cut(database = DATABASE): Promise<void> {
        const { host, port } = nodeServer();
        const lost = `DO $$ BEGIN
            PERFORM add_data_node('cut', host => '${host}', port => ${port}, database => '${database}',
                                  password => '${NODE_PASSWORD}');
            RAISE EXCEPTION 'lost'; END $$`;
        await expect(asUser(lost)).rejects.toThrow("lost");
        expect(
            await onNode(database, "SELECT 1 FROM _timescaledb_catalog.metadata WHERE key = 'dist_uuid'"),
        ).toHaveLength(1);
    }

    async function note(text: Note): Promise<void> {
        const schema = noteSchema({ nodeName: "dn1" });
        await asUser(`CREATE SCHEMA ${schema}`);
        await asUser(`COMMENT ON SCHEMA ${schema} IS '${JSON.stringify(text)}'`);
    }

    /** The data node, and the operations on it that a run can be cut in. */
    function operationOf(): CutOperation<DataNodeInputs, DataNodeComputed, unknown> {
        const { host, port } = nodeServer();
        const { access: server } = cluster;
        const connection = connectionTo(server.host, {
            port: server.port,
            user: ROLE,
            password: PASSWORD,
            sslMode: "disable",
            lockTimeoutSeconds: 30,
        });
        const accessNode = { id: clusterId, connection, database: DATABASE };
        const inputs: DataNodeInputs = {
            logicalUrn: "urn:dn1",
            accessNode,
            nodeName: "dn1",
            host,
            port,
            password: NODE_PASSWORD,
            serverOptions: {},
            bootstrap: true,
            available: true,
            drainOnDelete: false,
            timescaledb: "auto",
            forceDestroy: false,
            adopt: false,
        };
        return {
            resource: multinode.dataNode,
            servers: new Servers(accessNode, {}),
            request: { inputs, newId: randomUUID() },
        };
    }

    async function expectWhole(node: LiveResource): Promise<void> {
        await node.expectNoDrift();
        expect(await asUser("SELECT srvname::text FROM pg_foreign_server")).toEqual([{ srvname: "dn1" }]);
        expect(await onNode("postgres", "SELECT datname::text FROM pg_database WHERE datname ~ '^pulumi'")).toEqual([]);
        await asUser("CREATE TABLE t (time timestamptz NOT NULL)");
        await asUser("SELECT create_distributed_hypertable('t', 'time')");
        await asUser("INSERT INTO t VALUES ('2026-01-01')");
        expect(await asUser("SELECT count(*)::int AS rows FROM t")).toEqual([{ rows: 1 }]);
        await asUser("DROP TABLE t");
    }

    beforeAll(async () => {
        await live.access.create({ connection: access(), database: DATABASE });
        clusterId = String(live.access.outputs.clusterId);
        await query(cluster.access, DATABASE, `GRANT USAGE ON FOREIGN DATA WRAPPER timescaledb_fdw TO ${ROLE}`);
        // The first data node ever leaves a label on the access node's database.
        const first = live.node(0);
        await first.create(values());
        made = first.outputs as unknown as DataNodeComputed;
        await first.delete();
        alone = await residue();
    }, START_TIMEOUT_MS);
    afterEach(() => expectNothingLeft(alone), CASE_TIMEOUT_MS);

    it.each([
        ["without the provider's own way to it", () => undefined],
        ["with the provider's own way to it", () => way()],
    ])(
        "lives its whole life with a table %s",
        async (_title, connectionOf) => {
            const connection = connectionOf();
            const node = live.node(0);
            await node.create({ ...values(), connection });
            await expectWhole(node);
            expect(node.outputs).toMatchObject({ created: { database: true } });
            await node.update({ ...values(), connection, serverOptions: { fetch_size: "77" } });
            const { host, port } = nodeServer();
            const nodes = { dn1: { host, port, connection, password: NODE_PASSWORD } };
            const table = live.hypertable("conditions");
            const first = { nodes, schema: "plant", primaryKey: ["device", "time"] };
            await table.create(live.tableValues("conditions", first));
            await table.expectNoDrift();
            await asUser("INSERT INTO plant.conditions VALUES ('2026-01-01', 1, 20)");
            const columns = [...CONDITIONS_COLUMNS, { name: "level", type: "integer" }];
            const change = { columns, chunkTimeInterval: "1 day", indexes: [{ columns: ["level"] }] };
            await table.update(live.tableValues("conditions", { ...first, ...change, forceDestroy: true }));
            await table.expectNoDrift();
            await table.delete();
            await node.delete();
        },
        CASE_TIMEOUT_MS,
    );

    it(
        "is added after a run that was cut between the node's commit and the access node's",
        async () => {
            await cut();
            const node = live.node(0);
            await node.create(values());
            await expectWhole(node);
            expect(node.outputs).toMatchObject({ created: { database: true } });
            await node.delete();
        },
        CASE_TIMEOUT_MS,
    );

    it(
        "is added after the mending was cut in the same way",
        async () => {
            await cut();
            await note({ scratch: 1 });
            await cut(scratchName({ clusterId }, "dn1", 1));
            const node = live.node(0);
            await node.create(values());
            await expectWhole(node);
            await node.delete();
        },
        CASE_TIMEOUT_MS,
    );

    it.each([
        ["from nothing", () => Promise.resolve(), 6],
        ["from what a cut run left", cut, 4],
    ])(
        "is added %s, from wherever that was cut",
        async (_title, prepare, least) => {
            const operation = operationOf();
            let transactions = 0;
            for (let isWhole = false; !isWhole && transactions < MOST_CUTS; transactions++) {
                await prepare();
                isWhole = await runUntilCut(operation, transactions);
                const last = await finish(operation);
                expect(last.created).toEqual({ database: true });
                await finish({ ...operation, request: { ...operation.request, last }, toNothing: true });
                await expectNothingLeft(alone);
            }
            expect(transactions).toBeGreaterThan(least);
            expect(transactions).toBeLessThan(MOST_CUTS);
        },
        CASE_TIMEOUT_MS,
    );

    it(
        "leaves nothing on the access node where it is removed after its making was cut",
        async () => {
            const operation = operationOf();
            for (let transactions = 0, isWhole = false; !isWhole; transactions++) {
                isWhole = await runUntilCut(operation, transactions);
                const last = { ...operation.request.inputs, ...made };
                await finish({ ...operation, request: { ...operation.request, last }, toNothing: true });
                expect((await residue())[0]).toEqual(alone[0]);
                expect(await onNode("postgres", "SELECT datname FROM pg_database WHERE datname ~ '^pulumi'")).toEqual(
                    [],
                );
            }
        },
        CASE_TIMEOUT_MS,
    );

    it.each([
        ["counts as ours", "SELECT 1", true],
        ["is kept where somebody used it", "CREATE TABLE notes (text text)", false],
    ])(
        "has a database that was being made when a run was cut, which %s",
        async (_title, use, isOurs) => {
            const { host, port } = nodeServer();
            await note({ making: `${DATABASE} on ${host}:${port}` });
            await onNode("postgres", `CREATE DATABASE "${DATABASE}" OWNER ${ROLE} TEMPLATE template0`);
            await onNode(DATABASE, use);
            const node = live.node(0);
            await node.create({ ...values(), forceDestroy: true });
            await expectWhole(node);
            expect(node.outputs).toMatchObject({ created: { database: isOurs } });
            await node.delete();
        },
        CASE_TIMEOUT_MS,
    );

    it(
        "is added by the provider's own way to it, by a user who may not free it",
        async () => {
            const node = live.node(0);
            await node.create({ ...values(), connection: way() });
            await asUser(`DROP USER MAPPING FOR ${ROLE} SERVER dn1`);
            await asUser("SELECT delete_data_node('dn1')");
            const again = live.node(0);
            await again.create({ ...values(), connection: way() });
            await expectWhole(again);
            expect(again.outputs).toMatchObject({ created: { database: true } });
            await again.delete();
        },
        CASE_TIMEOUT_MS,
    );

    it.each([
        [
            "another cluster's",
            `UPDATE _timescaledb_catalog.metadata SET value = '${randomUUID()}' WHERE key = 'dist_uuid'`,
            "DELETE FROM _timescaledb_catalog.metadata WHERE key = 'dist_uuid'",
        ],
        ["one that holds a table", "CREATE TABLE notes (text text)", "DROP TABLE notes"],
    ])(
        "is refused as %s with the way to free it, and added once it is free",
        async (_title, occupy, free) => {
            await cut();
            await onNode(DATABASE, occupy);
            const node = live.node(0);
            for (const _attempt of [1, 2]) {
                await expect(node.create(values())).rejects.toThrow(/FOREIGN_CLUSTER/);
                expect(await asUser("SELECT srvname FROM pg_foreign_server")).toEqual([]);
                expect(await onNode("postgres", "SELECT datname FROM pg_database WHERE datname ~ '^pulumi'")).toEqual(
                    [],
                );
            }
            await onNode(DATABASE, free);
            await node.create({ ...values(), forceDestroy: true });
            await expectWhole(node);
            await node.delete();
            await onNode("postgres", `DROP DATABASE IF EXISTS "${DATABASE}" WITH (FORCE)`);
        },
        CASE_TIMEOUT_MS,
    );

    it(
        "is refused where the user may make no scratch database, and added once it is free",
        async () => {
            await cut();
            await onNode("postgres", `ALTER ROLE ${ROLE} NOCREATEDB`);
            const node = live.node(0);
            for (const _attempt of [1, 2]) {
                await expect(node.create(values())).rejects.toThrow(/FOREIGN_CLUSTER/);
            }
            await onNode(DATABASE, "DELETE FROM _timescaledb_catalog.metadata WHERE key = 'dist_uuid'");
            await node.create(values());
            await onNode("postgres", `ALTER ROLE ${ROLE} CREATEDB`);
            await expectWhole(node);
            // Nobody knows any more that a run of ours made it: it is kept, if it can be freed.
            expect(node.outputs).toMatchObject({ created: { database: false } });
            await expect(node.delete()).rejects.toThrow(/GRANT SELECT, DELETE ON _timescaledb_catalog.metadata/);
            await onNode(DATABASE, `GRANT SELECT, DELETE ON _timescaledb_catalog.metadata TO ${ROLE}`);
            await node.delete();
            await onNode("postgres", `DROP DATABASE "${DATABASE}" WITH (FORCE)`);
        },
        CASE_TIMEOUT_MS,
    );
});
