/** The queries of a cluster's status. The first two answer with one JSON document each. */
import { estimatedRows } from "../../status/rowEstimate";

/** Objects with this package's mark. */
const MARKED = `
marked AS (
    SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, d.description AS comment
      FROM pg_catalog.pg_description d
      JOIN pg_catalog.pg_class c ON c.oid = d.objoid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE d.classoid = 'pg_class'::regclass AND d.objsubid = 0 AND d.description LIKE '%[pulumi-timescaledb {%'
)`;

const HEAD = `
    'postgres', split_part(current_setting('server_version'), ' ', 1),
    'timescaledb', (SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname = 'timescaledb'),
    'comment', (SELECT shobj_description(d.oid, 'pg_database')
                  FROM pg_catalog.pg_database d WHERE d.datname = current_database())`;

/** On the access node. */
export const ACCESS_STATUS = `
WITH ${MARKED}
SELECT jsonb_build_object(${HEAD},
    'nodes', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                         'name', s.srvname, 'comment', obj_description(s.oid, 'pg_foreign_server'),
                         'host', coalesce(o.options ->> 'host', ''),
                         'port', coalesce((o.options ->> 'port')::integer, 5432),
                         'database', coalesce(o.options ->> 'dbname', current_database())) ORDER BY s.srvname), '[]')
                FROM pg_catalog.pg_foreign_server s
                JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw AND w.fdwname = 'postgres_fdw'
               CROSS JOIN LATERAL (SELECT jsonb_object_agg(p.option_name, p.option_value) AS options
                                     FROM pg_options_to_table(s.srvoptions) p) o),
    'relations', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                             'schema', m.schema, 'name', m.name, 'kind', m.kind, 'comment', m.comment,
                             'parent', (SELECT jsonb_build_object('schema', pn.nspname, 'name', p.relname)
                                          FROM pg_catalog.pg_inherits i
                                          JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
                                          JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
                                         WHERE i.inhrelid = m.oid),
                             'server', s.srvname,
                             'target', jsonb_build_object('schema', coalesce(o.options ->> 'schema_name', m.schema),
                                                          'name', coalesce(o.options ->> 'table_name', m.name)))
                                  ORDER BY m.schema, m.name), '[]')
                    FROM marked m
                    LEFT JOIN pg_catalog.pg_foreign_table f ON f.ftrelid = m.oid
                    LEFT JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
                    LEFT JOIN LATERAL (SELECT jsonb_object_agg(p.option_name, p.option_value) AS options
                                         FROM pg_options_to_table(f.ftoptions) p) o ON true)) AS status`;

/**
 * On a data node. Rows are estimated. The chunks of a hypertable inherit from it.
 */
export const NODE_STATUS = `
WITH ${MARKED}
SELECT jsonb_build_object(${HEAD},
    'relations', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                             'schema', m.schema, 'name', m.name, 'kind', m.kind, 'comment', m.comment,
                             'guarded', EXISTS (SELECT FROM pg_catalog.pg_constraint k
                                                 WHERE k.conrelid = m.oid AND k.contype = 'c'
                                                   AND pg_get_constraintdef(k.oid) LIKE '%satisfies_hash_partition%'),
                             'rows', held.rows, 'bytes', held.bytes, 'chunks', held.chunks)), '[]')
                    FROM marked m
                    LEFT JOIN LATERAL (
                         SELECT sum(${estimatedRows("k")}) AS rows,
                                sum(pg_total_relation_size(k.oid)) AS bytes, count(*) - 1 AS chunks
                           FROM pg_catalog.pg_class k
                          WHERE k.oid = m.oid
                             OR k.oid IN (SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = m.oid)
                         ) held ON m.kind = 'r')) AS status`;

/**
 * What compressed chunks add to that; only where the database has TimescaleDB. Their rows are what was counted when they
 * were compressed, and not what the statistics of the emptied table still say.
 */
export const COMPRESSED = `
SELECT h.schema_name::text AS schema, h.table_name::text AS name,
       sum(coalesce(z.numrows_pre_compression, 0) + pg_stat_get_live_tuples(k.oid) - (${estimatedRows("k")}))::text AS rows,
       sum(coalesce(pg_total_relation_size(to_regclass(quote_ident(p.schema_name) || '.' || quote_ident(p.table_name))),
                    0))::text AS bytes
  FROM _timescaledb_catalog.hypertable h
  JOIN _timescaledb_catalog.chunk c ON c.hypertable_id = h.id
  JOIN pg_catalog.pg_class k ON k.oid = to_regclass(quote_ident(c.schema_name) || '.' || quote_ident(c.table_name))
  JOIN _timescaledb_catalog.chunk p ON p.id = c.compressed_chunk_id
  LEFT JOIN _timescaledb_catalog.compression_chunk_size z ON z.chunk_id = c.id
 GROUP BY 1, 2`;
