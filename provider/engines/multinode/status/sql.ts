/** The two queries of a cluster's status. Both answer with one JSON document. */
import { estimatedRows } from "../../status/rowEstimate";

/** Longer than a commit takes: what is prepared for this long is left of a crash. */
const IN_DOUBT_AFTER = "5 seconds";

/** A catalogue row's table; NULL where it is gone, or the row is. */
function relationOf(row: string): string {
    return `to_regclass(quote_ident(${row}.schema_name) || '.' || quote_ident(${row}.table_name))`;
}

/** On the access node. Chunks that were dropped stay in the catalogue where aggregates refer to them. */
export const ACCESS_STATUS = `
WITH tables AS (
    SELECT h.id, h.schema_name, h.table_name, h.replication_factor
      FROM _timescaledb_catalog.hypertable h
     WHERE h.replication_factor > 0
), copies AS (
    SELECT c.id, c.hypertable_id, c.schema_name, c.table_name, count(n.node_name)::integer AS copies
      FROM _timescaledb_catalog.chunk c
      LEFT JOIN _timescaledb_catalog.chunk_data_node n ON n.chunk_id = c.id
     WHERE NOT c.dropped
     GROUP BY c.id
), missing AS (
    SELECT c.*, t.replication_factor
      FROM copies c JOIN tables t ON t.id = c.hypertable_id
     WHERE c.copies < t.replication_factor
)
SELECT jsonb_build_object(
    'postgres', split_part(current_setting('server_version'), ' ', 1),
    'timescaledb', (SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname = 'timescaledb'),
    'uuid', (SELECT m.value FROM _timescaledb_catalog.metadata m WHERE m.key = 'uuid'),
    'nodes', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                         'name', s.srvname, 'comment', obj_description(s.oid, 'pg_foreign_server'),
                         'host', coalesce(o.options ->> 'host', ''),
                         'port', coalesce((o.options ->> 'port')::integer, 5432),
                         'database', coalesce(o.options ->> 'dbname', current_database()),
                         'available', coalesce((o.options ->> 'available')::boolean, true)) ORDER BY s.srvname), '[]')
                FROM pg_catalog.pg_foreign_server s
                JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw AND w.fdwname = 'timescaledb_fdw'
               CROSS JOIN LATERAL (SELECT jsonb_object_agg(p.option_name, p.option_value) AS options
                                     FROM pg_options_to_table(s.srvoptions) p) o),
    'tables', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                          'id', t.id, 'schema', t.schema_name, 'name', t.table_name,
                          'replicationFactor', t.replication_factor,
                          'chunks', (SELECT count(*) FROM copies c WHERE c.hypertable_id = t.id),
                          'underReplicated', (SELECT count(*) FROM missing m WHERE m.hypertable_id = t.id),
                          'nodes', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                                               'name', n.node_name,
                                               'chunks', held.chunks, 'ids', held.ids) ORDER BY n.node_name), '[]')
                                      FROM _timescaledb_catalog.hypertable_data_node n
                                     CROSS JOIN LATERAL (
                                           SELECT count(*) AS chunks, coalesce(sum(d.node_chunk_id), 0)::text AS ids
                                             FROM _timescaledb_catalog.chunk_data_node d
                                             JOIN copies c ON c.id = d.chunk_id
                                            WHERE d.node_name = n.node_name AND c.hypertable_id = t.id) held
                                     WHERE n.hypertable_id = t.id)) ORDER BY t.schema_name, t.table_name), '[]')
                 FROM tables t),
    'underReplicated', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                                   'chunk', m.schema_name || '.' || m.table_name,
                                   'copies', m.copies, 'wanted', m.replication_factor) ORDER BY m.id), '[]')
                          FROM (SELECT * FROM missing ORDER BY id LIMIT 100) m)) AS status`;

/**
 * On a data node. Rows are estimated; those of compressed chunks are what was counted when they were compressed.
 */
export const NODE_STATUS = `
SELECT jsonb_build_object(
    'postgres', split_part(current_setting('server_version'), ' ', 1),
    'timescaledb', (SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname = 'timescaledb'),
    'distUuid', (SELECT m.value FROM _timescaledb_catalog.metadata m WHERE m.key = 'dist_uuid'),
    'prepared', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                            'transaction', x.gid, 'preparedAt', x.prepared) ORDER BY x.prepared), '[]')
                   FROM pg_catalog.pg_prepared_xacts x
                  WHERE x.database = current_database() AND x.gid LIKE 'ts-%'
                    AND x.prepared < clock_timestamp() - interval '${IN_DOUBT_AFTER}'),
    'tables', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                          'schema', h.schema_name, 'name', h.table_name,
                          'chunks', held.chunks, 'ids', held.ids, 'rows', held.rows,
                          'bytes', held.bytes + coalesce(pg_total_relation_size(${relationOf("h")}), 0))), '[]')
                 FROM _timescaledb_catalog.hypertable h
                CROSS JOIN LATERAL (
                      SELECT count(*) AS chunks, coalesce(sum(c.id), 0)::text AS ids,
                             coalesce(sum(CASE WHEN c.compressed_chunk_id IS NULL
                                               THEN ${estimatedRows("k")}
                                               ELSE coalesce(z.numrows_pre_compression, 0)
                                                    + pg_stat_get_live_tuples(k.oid) END), 0) AS rows,
                             coalesce(sum(pg_total_relation_size(k.oid)
                                          + coalesce(pg_total_relation_size(${relationOf("p")}), 0)), 0) AS bytes
                        FROM _timescaledb_catalog.chunk c
                        JOIN pg_catalog.pg_class k ON k.oid = ${relationOf("c")}
                        LEFT JOIN _timescaledb_catalog.chunk p ON p.id = c.compressed_chunk_id
                        LEFT JOIN _timescaledb_catalog.compression_chunk_size z ON z.chunk_id = c.id
                       WHERE c.hypertable_id = h.id AND NOT c.dropped) held
                WHERE h.replication_factor = -1)) AS status`;
