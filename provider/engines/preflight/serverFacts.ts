/** What one server is like: everything that choosing an engine and preflight ask, in one query on any of its databases. */
import type { Session } from "../../postgres/pool";
import { readMarker, type Marker } from "../marks/marker";
import { provisionalName, type DatabaseLocale } from "../marks/database";

/** A role, as far as it matters for a cluster. */
export interface RoleFacts {
    readonly name: string;
    readonly superuser: boolean;
    readonly createDatabase: boolean;
    readonly login: boolean;
    /** Another role that its sessions act as, by its setting "role". */
    readonly actsAs: string | null;
}

/** A version of an extension that the server has the files of. */
export interface ExtensionVersion {
    readonly version: string;
    /** Whether a database's owner may create it without being superuser. */
    readonly trusted: boolean;
    readonly comment: string;
}

/** A database's locale, and the version of the operating system's collation that its indexes were built by. */
export interface LocaleFacts extends DatabaseLocale {
    /** null where the system has no versions, and before PostgreSQL 15. */
    readonly collationVersion: string | null;
}

/** A database that exists already. */
export interface DatabaseFacts extends LocaleFacts {
    readonly name: string;
    readonly marker: Marker | undefined;
}

/** What one server is like. */
export interface ServerFacts {
    /** For example "15.18". */
    readonly postgresVersion: string;
    readonly maxConnections: number;
    readonly maxPreparedTransactions: number;
    readonly timeZone: string;
    /** A standby takes no changes. Its primary is null where the user may not see it. */
    readonly standby: { readonly primary: string | null } | null;
    readonly walLevel: string;
    /** Whether the server preloads TimescaleDB. */
    readonly preloaded: boolean;
    /** shared_preload_libraries; null where the user may not see it. */
    readonly preloadLibraries: string | null;
    /** timescaledb.license as configured; null: not configured, the build's own default. */
    readonly license: string | null;
    /** The versions of TimescaleDB that can be created; empty where extensions were not asked for. */
    readonly timescaledb: readonly ExtensionVersion[];
    readonly postgresFdw: boolean;
    /** The session's role. */
    readonly user: RoleFacts;
    /** The role that was asked for, if it exists. */
    readonly role: RoleFacts | undefined;
    /** What a new database gets. */
    readonly defaults: LocaleFacts;
    /** Every collation of the operating system that the server is known to have. */
    readonly collations: readonly string[];
    /** The database that was asked for, under its own or its provisional name. */
    readonly database: DatabaseFacts | undefined;
    /** Settings by which TimescaleDB on an access node reaches its data nodes, as far as the user may see them. */
    readonly outgoing: Readonly<Record<string, string>>;
    /** The databases that are or were access nodes, by the id of their cluster. */
    readonly accessDatabases: Readonly<Record<string, string>>;
}

interface Row {
    facts: Omit<ServerFacts, "database" | "role" | "timescaledb" | "postgresFdw"> & {
        readonly role: RoleFacts | null;
        readonly extensions: readonly { name: string; version: string; trusted?: boolean; comment: string }[];
        readonly database: (Omit<DatabaseFacts, "marker"> & { readonly comment: string | null }) | null;
    };
}

/**
 * Reads the facts. Whole rows go through to_jsonb where a column came with a later version, so that the text is one for
 * PostgreSQL 11 to 18. That TimescaleDB is preloaded shows in its settings: everybody sees those, and a line in
 * postgresql.conf alone does not put them into pg_settings. The time zone is the server's: that of the session is pinned.
 */
const FACTS = `
WITH locales AS (
    SELECT d.datname::text AS name,
           jsonb_build_object('name', d.datname, 'encoding', pg_encoding_to_char(d.encoding),
                              'collation', d.datcollate, 'characterType', d.datctype,
                              'collationVersion', to_jsonb(d) ->> 'datcollversion',
                              'comment', shobj_description(d.oid, 'pg_database')) AS locale
      FROM pg_catalog.pg_database d
     -- -2: the remains of an interrupted DROP DATABASE.
     WHERE d.datconnlimit <> -2
), roles AS (
    SELECT r.rolname::text AS name,
           jsonb_build_object('name', r.rolname, 'superuser', r.rolsuper, 'login', r.rolcanlogin,
                              'createDatabase', r.rolcreatedb OR r.rolsuper,
                              'actsAs', (SELECT substr(c.setting, 6)
                                           FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) c (setting)
                                          WHERE s.setrole = r.oid AND s.setdatabase = 0
                                            AND c.setting LIKE 'role=%')) AS role
      FROM pg_catalog.pg_roles r
), settings AS (
    SELECT s.name, s.setting, s.reset_val FROM pg_catalog.pg_settings s
)
SELECT jsonb_build_object(
    'postgresVersion', substring(current_setting('server_version') FROM '^[0-9.]+'),
    'maxConnections', current_setting('max_connections')::integer,
    'maxPreparedTransactions', current_setting('max_prepared_transactions')::integer,
    'timeZone', (SELECT reset_val FROM settings WHERE name = 'TimeZone'),
    'walLevel', current_setting('wal_level'),
    'standby', CASE WHEN pg_is_in_recovery()
                    THEN jsonb_build_object('primary', (SELECT w.sender_host || ':' || w.sender_port
                                                          FROM pg_catalog.pg_stat_wal_receiver w)) END,
    'preloaded', EXISTS (SELECT FROM settings WHERE name = 'timescaledb.disable_load'),
    'preloadLibraries', (SELECT setting FROM settings WHERE name = 'shared_preload_libraries'),
    'outgoing', COALESCE((SELECT jsonb_object_agg(name, setting) FROM settings
                           WHERE name IN ('ssl', 'ssl_ca_file', 'data_directory', 'timescaledb.passfile',
                                          'timescaledb.ssl_dir')
                             AND setting <> ''), '{}'),
    'license', nullif(current_setting('timescaledb.license', true), ''),
    'extensions', CASE WHEN $4::boolean THEN COALESCE(
                      (SELECT jsonb_agg(to_jsonb(v)) FROM pg_catalog.pg_available_extension_versions v
                        WHERE v.name IN ('timescaledb', 'postgres_fdw')), '[]') ELSE '[]' END,
    'user', (SELECT role FROM roles WHERE name = current_user),
    'role', (SELECT role FROM roles WHERE name = $2::text),
    'defaults', (SELECT locale FROM locales WHERE name = 'template0'),
    'collations', (SELECT jsonb_agg(DISTINCT c.collcollate) FROM pg_catalog.pg_collation c
                    WHERE c.collcollate IS NOT NULL AND c.collprovider = 'c'),
    'database', (SELECT locale FROM locales WHERE name IN ($1::text, $3::text) ORDER BY name = $1::text DESC LIMIT 1),
    'accessDatabases', COALESCE((SELECT jsonb_object_agg(substr(l.label, 11), d.datname)
                                   FROM pg_catalog.pg_shseclabel l JOIN pg_catalog.pg_database d ON d.oid = l.objoid
                                  WHERE l.provider = 'timescaledb' AND l.classoid = 'pg_database'::regclass
                                    AND l.label LIKE 'dist\\_uuid:%'), '{}')) AS facts`;

/**
 * Reads what a server is like.
 *
 * @param session on any database of it
 * @param wanted the database and the role that the cluster is to use there, and whether the extensions that can be
 * created are of interest: their files take longer to read than everything else together
 */
export async function readServerFacts(
    session: Session,
    wanted: { readonly database: string; readonly role?: string; readonly extensions: boolean },
): Promise<ServerFacts> {
    const { facts } = await session.one<Row>(FACTS, [
        wanted.database,
        wanted.role ?? null,
        provisionalName(wanted.database),
        wanted.extensions,
    ]);
    const { extensions, database, role, ...rest } = facts;
    return {
        ...rest,
        role: role ?? undefined,
        database: database === null ? undefined : { ...database, marker: readMarker(database.comment) },
        timescaledb: extensions
            .filter((extension) => extension.name === "timescaledb")
            .map((extension) => ({ ...extension, trusted: extension.trusted ?? false })),
        postgresFdw: extensions.some((extension) => extension.name === "postgres_fdw"),
    };
}

/** What the cluster's database on a server holds. */
export interface ClusterFacts {
    /** The timescaledb extension in it. */
    readonly timescaledb: { readonly version: string; readonly schema: string } | undefined;
    /** The id that TimescaleDB gave this database. */
    readonly uuid: string | undefined;
    /** The id of the cluster that it is a node of. */
    readonly distUuid: string | undefined;
    readonly locale: LocaleFacts;
    /** The foreign-data wrappers in it, and whether the session's role may use them. */
    readonly wrappers: Readonly<Record<string, boolean>>;
    /** Whether the session's role may create schemas in it. */
    readonly mayCreate: boolean;
}

const CLUSTER = `
SELECT jsonb_build_object(
    'timescaledb', (SELECT jsonb_build_object('version', e.extversion, 'schema', n.nspname)
                      FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
                     WHERE e.extname = 'timescaledb'),
    'locale', jsonb_build_object('encoding', pg_encoding_to_char(d.encoding), 'collation', d.datcollate,
                                 'characterType', d.datctype, 'collationVersion', to_jsonb(d) ->> 'datcollversion'),
    'wrappers', COALESCE((SELECT jsonb_object_agg(w.fdwname, has_foreign_data_wrapper_privilege(w.oid, 'USAGE'))
                            FROM pg_catalog.pg_foreign_data_wrapper w), '{}'),
    'mayCreate', has_database_privilege(d.oid, 'CREATE')) AS facts
  FROM pg_catalog.pg_database d WHERE d.datname = current_database()`;

/** Reads what the database of the session holds. */
export async function readClusterFacts(session: Session): Promise<ClusterFacts> {
    const { facts } = await session.one<{
        facts: Omit<ClusterFacts, "timescaledb" | "uuid" | "distUuid"> & {
            readonly timescaledb: { readonly version: string; readonly schema: string } | null;
        };
    }>(CLUSTER);
    const ids =
        facts.timescaledb === null
            ? []
            : await session.query<{ key: string; value: string }>(
                  `SELECT key::text, value FROM _timescaledb_catalog.metadata WHERE key IN ('uuid', 'dist_uuid')`,
              );
    const id = (key: string): string | undefined => ids.find((row) => row.key === key)?.value;
    return { ...facts, timescaledb: facts.timescaledb ?? undefined, uuid: id("uuid"), distUuid: id("dist_uuid") };
}
