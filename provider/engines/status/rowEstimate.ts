/** How many rows a table holds, without reading it. */

/** What a column of variable length is taken to be wide, as PostgreSQL's planner takes it. */
const VARIABLE_WIDTH = 32;
/** A row's header and its pointer in the page. */
const ROW_OVERHEAD = 28;

/**
 * SQL for about how many rows a relation holds: by the last ANALYZE, or what sessions told since. Sessions tell seconds
 * late; until then a table that was never analyzed is taken to be as full as its size and its columns say.
 *
 * @param relation the alias of a row of pg_class
 */
export function estimatedRows(relation: string): string {
    const live = `pg_stat_get_live_tuples(${relation}.oid)`;
    return `
CASE WHEN ${relation}.reltuples <= 0 AND ${relation}.relpages = 0 AND ${live} = 0
     THEN pg_relation_size(${relation}.oid) / (
              SELECT ${ROW_OVERHEAD} + coalesce(sum(CASE WHEN a.attlen > 0 THEN a.attlen ELSE ${VARIABLE_WIDTH} END), 0)
                FROM pg_catalog.pg_attribute a
               WHERE a.attrelid = ${relation}.oid AND a.attnum > 0 AND NOT a.attisdropped)
     ELSE greatest(${relation}.reltuples::bigint, ${live}, 0) END`;
}
