/** How many rows a table holds, without reading it. */

/** What a column of variable length is taken to be wide, as PostgreSQL's planner takes it. */
const VARIABLE_WIDTH = 32;
/** A row's header and its pointer in the page. */
const ROW_OVERHEAD = 28;

/**
 * SQL for about how many rows a relation holds, as PostgreSQL's planner estimates them: rows a page by the last VACUUM
 * or ANALYZE, times the pages now. Before the first of them: what sessions reported, which takes them some seconds; until
 * then by the size and the columns' widths.
 *
 * @param relation the alias of a row of pg_class
 */
export function estimatedRows(relation: string): string {
    const live = `pg_stat_get_live_tuples(${relation}.oid)`;
    return `
CASE WHEN ${relation}.relpages > 0 AND ${relation}.reltuples >= 0
     THEN (${relation}.reltuples::float8 / ${relation}.relpages
           * (pg_relation_size(${relation}.oid) / current_setting('block_size')::integer))::bigint
     WHEN ${live} > 0
     THEN ${live}
     ELSE pg_relation_size(${relation}.oid) / (
              SELECT ${ROW_OVERHEAD} + coalesce(sum(CASE WHEN a.attlen > 0 THEN a.attlen ELSE ${VARIABLE_WIDTH} END), 0)
                FROM pg_catalog.pg_attribute a
               WHERE a.attrelid = ${relation}.oid AND a.attnum > 0 AND NOT a.attisdropped) END`;
}
