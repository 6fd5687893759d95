/** What a data node holds, as the access node knows it: it can be asked with the node down. */
import type { Session } from "../../../postgres/pool";
import { supports, type RunningVersions } from "../../versions/capabilities";

/** What one distributed hypertable has on a data node that it is attached to. */
export interface Holding {
    readonly schema: string;
    readonly table: string;
    /** Partitions of the space dimension; null without one. */
    readonly partitions: number | null;
    /** How many data nodes the table is attached to. */
    readonly nodes: number;
    readonly chunks: number;
    /** Chunks that no other node has a copy of. */
    readonly soleChunks: number;
}

/** A chunk that is on one data node only. */
export interface SoleChunk {
    readonly schema: string;
    readonly name: string;
    /** The nodes that its hypertable is attached to. */
    readonly nodes: readonly string[];
}

/** A move or copy of a chunk that was cut. */
export interface CutMove {
    readonly id: string;
    /** The node that the chunk was to be copied from. */
    readonly from: string;
}

/** What a data node holds. */
export interface NodeHoldings {
    readonly tables: readonly Holding[];
    readonly soleChunks: readonly SoleChunk[];
    /** Moves and copies of chunks from or to the node that were cut. */
    readonly cutMoves: readonly CutMove[];
}

const COPIES = `SELECT n.chunk_id, array_agg(n.node_name::text) AS nodes
                  FROM _timescaledb_catalog.chunk_data_node n GROUP BY n.chunk_id`;

/** Reads what a data node holds. */
export async function observeHoldings(
    session: Session,
    versions: RunningVersions,
    node: string,
): Promise<NodeHoldings> {
    const tables = await session.query<{
        schema: string;
        name: string;
        partitions: number | null;
        nodes: number;
        chunks: number;
        sole_chunks: number;
    }>(
        `SELECT h.schema_name::text AS schema, h.table_name::text AS name,
                (SELECT d.num_slices::int FROM _timescaledb_catalog.dimension d
                  WHERE d.hypertable_id = h.id AND d.num_slices IS NOT NULL ORDER BY d.id LIMIT 1) AS partitions,
                (SELECT count(*)::int FROM _timescaledb_catalog.hypertable_data_node o
                  WHERE o.hypertable_id = h.id) AS nodes,
                count(c.id)::int AS chunks,
                (count(c.id) FILTER (WHERE cardinality(c.nodes) = 1))::int AS sole_chunks
           FROM _timescaledb_catalog.hypertable h
           JOIN _timescaledb_catalog.hypertable_data_node a ON a.hypertable_id = h.id AND a.node_name = $1::name
           LEFT JOIN (SELECT k.id, k.hypertable_id, x.nodes
                        FROM (${COPIES}) x JOIN _timescaledb_catalog.chunk k ON k.id = x.chunk_id) c
                  ON c.hypertable_id = h.id AND $1::text = ANY (c.nodes)
          GROUP BY h.id, h.schema_name, h.table_name
          ORDER BY h.id`,
        [node],
    );
    const soleChunks = await session.query<SoleChunk>(
        `SELECT k.schema_name::text AS schema, k.table_name::text AS name,
                (SELECT array_agg(o.node_name::text ORDER BY o.node_name)
                   FROM _timescaledb_catalog.hypertable_data_node o
                  WHERE o.hypertable_id = k.hypertable_id) AS nodes
           FROM (${COPIES}) x JOIN _timescaledb_catalog.chunk k ON k.id = x.chunk_id
          WHERE x.nodes = ARRAY[$1::text]
          ORDER BY k.id`,
        [node],
    );
    return {
        tables: tables.map(({ name, sole_chunks, ...table }) => ({ ...table, table: name, soleChunks: sole_chunks })),
        soleChunks,
        cutMoves: await observeCutMoves(session, versions, [node]),
    };
}

/** Reads the cut moves from or to these nodes. */
export async function observeCutMoves(
    session: Session,
    versions: RunningVersions,
    nodes: readonly string[],
): Promise<readonly CutMove[]> {
    return supports("moveChunk", versions)
        ? session.query<CutMove>(
              `SELECT o.operation_id::text AS id, o.source_node_name::text AS "from"
                 FROM _timescaledb_catalog.chunk_copy_operation o
                WHERE (o.source_node_name = ANY ($1::text[]::name[]) OR o.dest_node_name = ANY ($1::text[]::name[]))
                  AND o.completed_stage <> 'complete'
                ORDER BY o.time_start`,
              [nodes],
          )
        : [];
}
