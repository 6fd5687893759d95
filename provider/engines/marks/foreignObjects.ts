/** What a cluster's database holds beside what this package made: it must not go with the database unasked. */
import type { Session } from "../../postgres/pool";
import { readMarker } from "./marker";

const KINDS: Readonly<Record<string, string>> = {
    r: "table",
    p: "table",
    f: "foreign table",
    v: "view",
    m: "materialized view",
    S: "sequence",
};

/** A table, view or sequence. */
export interface DatabaseObject {
    /** `table "public.users"`. */
    readonly text: string;
    readonly isMarked: boolean;
}

/**
 * Tables, views and sequences. What belongs to an extension is not listed, nor what hangs on another one and goes with
 * it: partitions, chunks, sequences of serial columns.
 */
export async function readObjects(session: Session): Promise<DatabaseObject[]> {
    const rows = await session.query<{ kind: string; name: string; comment: string | null }>(
        `SELECT c.relkind::text AS kind, n.nspname || '.' || c.relname AS name,
                obj_description(c.oid, 'pg_class') AS comment
           FROM pg_catalog.pg_class c
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind = ANY ('{r,p,f,v,m,S}')
            AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
            AND n.nspname NOT LIKE '\\_timescaledb\\_%'
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid)
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                             WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                               AND (d.deptype = 'e' OR d.deptype IN ('a', 'i')
                                                       AND d.refclassid = 'pg_class'::regclass))
          ORDER BY 2`,
    );
    return rows.map(({ kind, name, comment }) => ({
        text: `${KINDS[kind] ?? "relation"} "${name}"`,
        isMarked: readMarker(comment) !== undefined,
    }));
}

/** The objects without our mark, as {@link DatabaseObject.text} has them. */
export async function readForeignObjects(session: Session): Promise<string[]> {
    return (await readObjects(session)).filter(({ isMarked }) => !isMarked).map(({ text }) => text);
}
