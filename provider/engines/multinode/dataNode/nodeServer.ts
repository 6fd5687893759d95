/** What a data node's own server tells: seen by the provider's way to it, if it has one. */
import { ProviderError, type ErrorCode } from "../../../errors";
import type { Session } from "../../../postgres/pool";
import { observeDatabase, type ObservedDatabase } from "../../marks/database";
import type { Servers } from "../../run/servers";
import type { Leftover } from "./leftover";

/** A data node's server; not reached: private networks are a normal case for multi-node. */
export type NodeServer =
    | {
          readonly reached: false;
          readonly why: string;
          /** What the access node sees on it; only looked for where the access node has no entry. */
          readonly leftover?: Leftover;
      }
    | {
          readonly reached: true;
          /** For example "15.18". */
          readonly postgresVersion: string;
          readonly walLevel: string;
          readonly database: ObservedDatabase;
          /** undefined while the database does not exist under its name. */
          readonly contents?: NodeContents;
          /** Transactions across nodes that are prepared in the database, by the name to end them with. */
          readonly prepared: readonly string[];
      };

/** What the cluster's database on a data node holds. */
export interface NodeContents {
    readonly timescaledbVersion: string | null;
    /** The cluster that the database belongs to. */
    readonly distUuid: string | null;
    /** Hypertables, for example `public.conditions`. */
    readonly hypertables: readonly string[];
}

/** Failures after which the provider does without the node. */
const NOT_REACHED: ReadonlySet<ErrorCode> = new Set([
    "SERVER_UNREACHABLE",
    "AUTHENTICATION_FAILED",
    "TLS_FAILED",
    "PERMISSION_DENIED",
]);

/** Looks at a data node's server. */
export async function observeNodeServer(servers: Servers, node: string, database: string): Promise<NodeServer> {
    if (servers.find(node) === undefined) {
        return { reached: false, why: "no way to it is known" };
    }
    try {
        const server = await servers.on(servers.maintenance(node), (session) => readServer(session, database));
        if (server.database.database === undefined) {
            return { reached: true, ...server };
        }
        // The session is ended: one that stays open would keep the database from being dropped.
        const contents = await servers.on(servers.cluster(node), readContents, true);
        return { reached: true, ...server, contents };
    } catch (error) {
        if (error instanceof ProviderError && NOT_REACHED.has(error.code)) {
            return { reached: false, why: error.reason };
        }
        throw error;
    }
}

interface ServerPart {
    readonly postgresVersion: string;
    readonly walLevel: string;
    readonly prepared: readonly string[];
    readonly database: ObservedDatabase;
}

async function readServer(session: Session, database: string): Promise<ServerPart> {
    const [row] = await session.query<{ version: string; wal_level: string; prepared: string[] }>(
        `SELECT current_setting('server_version') AS version, current_setting('wal_level') AS wal_level,
                (SELECT coalesce(array_agg(x.gid ORDER BY x.gid), '{}')
                   FROM pg_catalog.pg_prepared_xacts x
                  WHERE x.database = $1::text AND x.gid LIKE 'ts-%') AS prepared`,
        [database],
    );
    return {
        postgresVersion: row?.version.split(" ", 1)[0] ?? "",
        walLevel: row?.wal_level ?? "",
        prepared: row?.prepared ?? [],
        database: await observeDatabase(session, database),
    };
}

async function readContents(session: Session): Promise<NodeContents> {
    const [extension] = await session.query<{ version: string }>(
        `SELECT e.extversion AS version FROM pg_catalog.pg_extension e WHERE e.extname = 'timescaledb'`,
    );
    if (extension === undefined) {
        return { timescaledbVersion: null, distUuid: null, hypertables: [] };
    }
    const [row] = await session.query<{ dist_uuid: string | null; hypertables: string[] }>(
        `SELECT (SELECT m.value::text FROM _timescaledb_catalog.metadata m WHERE m.key = 'dist_uuid') AS dist_uuid,
                (SELECT coalesce(array_agg(h.schema_name || '.' || h.table_name ORDER BY h.id), '{}')
                   FROM _timescaledb_catalog.hypertable h
                  WHERE h.replication_factor IS NOT NULL) AS hypertables`,
    );
    return {
        timescaledbVersion: extension.version,
        distUuid: row?.dist_uuid ?? null,
        hypertables: row?.hypertables ?? [],
    };
}
