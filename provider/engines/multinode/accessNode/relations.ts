/** What users have in the access node's database: it would go with the database. */
import type { Session } from "../../../postgres/pool";

const KINDS: Readonly<Record<string, string>> = {
    r: "table",
    p: "table",
    f: "foreign table",
    v: "view",
    m: "materialized view",
    S: "sequence",
};

/**
 * Tables, views and sequences, such as `table "public.users"`, but none that belong to an extension or hang on one that
 * is listed: partitions, chunks, sequences of serial columns.
 */
export async function observeRelations(session: Session): Promise<string[]> {
    const rows = await session.query<{ kind: string; name: string }>(
        `SELECT c.relkind::text AS kind, n.nspname || '.' || c.relname AS name
           FROM pg_catalog.pg_class c
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind = ANY ('{r,p,f,v,m,S}')
            AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
            AND n.nspname NOT LIKE '\\_timescaledb\\_%' AND n.nspname NOT LIKE 'timescaledb\\_%'
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid)
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                             WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                               AND (d.deptype = 'e' OR d.deptype IN ('a', 'i')
                                                       AND d.refclassid = 'pg_class'::regclass))
          ORDER BY 2`,
    );
    return rows.map(({ kind, name }) => `${KINDS[kind] ?? "relation"} "${name}"`);
}
