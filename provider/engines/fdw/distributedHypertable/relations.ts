/** Tables, foreign tables, views and schemas as the catalogue of one database has them. */
import type { Session } from "../../../postgres/pool";
import { columnsOf, type ColumnRow } from "../../tables/columnSql";
import { readMarker, type Marker } from "../../marks/marker";
import type { TableName } from "../../tables/names";
import type { SchemaState } from "../../tables/schemas";
import type { Options } from "../../../postgres/sql";

/** An index of a table. */
export interface RelationIndex {
    readonly name: string;
    readonly valid: boolean;
    readonly comment: string | null;
    readonly marker: Marker | undefined;
}

/** A right that somebody other than the owner has. */
export interface Grant {
    /** null: PUBLIC. */
    readonly role: string | null;
    readonly privilege: string;
    readonly grantable: boolean;
}

/** A table, foreign table or view. */
export interface Relation extends TableName {
    readonly oid: string;
    /** pg_class.relkind: r, p, f, v, ... */
    readonly kind: string;
    readonly owner: string;
    readonly comment: string | null;
    readonly marker: Marker | undefined;
    readonly columns: readonly ColumnRow[];
    /** Definitions of check constraints by name. */
    readonly checks: Readonly<Record<string, string>>;
    /** The oids of other relations that its checks name. */
    readonly checksUse: readonly string[];
    /** `HASH (device)` of a partitioned table. */
    readonly key: string | null;
    /** What it is a partition of, and its bound. */
    readonly parent: TableName | null;
    readonly bound: string | null;
    /** Of a foreign table. */
    readonly server: string | null;
    readonly options: Options;
    readonly indexes: readonly RelationIndex[];
    readonly grants: readonly Grant[];
    /** What a view reads. */
    readonly uses: readonly TableName[];
    /** Whether a view takes INSERT, UPDATE and DELETE. */
    readonly updatable: boolean;
}

/** A schema. */
export interface Schema extends SchemaState {
    readonly owner: string;
    readonly comment: string | null;
    readonly grants: readonly Grant[];
}

/** What a database holds of what was asked for. */
export interface Relations {
    readonly relations: readonly Relation[];
    readonly schemas: readonly Schema[];
}

/** What to read. */
export type RelationFilter = { readonly everything: true } | NameFilter;

/** What bears one of the names, what is a partition of it, and what bears the mark of one of the URNs. */
export interface NameFilter {
    readonly schemas: readonly string[];
    readonly names: readonly string[];
    /** Slow where there are thousands of tables: for what was renamed half-way. */
    readonly urns?: readonly string[];
}

type Commented<T> = Omit<T, "marker">;

/** Reads it in one query. */
export async function readRelations(session: Session, filter: RelationFilter): Promise<Relations> {
    const all = "everything" in filter;
    const { relations, schemas } = await session.one<{
        relations: (Commented<Omit<Relation, "indexes">> & { indexes: Commented<RelationIndex>[] })[];
        schemas: Commented<Schema>[];
    }>(RELATIONS, [
        all,
        all ? [] : filter.schemas,
        all ? [] : filter.names,
        all ? [] : (filter.urns ?? []).map((urn) => `"urn":${JSON.stringify(urn)}`),
    ]);
    const marked = <T extends { readonly comment: string | null }>(item: T): T & { marker: Marker | undefined } => ({
        ...item,
        marker: readMarker(item.comment),
    });
    return {
        relations: relations.map((relation) => marked({ ...relation, indexes: relation.indexes.map(marked) })),
        schemas: schemas.map(marked),
    };
}

/** Stands for a relation in maps. */
export function relationKey({ schema, name }: TableName): string {
    return JSON.stringify([schema, name]);
}

/**
 * Finds relations among all those of a database, as a query with the same filter would. A run reads thousands of them
 * once, and looks through them once for all of its tables.
 */
export function indexRelations(relations: readonly Relation[]): (filter: NameFilter) => Relation[] {
    const found = new Map<string, Relation[]>();
    for (const relation of relations) {
        const { parent, marker } = relation;
        const keys = [relationKey(relation), ...(parent === null ? [] : [relationKey(parent)]), marker?.urn];
        for (const key of keys) {
            if (key !== undefined) {
                found.set(key, found.get(key) ?? []);
                found.get(key)?.push(relation);
            }
        }
    }
    return ({ schemas, names, urns = [] }) => {
        const wanted = schemas.flatMap((schema) => names.map((name) => relationKey({ schema, name })));
        return [...new Set([...urns, ...wanted].flatMap((key) => found.get(key) ?? []))];
    };
}

function grants(acl: string): string {
    return `(SELECT coalesce(json_agg(json_build_object(
                        'role', CASE WHEN g.grantee <> 0 THEN pg_get_userbyid(g.grantee) END,
                        'privilege', g.privilege_type, 'grantable', g.is_grantable)), '[]')
               FROM aclexplode(${acl}) g)`;
}

const RELATIONS = `
WITH wanted AS (
    SELECT c.oid
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY ($2::name[]) AND c.relname = ANY ($3::name[])
    UNION
    SELECT i.inhrelid
      FROM pg_catalog.pg_inherits i
      JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
      JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
     WHERE p.relkind = 'p' AND n.nspname = ANY ($2::name[]) AND p.relname = ANY ($3::name[])
    UNION
    SELECT d.objoid
      FROM pg_catalog.pg_description d, unnest($4::text[]) AS u (urn)
     WHERE d.classoid = 'pg_class'::regclass AND d.objsubid = 0 AND position(u.urn IN d.description) > 0
    UNION
    SELECT c.oid
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE $1::boolean AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
       AND n.nspname NOT LIKE '\\_timescaledb\\_%'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), relations AS (
    SELECT c.*, n.nspname
      FROM wanted w
      JOIN pg_catalog.pg_class c ON c.oid = w.oid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
)
SELECT (SELECT coalesce(json_agg(json_build_object(
            'oid', c.oid::text, 'schema', c.nspname, 'name', c.relname, 'kind', c.relkind,
            'owner', pg_get_userbyid(c.relowner), 'comment', obj_description(c.oid, 'pg_class'),
            'columns', ${columnsOf("c.oid")},
            'checks', (SELECT coalesce(json_object_agg(k.conname, pg_get_constraintdef(k.oid)), '{}')
                         FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'),
            'checksUse', (SELECT coalesce(json_agg(DISTINCT d.refobjid::text), '[]')
                            FROM pg_catalog.pg_constraint k
                            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_constraint'::regclass AND d.objid = k.oid
                             AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
                           WHERE k.conrelid = c.oid AND k.contype = 'c'),
            'key', pg_get_partkeydef(c.oid),
            'parent', (SELECT json_build_object('schema', pn.nspname, 'name', p.relname)
                         FROM pg_catalog.pg_inherits i
                         JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
                         JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
                        WHERE i.inhrelid = c.oid AND c.relispartition),
            'bound', pg_get_expr(c.relpartbound, c.oid),
            'server', (SELECT s.srvname FROM pg_catalog.pg_foreign_table f
                         JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid),
            'options', (SELECT coalesce(json_object_agg(o.option_name, o.option_value), '{}')
                          FROM pg_catalog.pg_foreign_table f, pg_options_to_table(f.ftoptions) o
                         WHERE f.ftrelid = c.oid),
            'indexes', (SELECT coalesce(json_agg(json_build_object(
                                   'name', x.relname, 'valid', i.indisvalid,
                                   'comment', obj_description(x.oid, 'pg_class'))), '[]')
                          FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                         WHERE i.indrelid = c.oid),
            'grants', ${grants("c.relacl")},
            'uses', (SELECT coalesce(json_agg(DISTINCT jsonb_build_object('schema', un.nspname, 'name', u.relname)), '[]')
                       FROM pg_catalog.pg_rewrite r
                       JOIN pg_catalog.pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                        AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
                       JOIN pg_catalog.pg_class u ON u.oid = d.refobjid
                       JOIN pg_catalog.pg_namespace un ON un.oid = u.relnamespace
                      WHERE r.ev_class = c.oid AND c.relkind = 'v'),
            'updatable', pg_relation_is_updatable(c.oid, false) & 28 = 28)), '[]')
          FROM relations c) AS relations,
       (SELECT coalesce(json_agg(json_build_object(
            'name', n.nspname, 'owner', pg_get_userbyid(n.nspowner), 'comment', obj_description(n.oid, 'pg_namespace'),
            'empty', NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                                  WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid),
            'grants', ${grants("n.nspacl")})), '[]')
          FROM pg_catalog.pg_namespace n
         WHERE n.nspname = ANY ($2::name[])
            OR $1::boolean AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT LIKE '\\_timescaledb\\_%') AS schemas`;
