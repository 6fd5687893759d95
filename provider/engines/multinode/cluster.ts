/** The cluster and its data nodes as the access node's database has them, in two short queries. */
import { qualified } from "../../postgres/sql";
import type { RunningVersions } from "../versions/capabilities";
import type { DatabaseLocale } from "../marks/database";
import type { AccessNodeReference, CommonInputs } from "../inputs";
import { readMarker, type Marker } from "../marks/marker";
import { accessNodeGone, refuseOtherCluster } from "../marks/refusals";
import type { Session } from "../../postgres/pool";
import type { Purpose } from "../engine";
import { ACCESS, type Servers } from "../run/servers";
import { snapshot } from "../run/snapshot";

/** The cluster, as its access node sees it. */
export interface ClusterState {
    readonly versions: RunningVersions;
    /** `uuid` of the metadata: there from CREATE EXTENSION on, and for ever. */
    readonly clusterId: string;
    /** The schema that TimescaleDB's functions are in. */
    readonly schema: string;
    /** The database's own, which the data nodes must have as well. */
    readonly locale: DatabaseLocale;
    readonly nodes: readonly NodeEntry[];
}

/** A data node's entry on the access node. */
export interface NodeEntry {
    readonly name: string;
    readonly owner: string;
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly available: boolean;
    /** Every other option of the foreign server. */
    readonly options: Readonly<Record<string, string>>;
    readonly comment: string | null;
    readonly marker: Marker | undefined;
    readonly mappings: readonly UserMapping[];
}

/** A user mapping of a data node. */
export interface UserMapping {
    /** "public" for the one of everybody. */
    readonly role: string;
    /** null where the session's user may not see them. */
    readonly options: Readonly<Record<string, string>> | null;
}

interface NodeRow {
    readonly name: string;
    readonly owner: string;
    readonly options: Readonly<Record<string, string>> | null;
    readonly comment: string | null;
    readonly mappings: readonly UserMapping[] | null;
}

/** The cluster for a purpose: a read takes what another resource of the same run has read. */
export async function clusterFor(
    purpose: Purpose,
    session: Session,
    servers: Servers,
): Promise<ClusterState | undefined> {
    return purpose === "read"
        ? snapshot(servers, servers.cluster(ACCESS), "cluster", () => observeCluster(session))
        : observeCluster(session);
}

/** Reads the cluster on the access node's database; undefined: the database has no TimescaleDB. */
export async function observeCluster(session: Session): Promise<ClusterState | undefined> {
    const database = await session.one<{
        postgres: string;
        timescaledb: string | null;
        schema: string | null;
        encoding: string;
        collation: string;
        character_type: string;
    }>(
        `SELECT split_part(current_setting('server_version'), ' ', 1) AS postgres,
                e.extversion AS timescaledb, n.nspname::text AS schema,
                pg_encoding_to_char(d.encoding)::text AS encoding, d.datcollate::text AS collation,
                d.datctype::text AS character_type
           FROM pg_catalog.pg_database d
           LEFT JOIN pg_catalog.pg_extension e ON e.extname = 'timescaledb'
           LEFT JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
          WHERE d.datname = current_database()`,
    );
    if (database.timescaledb === null || database.schema === null) {
        return undefined;
    }
    const cluster = await session.one<{ id: string; nodes: NodeRow[] }>(
        `SELECT (SELECT m.value::text FROM _timescaledb_catalog.metadata m WHERE m.key = 'uuid') AS id,
                (SELECT coalesce(json_agg(json_build_object(
                            'name', s.srvname, 'owner', pg_get_userbyid(s.srvowner),
                            'comment', obj_description(s.oid, 'pg_foreign_server'),
                            'options', (SELECT json_object_agg(o.option_name, o.option_value)
                                          FROM pg_options_to_table(s.srvoptions) o),
                            'mappings', (SELECT json_agg(json_build_object(
                                                    'role', m.usename,
                                                    'options', (SELECT json_object_agg(o.option_name, o.option_value)
                                                                  FROM pg_options_to_table(m.umoptions) o))
                                                    ORDER BY m.usename)
                                           FROM pg_catalog.pg_user_mappings m
                                          WHERE m.srvid = s.oid)) ORDER BY s.srvname), '[]')
                   FROM pg_catalog.pg_foreign_server s
                   JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw
                  WHERE w.fdwname = 'timescaledb_fdw') AS nodes`,
    );
    return {
        versions: {
            engine: "multinode",
            postgresVersion: database.postgres,
            timescaledbVersion: database.timescaledb,
        },
        clusterId: cluster.id,
        schema: database.schema,
        locale: {
            encoding: database.encoding,
            collation: database.collation,
            characterType: database.character_type,
        },
        nodes: cluster.nodes.map(nodeEntry),
    };
}

function nodeEntry({ name, owner, options, comment, mappings }: NodeRow): NodeEntry {
    const { host = "", port = "5432", dbname = "", available, ...others } = options ?? {};
    return {
        name,
        owner,
        host,
        port: Number(port),
        database: dbname,
        available: available !== "false",
        options: others,
        comment,
        marker: readMarker(comment),
        mappings: mappings ?? [],
    };
}

/** One of TimescaleDB's functions, by its qualified name. */
export function functionOf({ schema }: Pick<ClusterState, "schema">, name: string): string {
    return qualified(schema, name);
}

/** The mark of a child resource of the cluster. */
export function markerOf({ clusterId }: ClusterState, { logicalUrn }: Pick<CommonInputs, "logicalUrn">): Marker {
    return { cluster: clusterId, urn: logicalUrn, engine: "multinode" };
}

/** The entry of that name, if there is one. */
export function findEntry(cluster: ClusterState | undefined, name: string): NodeEntry | undefined {
    return cluster?.nodes.find((entry) => entry.name === name);
}

/**
 * The cluster that a child was made for.
 *
 * @throws NOT_FOUND, FOREIGN_CLUSTER
 */
export function requireCluster(cluster: ClusterState | undefined, accessNode: AccessNodeReference): ClusterState {
    if (cluster === undefined) {
        throw accessNodeGone(accessNode);
    }
    refuseOtherCluster(cluster.clusterId, accessNode);
    return cluster;
}
