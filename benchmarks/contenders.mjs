// @ts-check
// What is compared: a cluster of the engine fdw, one of the engine multinode, and one table on one server, on the same servers.
import pg from "pg";
import { accessNode, dataNode, distributedHypertable } from "../dist/handlers/index.js";

const COLUMNS = [
    { name: "time", type: "timestamptz", nullable: false },
    { name: "device", type: "integer" },
    { name: "temp", type: "double precision" },
];

/** @typedef {import("../tools/servers/postgresServer.mjs").Server} Server */
/** @typedef {{ nodeName: string, host: string, port: number, connection: object }} Way */

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {"fdw" | "multinode" | "single"} kind
 * @property {string} database
 * @property {object} connection
 * @property {readonly Way[]} ways to the data nodes
 * @property {() => Promise<pg.Client>} open a client on the access node, or the one server
 * @property {pg.Client} client such a one
 * @property {readonly pg.Client[]} nodes on the data nodes
 * @property {() => Promise<void>} empty removes all rows
 * @property {() => Promise<void>} settle does what a server does by itself after a while: statistics and visibility
 * @property {() => Promise<void>} end
 */

/**
 * @param {readonly Server[]} servers the access node first
 * @param {"fdw" | "multinode"} engine
 * @returns {Promise<Contender>}
 */
export async function distributed(servers, engine) {
    const [access, ...others] = servers;
    if (access === undefined) throw new Error("no servers");
    const connection = connectionOf(access);
    const an = await create(accessNode, { connection, database: engine, engine });
    const reference = { id: an.id, connection, database: engine };
    const ways = others.map((server, index) => ({
        nodeName: `dn${index + 1}`,
        host: server.host,
        port: server.port,
        connection: connectionOf(server),
    }));
    for (const way of ways) await create(dataNode, { accessNode: reference, ...way });
    await create(distributedHypertable, {
        accessNode: reference,
        tableName: "conditions",
        dataNodes: ways.map(({ nodeName }) => nodeName),
        nodes: Object.fromEntries(ways.map(({ nodeName, ...way }) => [nodeName, way])),
        columns: COLUMNS,
        timeColumn: "time",
        partitioningColumn: "device",
        ...(engine === "fdw" ? { lastPoint: true } : { indexes: [{ columns: ["device", "time DESC"] }] }),
    });
    const open = () => connect(access, engine);
    const client = await open();
    const nodes = await Promise.all(others.map((server) => connect(server, engine)));
    /** @param {(shards: string) => string} statement */
    const onShards = (statement) =>
        Promise.all(nodes.map(async (node) => node.query(statement((await shardsOf(node)).join(", ")))));
    return {
        name: engine,
        kind: engine,
        database: engine,
        connection,
        ways,
        open,
        client,
        nodes,
        async empty() {
            if (engine === "fdw") await onShards((shards) => `TRUNCATE ${shards}`);
            else await client.query("TRUNCATE conditions");
        },
        async settle() {
            if (engine === "fdw") {
                await onShards((shards) => `VACUUM ANALYZE ${shards}`);
                await client.query("ANALYZE conditions");
            } else {
                await client.query("VACUUM conditions");
                await client.query("ANALYZE conditions");
            }
        },
        end: async () => void (await Promise.all([client, ...nodes].map((each) => each.end()))),
    };
}

/**
 * One table on the access node's server, a hypertable where there is TimescaleDB.
 *
 * @param {Server} server
 * @param {boolean} timescaledb
 * @returns {Promise<Contender>}
 */
export async function single(server, timescaledb) {
    const database = "single";
    const first = await connect(server, "postgres");
    await first.query(`CREATE DATABASE ${database} TEMPLATE template0`);
    await first.end();
    const open = () => connect(server, database);
    const client = await open();
    if (timescaledb) await client.query("CREATE EXTENSION timescaledb");
    await client.query("CREATE TABLE conditions (time timestamptz NOT NULL, device integer, temp double precision)");
    if (timescaledb) await client.query("SELECT create_hypertable('conditions', 'time')");
    else await client.query('CREATE INDEX ON conditions ("time" DESC)');
    await client.query('CREATE INDEX ON conditions (device, "time" DESC)');
    return {
        name: timescaledb ? "one hypertable" : "one table",
        kind: "single",
        database,
        connection: connectionOf(server),
        ways: [],
        open,
        client,
        nodes: [],
        empty: async () => void (await client.query("TRUNCATE conditions")),
        settle: async () => void (await client.query("VACUUM ANALYZE conditions")),
        end: () => client.end(),
    };
}

/**
 * The shards on a data node of the engine fdw, such as `public.conditions_s3`.
 *
 * @param {pg.Client} node
 * @returns {Promise<string[]>}
 */
export async function shardsOf(node) {
    const { rows } = await node.query(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^conditions_s[0-9]+$' ORDER BY 1",
    );
    return rows.map(({ relname }) => relname);
}

/**
 * @param {Server} server
 * @param {string} database
 */
export async function connect({ host, port, user, password }, database) {
    const client = new pg.Client({ host, port, user, password, database });
    await client.connect();
    return client;
}

/** @param {Server} server */
function connectionOf({ host, port, user, password }) {
    return { host, port, user, ...(password ? { password } : {}), sslMode: "disable" };
}

/**
 * @param {import("../provider/handlers/handler.js").Handler} handler
 * @param {Record<string, unknown>} values
 */
async function create(handler, values) {
    const urn = `urn:bench::${String(values.nodeName ?? values.tableName ?? "access")}`;
    const { inputs, failures } = await handler.check({}, { logicalUrn: urn, ...values });
    if (failures.length > 0) throw new Error(JSON.stringify(failures));
    return handler.create(inputs);
}
