/** Taking data nodes out of the cluster: what is done on the access node, and what through it. */
import { anonymousBlock, identifier, literal } from "../../../postgres/sql";
import { SQLSTATE } from "../../../postgres/sqlState";
import { withMarker } from "../../marks/marker";
import type { Place } from "../../run/servers";
import { at, type Plan, type Statement, type Step } from "../../step";
import { supports } from "../../versions/capabilities";
import { functionOf, type ClusterState, type NodeEntry } from "../cluster";
import { planHeal } from "../liveness";
import type { Holding } from "./holdings";
import { deleteDistUuid, explainRelease } from "./release";
import { planDropScratch } from "./scratch";
import { dropMapping } from "./userMapping";

/** What a data node's entry takes along when it goes. */
export interface Leaving {
    readonly tables: readonly Holding[];
    /** How many chunks go because no other node has them. */
    readonly soleChunks: number;
}

const NOTHING_LEAVES: Leaving = { tables: [], soleChunks: 0 };

/** The steps by which the access node forgets a node. None of them needs the node to be up. */
export function planForget(on: Place, cluster: ClusterState, entry: NodeEntry, leaving: Leaving): Step[] {
    const statements = [
        ...leaveTables(cluster, entry.name, leaving),
        ...entry.mappings.map(({ role }) =>
            dropMapping(entry.name, role, `the mapping of ${role} keeps the entry of ${entry.name}`),
        ),
        {
            name: `delete data node ${entry.name}`,
            why: `${entry.name} is removed`,
            sql: `SELECT ${functionOf(cluster, "delete_data_node")}(
                             node_name => $1::name, force => true, repartition => false)`,
            values: [entry.name],
        },
    ];
    return at(on, statements, `forget ${entry.name}`);
}

/**
 * The steps by which the access node alone removes a node with the database on it.
 *
 * A user mapping keeps the entry, and without it the access node has no password for the node. So the server is told to
 * drop the database while the mapping is there; it does, and then complains (2BP01). The mark says that this was under
 * way: when the node does not answer any more, its database is gone and the entry can go too.
 */
export function planRemoveThrough(on: Place, cluster: ClusterState, entry: NodeEntry, leaving: Leaving): Step[] {
    const { name, marker, mappings, comment } = entry;
    const marks =
        marker === undefined || marker.leaving === true || mappings.length === 0
            ? []
            : [
                  {
                      name: `mark data node ${name}`,
                      why: `the database of ${name} goes before its entry`,
                      sql: `COMMENT ON SERVER ${identifier(name)} IS ${literal(withMarker(comment, { ...marker, leaving: true }))}`,
                  },
              ];
    return [
        ...at(on, [...leaveTables(cluster, name, leaving), ...marks], `empty ${name}`),
        ...at(on, [dropThrough(cluster, entry, [SQLSTATE.DEPENDENT_OBJECTS_STILL_EXIST])]),
    ];
}

/**
 * The steps by which a node goes that does not answer in the middle of {@link planRemoveThrough}: its database is gone,
 * or the DROP DATABASE was interrupted and left what cannot be used, or its server is down.
 */
export function planRemoveLeft(on: Place, cluster: ClusterState, entry: NodeEntry, leaving: Leaving): Step[] {
    const tolerates = [
        SQLSTATE.DEPENDENT_OBJECTS_STILL_EXIST,
        SQLSTATE.INVALID_CATALOG_NAME,
        SQLSTATE.UNABLE_TO_CONNECT,
    ];
    return [...at(on, [dropThrough(cluster, entry, tolerates)]), ...planForget(on, cluster, entry, leaving)];
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
        : [...at(on, planDropScratch(cluster, entry)), ...planRemoveThrough(on, cluster, entry, NOTHING_LEAVES)];
}

function dropThrough(cluster: ClusterState, entry: NodeEntry, tolerates: readonly string[]): Statement {
    return {
        name: `delete data node ${entry.name} and its database`,
        why: `${entry.name} is removed with its database`,
        sql: `SELECT ${functionOf(cluster, "delete_data_node")}(
                             node_name => $1::name, force => true, repartition => false, drop_database => true)`,
        values: [entry.name],
        destroys: { what: `database ${entry.database} on data node ${entry.name}` },
        tolerates,
    };
}

/** The statement after which a node whose database is kept can be added again. */
export function releaseThrough(cluster: ClusterState, entry: NodeEntry): Statement {
    return {
        name: `release data node ${entry.name}`,
        why: `the database on ${entry.name} is kept and leaves the cluster`,
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
    const names = answering.map(({ name }) => name);
    return {
        steps: [
            ...planHeal(on, cluster, names),
            ...at(on, cluster.nodes.length === 0 ? [] : [dropAllChunks()]),
            ...answering.flatMap((entry) => [
                ...at(on, planDropScratch(cluster, entry)),
                ...(kept.includes(entry)
                    ? at(on, [releaseThrough(cluster, entry)])
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

function leaveTables(cluster: ClusterState, node: string, { tables, soleChunks }: Leaving): Statement[] {
    const drop = {
        name: `drop chunks of data node ${node}`,
        why: `${node} has the only copy of ${soleChunks} chunks`,
        sql: dropChunksWhere(`x.nodes = ARRAY[${literal(node)}]`),
        destroys: { what: `${soleChunks} chunks on data node ${node}` },
    };
    return [
        ...(soleChunks === 0 ? [] : [drop]),
        ...tables.map(({ schema, table, partitions, nodes }) => ({
            name: `detach data node ${node}`,
            why: `${node} leaves "${schema}.${table}"`,
            sql: `SELECT ${functionOf(cluster, "detach_data_node")}(
                             node_name => $1::name, hypertable => format('%I.%I', $2::text, $3::text)::regclass,
                             force => true, repartition => $4::boolean)`,
            // A table whose partitions follow its nodes has as many of them.
            values: [node, schema, table, partitions === nodes],
        })),
    ];
}

function dropAllChunks(): Statement {
    return {
        name: "drop all chunks",
        why: "the access node goes with all its tables",
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
