/** Taking data nodes out of the cluster: what is done on the access node, and what through it. */
import { identifier, literal } from "../../../postgres/sql";
import { supports } from "../../versions/capabilities";
import type { Plan, Step } from "../../step";
import { withMarker } from "../../marks/marker";
import type { Place } from "../../run/servers";
import { anonymousBlock } from "../block";
import { functionOf, type ClusterState, type NodeEntry } from "../cluster";
import type { Holding } from "./holdings";
import { planHeal } from "../liveness";
import { deleteDistUuid, explainRelease } from "./release";
import { planDropScratch } from "./scratch";

/** A user mapping still hangs on the server's entry. */
const DEPENDENT_OBJECTS = "2BP01";
const INVALID_CATALOG_NAME = "3D000";
const UNABLE_TO_CONNECT = "08001";

/** What a data node's entry takes along when it goes. */
export interface Leaving {
    readonly tables: readonly Holding[];
    /** How many chunks go because no other node has them. */
    readonly soleChunks: number;
}

const NOTHING_LEAVES: Leaving = { tables: [], soleChunks: 0 };

/** The steps by which the access node forgets a node. None of them needs the node to be up. */
export function planForget(on: Place, cluster: ClusterState, entry: NodeEntry, leaving: Leaving): Step[] {
    const transaction = `forget ${entry.name}`;
    const steps: Omit<Step, "on" | "transaction">[] = [
        ...leaveTables(cluster, entry.name, leaving),
        ...entry.mappings.map(({ role }) => ({
            name: "dropUserMapping",
            why: `the mapping of ${role} keeps the entry of ${entry.name}`,
            sql: `DROP USER MAPPING FOR ${roleName(role)} SERVER ${identifier(entry.name)}`,
        })),
        {
            name: "deleteDataNode",
            why: `${entry.name} is removed`,
            sql: `SELECT ${functionOf(cluster, "delete_data_node")}(
                             node_name => $1::name, force => true, repartition => false)`,
            values: [entry.name],
        },
    ];
    return steps.map((step) => ({ ...step, on, transaction }));
}

/**
 * The steps by which the access node alone removes a node with the database on it.
 *
 * A user mapping keeps the entry, and without it the access node has no password for the node. So the server is told to
 * drop the database while the mapping is there; it does, and then complains (2BP01). The mark says that this was under
 * way: when the node does not answer any more, its database is gone and the entry can go too.
 */
export function planRemoveThrough(on: Place, cluster: ClusterState, entry: NodeEntry, leaving: Leaving): Step[] {
    const steps = leaveTables(cluster, entry.name, leaving).map((step) => ({
        ...step,
        on,
        transaction: `empty ${entry.name}`,
    }));
    const marked = entry.marker !== undefined && entry.mappings.length > 0 && entry.marker.leaving !== true;
    return [
        ...steps,
        ...(marked && entry.marker !== undefined
            ? [
                  {
                      name: "markDataNode",
                      why: `the database of ${entry.name} goes before its entry`,
                      on,
                      sql: `COMMENT ON SERVER ${identifier(entry.name)} IS ${literal(
                          withMarker(entry.comment, { ...entry.marker, leaving: true }),
                      )}`,
                      transaction: `empty ${entry.name}`,
                  },
              ]
            : []),
        dropThrough(on, cluster, entry, [DEPENDENT_OBJECTS]),
    ];
}

/**
 * The steps by which a node goes that does not answer in the middle of {@link planRemoveThrough}: its database is gone,
 * or the DROP DATABASE was cut and left what cannot be used, or its server is down.
 */
export function planRemoveLeft(on: Place, cluster: ClusterState, entry: NodeEntry, leaving: Leaving): Step[] {
    return [
        dropThrough(on, cluster, entry, [DEPENDENT_OBJECTS, INVALID_CATALOG_NAME, UNABLE_TO_CONNECT]),
        ...planForget(on, cluster, entry, leaving),
    ];
}

/** The steps by which a node goes that is still with a scratch database. */
export function planLeaveScratch(
    on: Place,
    cluster: ClusterState,
    entry: NodeEntry,
    alive: ReadonlySet<string>,
): Step[] {
    return !alive.has(entry.name) && entry.marker?.leaving === true
        ? planRemoveLeft(on, cluster, entry, NOTHING_LEAVES)
        : [...planDropScratch(on, cluster, entry), ...planRemoveThrough(on, cluster, entry, NOTHING_LEAVES)];
}

function dropThrough(on: Place, cluster: ClusterState, entry: NodeEntry, tolerates: readonly string[]): Step {
    return {
        name: "deleteDataNode",
        why: `${entry.name} is removed with its database`,
        on,
        sql: `SELECT ${functionOf(cluster, "delete_data_node")}(
                             node_name => $1::name, force => true, repartition => false, drop_database => true)`,
        values: [entry.name],
        destroys: { what: `database ${entry.database} on data node ${entry.name}` },
        tolerates,
    };
}

/** The step after which a node whose database is kept can be added again. */
export function planReleaseThrough(on: Place, cluster: ClusterState, entry: NodeEntry): Step {
    return {
        name: "distributedExec",
        why: `the database on ${entry.name} is kept and leaves the cluster`,
        on,
        sql: `CALL ${functionOf(cluster, "distributed_exec")}($1::text, ARRAY[$2::name])`,
        values: [deleteDistUuid(cluster.clusterId), entry.name],
        explains: explainRelease(entry.name, entry.database),
    };
}

/** The steps by which a whole access node lets go of its nodes, before its own database goes. */
export function planRemoveAll(on: Place, cluster: ClusterState, alive: ReadonlySet<string>): Plan {
    const dropsDatabases = supports("deleteDataNodeDropDatabase", cluster.versions);
    const answering = cluster.nodes.filter(({ name }) => alive.has(name));
    const kept = answering.filter(({ marker }) => marker === undefined || marker.adopted === true || !dropsDatabases);
    const silent = cluster.nodes.filter(({ name }) => !alive.has(name));
    return {
        steps: [
            ...planHeal(
                on,
                cluster,
                answering.map(({ name }) => name),
            ),
            ...(cluster.nodes.length === 0 ? [] : [dropChunks(on)]),
            ...answering.flatMap((entry) => [
                ...planDropScratch(on, cluster, entry),
                ...(kept.includes(entry)
                    ? [planReleaseThrough(on, cluster, entry)]
                    : planRemoveThrough(on, cluster, entry, NOTHING_LEAVES)),
            ]),
        ],
        warnings: [...silent, ...kept].map(
            ({ name, host, port, database }) =>
                `database "${database}" of data node "${name}" stays on ${host}:${port}` +
                (alive.has(name) ? "" : ": the node does not answer"),
        ),
    };
}

function leaveTables(cluster: ClusterState, node: string, { tables, soleChunks }: Leaving): Omit<Step, "on">[] {
    const drop: Omit<Step, "on"> = {
        name: "dropForeignTable",
        why: `${node} has the only copy of ${soleChunks} chunks`,
        sql: dropChunksWhere(`x.nodes = ARRAY[${literal(node)}]`),
        destroys: { what: `${soleChunks} chunks on data node ${node}` },
    };
    return [
        ...(soleChunks === 0 ? [] : [drop]),
        ...tables.map(({ schema, table, partitions, nodes }) => ({
            name: "detachDataNode",
            why: `${node} leaves "${schema}.${table}"`,
            sql: `SELECT ${functionOf(cluster, "detach_data_node")}(
                             node_name => $1::name, hypertable => format('%I.%I', $2::text, $3::text)::regclass,
                             force => true, repartition => $4::boolean)`,
            // A table whose partitions follow its nodes has as many of them.
            values: [node, schema, table, partitions === nodes],
        })),
    ];
}

function dropChunks(on: Place): Step {
    return {
        name: "dropForeignTable",
        why: "the access node goes with all its tables",
        on,
        sql: dropChunksWhere("true"),
        destroys: { what: "all chunks" },
    };
}

/** On the access node a chunk is a foreign table: dropping it contacts no node. */
function dropChunksWhere(condition: string): string {
    return anonymousBlock(`DECLARE chunk record;
BEGIN
    FOR chunk IN
        SELECT k.schema_name, k.table_name
          FROM (SELECT n.chunk_id, array_agg(n.node_name::text) AS nodes
                  FROM _timescaledb_catalog.chunk_data_node n GROUP BY n.chunk_id) x
          JOIN _timescaledb_catalog.chunk k ON k.id = x.chunk_id
         WHERE ${condition}
    LOOP
        EXECUTE format('DROP FOREIGN TABLE %I.%I', chunk.schema_name, chunk.table_name);
    END LOOP;
END`);
}

/** A role in a user mapping's statement. */
export function roleName(role: string): string {
    return role === "public" ? "PUBLIC" : identifier(role);
}
