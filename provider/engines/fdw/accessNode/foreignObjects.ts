/** What in a cluster's database is not this package's: it must not go with the database unasked. */
import type { Session } from "../../../postgres/pool";
import { readMarker } from "../../marks/marker";

const KINDS: Readonly<Record<string, string>> = {
    r: "table",
    p: "table",
    f: "foreign table",
    v: "view",
    m: "materialized view",
    S: "sequence",
};

/**
 * Tables, views and sequences without our mark, such as `table "public.users"`. What hangs on one of ours goes with
 * it and is not listed: partitions, chunks, sequences of serial columns.
 */
export async function readForeignObjects(session: Session): Promise<string[]> {
    const rows = await session.query<{ kind: string; name: string; comment: string | null }>(
        `SELECT c.relkind::text AS kind, n.nspname || '.' || c.relname AS name,
                obj_description(c.oid, 'pg_class') AS comment
           FROM pg_catalog.pg_class c
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind = ANY ('{r,p,f,v,m,S}')
            AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
            AND n.nspname NOT LIKE '\\_timescaledb\\_%'
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                             WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'a', 'i')
                               AND (d.deptype = 'e' OR d.refclassid = 'pg_class'::regclass))
          ORDER BY 2`,
    );
    return rows
        .filter(({ comment }) => readMarker(comment) === undefined)
        .map(({ kind, name }) => `${KINDS[kind] ?? "relation"} "${name}"`);
}
