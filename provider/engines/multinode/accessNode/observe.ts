/** What an access node's server holds: the database, its settings and the cluster in it. */
import type { AccessNodeComputed, AccessNodeInputs } from "../../inputs";
import type { Purpose, Request } from "../../engine";
import { observeDatabase, type ObservedDatabase } from "../../marks/database";
import { readObjects } from "../../marks/foreignObjects";
import { readSettings, type Settings } from "../../marks/settings";
import { ACCESS, type Servers } from "../../run/servers";
import { observeCluster, type ClusterState } from "../cluster";
import { readNoteSchemas } from "../dataNode/notes";
import { pingNodes } from "../liveness";
import { mayInsertWithoutCopy } from "./settings";

/** A request for an access node. */
export type AccessNodeRequest = Request<AccessNodeInputs, AccessNodeComputed>;

/** What an access node's server holds of it. */
export interface ObservedAccessNode {
    /** For example "15.18". */
    readonly postgresVersion: string;
    readonly database: ObservedDatabase;
    readonly settings: Settings;
    /** Whether the user may set that rows are inserted without COPY, see settings.ts. */
    readonly mayInsertWithoutCopy: boolean;
    /** undefined while the database does not exist under its name, or has no TimescaleDB. */
    readonly cluster?: ClusterState;
    /** The data nodes that answer; empty after a read. */
    readonly alive: ReadonlySet<string>;
    /** What users have in the database, for example `table "public.users"`. */
    readonly objects: readonly string[];
    /** The schemas of notes that interrupted runs left, see notes.ts. */
    readonly notes: readonly string[];
}

/** Reads the server, and the database where it exists. */
export async function observeAccessNode(
    servers: Servers,
    { inputs }: AccessNodeRequest,
    purpose: Purpose,
): Promise<ObservedAccessNode> {
    const server = await servers.on(servers.maintenance(ACCESS), async (session) => {
        const { version, settings } = await session.one<{ version: string; settings: string[] }>(
            `SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
                    (SELECT coalesce(array_agg(item.value), '{}')
                       FROM pg_catalog.pg_db_role_setting s
                       JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) AS item (value)
                      WHERE s.setrole = 0 AND d.datname = $1::text) AS settings`,
            [inputs.database],
        );
        return {
            postgresVersion: version,
            database: await observeDatabase(session, inputs.database),
            settings: readSettings(settings),
            mayInsertWithoutCopy: await mayInsertWithoutCopy(session, version),
        };
    });
    const empty = { ...server, alive: new Set<string>(), objects: [], notes: [] };
    if (server.database.database === undefined) {
        return empty;
    }
    // The session is ended: one that stays open would keep the database from being dropped.
    return servers.on(
        servers.cluster(ACCESS),
        async (session) => {
            const cluster = await observeCluster(session);
            if (purpose === "read") {
                return { ...empty, cluster };
            }
            const names = cluster?.nodes.map(({ name }) => name) ?? [];
            return {
                ...server,
                cluster,
                alive: cluster === undefined ? empty.alive : await pingNodes(session, cluster.versions, names),
                objects: (await readObjects(session)).map(({ text }) => text),
                notes: await readNoteSchemas(session),
            };
        },
        true,
    );
}
