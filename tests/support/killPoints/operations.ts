/** The operations that are cut: where each starts, what it does, and what must be true afterwards. */
import { Client } from "pg";
import { CONDITIONS_COLUMNS, type LiveResource } from "../life";
import { query } from "../query";
import type { EngineName } from "../servers";
import { DATABASE, type FaultyCluster } from "./cluster";

type Values = Record<string, unknown>;

/** One operation, as `pulumi up` or `pulumi destroy` runs it. */
export interface Operation {
    readonly name: string;
    /** Its resources, before anything is done. */
    start(cluster: FaultyCluster): Life;
}

/** One life in which the operation takes place. */
export interface Life {
    /** Makes what the operation starts from. */
    prepare(): Promise<void>;
    /** The operation; called again, it goes on from what Pulumi keeps. */
    run(): Promise<void>;
    /** Asserts that what was requested is there on every server and can be used. */
    check(): Promise<void>;
    /** Removes it all, as `pulumi destroy`. */
    remove(): Promise<void>;
}

interface TableLife {
    readonly rows: number;
    readonly from: Values;
    readonly to: Values;
    /** Whether the third data node is there. */
    readonly thirdNode: boolean;
}

const ROWS = 20;
/** A statement of a user must not wait: whatever it would wait for was to be ended by the operation. */
const USER_TIMEOUT_MS = 20_000;

const withLevel = [
    ...CONDITIONS_COLUMNS,
    { name: "level", type: "int4", nullable: false, default: "0", check: "level >= 0" },
];
const deviceRequired = CONDITIONS_COLUMNS.map((column) =>
    column.name === "device" ? { ...column, nullable: false } : column,
);

const COMMON_CHANGES: readonly (readonly [string, Values])[] = [
    ["add columns", { columns: withLevel }],
    ["change and drop columns", { columns: [...CONDITIONS_COLUMNS.slice(0, 2), { name: "temp", type: "numeric" }] }],
    ["add keys", { primaryKey: ["device", "time"], columns: deviceRequired }],
    ["add an index", { indexes: [{ columns: ["temp DESC"], where: "temp > 50" }] }],
    ["set the chunk interval", { chunkTimeInterval: "1 day" }],
    ["rename the table", { tableName: "renamed" }],
    ["move the table to a schema", { schema: "plant" }],
];
const MULTINODE_CHANGES: readonly (readonly [string, Values])[] = [
    ["set the number of partitions", { numberPartitions: 6 }],
    ["set the replication factor", { replicationFactor: 2 }],
];

/** The operations of an engine. */
export function operationsOf(engine: EngineName): Operation[] {
    const changes = engine === "multinode" ? [...COMMON_CHANGES, ...MULTINODE_CHANGES] : COMMON_CHANGES;
    return [
        dataNodeOperation("add a data node", {}, undefined),
        dataNodeOperation("change a data node", {}, { serverOptions: { fetch_size: "77" } }),
        dataNodeRemoval("delete a data node"),
        tableOperation("create the table", {}),
        tableOperation("create the table in a schema", { to: { schema: "plant" } }),
        ...changes.map(([name, to]) => tableOperation(name, { from: startOf(name), to, rows: ROWS })),
        ...(engine === "multinode"
            ? [
                  tableOperation("attach a data node", {
                      from: {},
                      to: { dataNodes: ["dn1", "dn2", "dn3"] },
                      rows: ROWS,
                      thirdNode: true,
                  }),
                  tableOperation("detach a data node", {
                      from: { dataNodes: ["dn1", "dn2", "dn3"] },
                      to: { dataNodes: ["dn1", "dn2"] },
                      thirdNode: true,
                  }),
                  drain(),
              ]
            : []),
        tableRemoval("delete the table"),
    ];
}

function startOf(name: string): Values {
    return name.startsWith("change and drop")
        ? {
              columns: [
                  ...CONDITIONS_COLUMNS.slice(0, 2),
                  { name: "temp", type: "integer" },
                  { name: "gone", type: "text" },
              ],
          }
        : {};
}

/** Without `from`, the operation makes the table. */
function tableOperation(
    name: string,
    { from, to = {}, rows = 0, thirdNode = false }: Partial<TableLife>,
    drainFrom?: string,
): Operation {
    return {
        name,
        start(cluster) {
            const { live } = cluster;
            const table = live.hypertable("conditions");
            const third = live.node(2);
            const valuesOf = (more: Values): Values => {
                const values = live.tableValues("conditions", { forceDestroy: true, ...more });
                const nodes = values.nodes as Record<string, Values>;
                return drainFrom === undefined
                    ? values
                    : { ...values, nodes: { ...nodes, [drainFrom]: { ...nodes[drainFrom], drainOnDelete: true } } };
            };
            const { schema = "public", tableName = "conditions" } = { ...from, ...to } as Record<string, string>;
            return {
                async prepare() {
                    if (thirdNode) {
                        await third.up(live.nodeValues(2));
                    }
                    if (from !== undefined) {
                        await table.up(valuesOf(from));
                        await insertRows(cluster, "public.conditions", rows);
                    }
                },
                async run() {
                    await table.up(valuesOf({ ...from, ...to }));
                },
                check: () => checkTable(cluster, table, `${schema}.${tableName}`, rows),
                async remove() {
                    await table.delete();
                    if (thirdNode) {
                        await third.delete();
                    }
                },
            };
        },
    };
}

function drain(): Operation {
    return tableOperation(
        "drain and detach a data node",
        {
            from: { dataNodes: ["dn1", "dn2", "dn3"] },
            to: { dataNodes: ["dn1", "dn2"] },
            rows: ROWS,
            thirdNode: true,
        },
        "dn3",
    );
}

function tableRemoval(name: string): Operation {
    return {
        name,
        start(cluster) {
            const table = cluster.live.hypertable("conditions");
            return {
                async prepare() {
                    await table.up(cluster.live.tableValues("conditions", { forceDestroy: true, schema: "plant" }));
                    await insertRows(cluster, "plant.conditions", ROWS);
                },
                run: () => removeOnce(table),
                check: async () => undefined,
                remove: async () => undefined,
            };
        },
    };
}

function dataNodeOperation(name: string, from: Values, to: Values | undefined): Operation {
    return {
        name,
        start(cluster) {
            const { live } = cluster;
            const node = live.node(2);
            const table = live.hypertable("conditions");
            return {
                async prepare() {
                    if (to !== undefined) {
                        await node.up(live.nodeValues(2, from));
                    }
                },
                async run() {
                    await node.up(live.nodeValues(2, { ...from, ...to }));
                },
                async check() {
                    await node.expectNoDrift();
                    await table.up(
                        live.tableValues("conditions", { forceDestroy: true, dataNodes: ["dn1", "dn2", "dn3"] }),
                    );
                    await checkTable(cluster, table, "public.conditions", 0);
                    await table.delete();
                },
                remove: () => node.delete(),
            };
        },
    };
}

function dataNodeRemoval(name: string): Operation {
    return {
        name,
        start(cluster) {
            const node = cluster.live.node(2);
            return {
                async prepare() {
                    await node.up(cluster.live.nodeValues(2));
                },
                run: () => removeOnce(node),
                check: async () => undefined,
                remove: async () => undefined,
            };
        },
    };
}

async function removeOnce(resource: LiveResource): Promise<void> {
    if (resource.id !== undefined) {
        await resource.delete();
    }
}

async function insertRows(cluster: FaultyCluster, table: string, rows: number): Promise<void> {
    if (rows > 0) {
        await asUser(
            cluster,
            `INSERT INTO ${table} (time, device, temp)
             SELECT '2026-01-01'::timestamptz + n * interval '1 hour', n, n FROM generate_series(1, ${rows}) n`,
        );
    }
}

async function checkTable(cluster: FaultyCluster, table: LiveResource, name: string, before: number): Promise<void> {
    expect({ prepared: await prepared(cluster) }).toEqual({ prepared: [] });
    await asUser(
        cluster,
        `INSERT INTO ${name} (time, device, temp)
         SELECT '2026-03-01'::timestamptz + n * interval '1 hour', n, n FROM generate_series(1, ${ROWS}) n`,
    );
    const [row] = await asUser(cluster, `SELECT count(*)::int AS count FROM ${name}`);
    expect(row).toEqual({ count: before + ROWS });
    if (cluster.engine === "multinode") {
        await checkMembers(cluster, table, name);
    }
    await table.expectNoDrift();
}

/** Every data node of a table has it as the access node has it, and no other node has it. */
async function checkMembers(cluster: FaultyCluster, table: LiveResource, name: string): Promise<void> {
    const attached = table.outputs.attachedDataNodes as string[];
    const [access, ...nodes] = await Promise.all(cluster.servers.all.map((server) => shapeOf(server, name)));
    const expected = cluster.servers.nodes.map((_server, index) =>
        attached.includes(`dn${index + 1}`) ? access : undefined,
    );
    expect(nodes).toEqual(expected);
}

async function shapeOf(server: FaultyCluster["servers"]["access"], name: string): Promise<object | undefined> {
    const databases = await query(server, "postgres", "SELECT FROM pg_database WHERE datname = $1", [DATABASE]);
    if (databases.length === 0) {
        return undefined;
    }
    const [shape] = await query<{ columns: string[] | null }>(
        server,
        DATABASE,
        `SELECT (SELECT array_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                                            pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum)
                   FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                  WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
                (SELECT array_agg(c.conname || ' ' || pg_get_constraintdef(c.oid) ORDER BY 1)
                   FROM pg_constraint c WHERE c.conrelid = to_regclass($1)) AS constraints,
                (SELECT array_agg(pg_get_indexdef(i.indexrelid) ORDER BY 1)
                   FROM pg_index i WHERE i.indrelid = to_regclass($1)) AS indexes`,
        [name],
    );
    return shape?.columns === null ? undefined : shape;
}

async function prepared(cluster: FaultyCluster): Promise<string[]> {
    const found = await Promise.all(
        cluster.servers.all.map((server) =>
            query<{ gid: string }>(server, "postgres", "SELECT gid FROM pg_prepared_xacts"),
        ),
    );
    return found.flat().map(({ gid }) => gid);
}

/** A statement on the access node, ended where it waits. */
async function asUser(cluster: FaultyCluster, text: string): Promise<Record<string, unknown>[]> {
    const { host, port, user, password } = cluster.servers.access;
    const client = new Client({
        host,
        port,
        user,
        password,
        database: DATABASE,
        statement_timeout: USER_TIMEOUT_MS,
    });
    await client.connect();
    try {
        return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
        await client.end();
    }
}
