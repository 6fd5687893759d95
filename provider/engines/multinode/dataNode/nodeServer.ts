/** A data node's own server, as the provider sees it where it reaches it: private networks are a normal case. */
import type { Session } from "../../../postgres/pool";
import { observeDatabase, type ObservedDatabase } from "../../marks/database";
import { reach, type Reached } from "../../run/reach";
import type { Servers } from "../../run/servers";

/** A data node's server. */
export interface NodeServer {
    /** For example "15.18". */
    readonly postgresVersion: string;
    readonly walLevel: string;
    readonly database: ObservedDatabase;
    /** undefined while the database does not exist under its name. */
    readonly contents?: NodeContents;
    /** Transactions across nodes that are prepared in the database, by the name to end them with. */
    readonly prepared: readonly string[];
}

/** What the cluster's database on a data node holds. */
export interface NodeContents {
    readonly timescaledbVersion: string | null;
    /** The cluster that the database belongs to. */
    readonly distUuid: string | null;
    /** Hypertables, for example `public.conditions`. */
    readonly hypertables: readonly string[];
}

/** Looks at a data node's server. */
export function observeNodeServer(servers: Servers, node: string, database: string): Promise<Reached<NodeServer>> {
    return reach(servers, node, async () => {
        const server = await servers.on(servers.maintenance(node), (session) => readServer(session, database));
        return server.database.database === undefined
            ? server
            : // The session is ended: one that stays open would keep the database from being dropped.
              { ...server, contents: await servers.on(servers.cluster(node), readContents, true) };
    });
}

async function readServer(session: Session, database: string): Promise<NodeServer> {
    const { version, wal_level, prepared } = await session.one<{
        version: string;
        wal_level: string;
        prepared: string[];
    }>(
        `SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
                current_setting('wal_level') AS wal_level,
                (SELECT coalesce(array_agg(x.gid ORDER BY x.gid), '{}')
                   FROM pg_catalog.pg_prepared_xacts x
                  WHERE x.database = $1::text AND x.gid LIKE 'ts-%') AS prepared`,
        [database],
    );
    return {
        postgresVersion: version,
        walLevel: wal_level,
        prepared,
        database: await observeDatabase(session, database),
    };
}

async function readContents(session: Session): Promise<NodeContents> {
    const { version } = await session.one<{ version: string | null }>(
        `SELECT (SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname = 'timescaledb') AS version`,
    );
    if (version === null) {
        return { timescaledbVersion: null, distUuid: null, hypertables: [] };
    }
    const { dist_uuid, hypertables } = await session.one<{ dist_uuid: string | null; hypertables: string[] }>(
        `SELECT (SELECT m.value::text FROM _timescaledb_catalog.metadata m WHERE m.key = 'dist_uuid') AS dist_uuid,
                (SELECT coalesce(array_agg(h.schema_name || '.' || h.table_name ORDER BY h.id), '{}')
                   FROM _timescaledb_catalog.hypertable h
                  WHERE h.replication_factor IS NOT NULL) AS hypertables`,
    );
    return { timescaledbVersion: version, distUuid: dist_uuid, hypertables };
}
