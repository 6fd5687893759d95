/** What the access node's database holds beside tables: extensions, settings, foreign servers and their mappings. */
import type { Session } from "../../postgres/pool";
import type { Options } from "../../postgres/sql";
import type { DatabaseLocale } from "../marks/database";
import { readMarker, type Marker } from "../marks/marker";
import { readSettings, type Settings } from "../marks/settings";

/** A user mapping of a foreign server. */
export interface UserMapping {
    /** The role on the access node; null: PUBLIC. */
    readonly localRole: string | null;
    /** The role on the data node, where we may see it. */
    readonly remoteRole: string | null;
    /** SHA-256 of the password; null: none, or hidden from us. */
    readonly passwordHash: string | null;
}

/** A foreign server of postgres_fdw: a data node, as the access node knows it. */
export interface ForeignServer {
    readonly name: string;
    readonly wrapper: string;
    readonly options: Options;
    readonly comment: string | null;
    readonly marker: Marker | undefined;
    readonly mappings: readonly UserMapping[];
}

/** The access node's database, without its tables. */
export interface AccessCatalogue {
    /** The mark on the database. */
    readonly marker: Marker | undefined;
    /** What the data nodes' databases must agree with, or keys and texts would be told apart differently there. */
    readonly locale: DatabaseLocale;
    /** Versions of postgres_fdw and timescaledb, where installed. */
    readonly extensions: Readonly<Record<string, string>>;
    /** Settings at the level of the database, by name. */
    readonly settings: Settings;
    readonly servers: readonly ForeignServer[];
}

/** A data node's foreign server, if there is one. */
export function findServer({ servers }: AccessCatalogue, nodeName: string): ForeignServer | undefined {
    return servers.find(({ name }) => name === nodeName);
}

/** Reads it in one query. */
export async function readAccessCatalogue(session: Session): Promise<AccessCatalogue> {
    const row = await session.one<{
        comment: string | null;
        encoding: string;
        collation: string;
        character_type: string;
        extensions: Record<string, string>;
        settings: string[];
        servers: Omit<ForeignServer, "marker">[];
    }>(ACCESS_CATALOGUE);
    return {
        marker: readMarker(row.comment),
        locale: { encoding: row.encoding, collation: row.collation, characterType: row.character_type },
        extensions: row.extensions,
        settings: readSettings(row.settings),
        servers: row.servers.map((server) => ({ ...server, marker: readMarker(server.comment) })),
    };
}

// A password is compared by its hash, so that it never leaves the server in clear.
const ACCESS_CATALOGUE = `
SELECT shobj_description(d.oid, 'pg_database') AS comment,
       pg_encoding_to_char(d.encoding)::text AS encoding,
       d.datcollate::text AS collation,
       d.datctype::text AS character_type,
       (SELECT coalesce(jsonb_object_agg(e.extname, e.extversion), '{}')
          FROM pg_catalog.pg_extension e
         WHERE e.extname IN ('postgres_fdw', 'timescaledb')) AS extensions,
       (SELECT coalesce(jsonb_agg(s.setting), '[]')
          FROM pg_catalog.pg_db_role_setting r, unnest(r.setconfig) AS s (setting)
         WHERE r.setdatabase = d.oid AND r.setrole = 0) AS settings,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'name', s.srvname,
                   'wrapper', w.fdwname,
                   'options', (SELECT coalesce(jsonb_object_agg(o.option_name, o.option_value), '{}')
                                 FROM pg_options_to_table(s.srvoptions) o),
                   'comment', obj_description(s.oid, 'pg_foreign_server'),
                   'mappings', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                                           'localRole', CASE WHEN m.umuser <> 0 THEN m.usename END,
                                           'remoteRole', (SELECT o.option_value
                                                            FROM pg_options_to_table(m.umoptions) o
                                                           WHERE o.option_name = 'user'),
                                           'passwordHash', (SELECT encode(sha256(convert_to(o.option_value, 'UTF8')), 'hex')
                                                              FROM pg_options_to_table(m.umoptions) o
                                                             WHERE o.option_name = 'password')) ORDER BY m.usename), '[]')
                                  FROM pg_catalog.pg_user_mappings m
                                 WHERE m.srvid = s.oid)) ORDER BY s.srvname), '[]')
          FROM pg_catalog.pg_foreign_server s
          JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw) AS servers
  FROM pg_catalog.pg_database d
 WHERE d.datname = current_database()`;
