/** A cluster that is not there yet, as it will be when a plan's turn comes. */
import { newDatabase } from "../marks/database";
import type { DataNodeInputs } from "../inputs";
import type { PendingCluster } from "../engine";
import { readFutureAccess } from "../preflight/readServers";
import { ACCESS, type Servers } from "../run/servers";
import type { AccessNodeRequest, ObservedAccessNode } from "./accessNode/observe";
import { markerOf } from "./accessNode/plan";
import type { ClusterState, NodeEntry } from "./cluster";
import type { DataNodeRequest, ObservedDataNode } from "./dataNode/observe";
import { nothingThere, type HypertableRequest, type ObservedHypertable } from "./distributedHypertable/observe";
import { observeNodeServer } from "./dataNode/nodeServer";
import { nodeDatabaseName } from "../run/places";
import { mayInsertWithoutCopy } from "./accessNode/settings";

/** An access node's database that was made and marked, and has got TimescaleDB. */
export async function foreseeAccessNode(
    servers: Servers,
    request: AccessNodeRequest,
    ahead: PendingCluster,
): Promise<ObservedAccessNode> {
    const cluster = await foreseeCluster(servers, request.newId, ahead);
    const { postgresVersion } = cluster.versions;
    return {
        postgresVersion,
        database: newDatabase(markerOf(undefined, request), cluster.locale),
        settings: {},
        mayInsertWithoutCopy: await servers.on(servers.maintenance(ACCESS), (session) =>
            mayInsertWithoutCopy(session, postgresVersion),
        ),
        cluster,
        alive: new Set(),
        objects: [],
        notes: [],
    };
}

/** A data node's own server as it is, and a new cluster. */
export async function foreseeDataNode(
    servers: Servers,
    { inputs }: DataNodeRequest,
    ahead: PendingCluster,
): Promise<ObservedDataNode> {
    const [cluster, node] = await Promise.all([
        foreseeCluster(servers, inputs.accessNode.id, ahead),
        observeNodeServer(servers, inputs.nodeName, nodeDatabaseName(inputs)),
    ]);
    return { cluster, node, alive: new Set() };
}

/** A new cluster without tables. */
export async function foreseeHypertable(
    servers: Servers,
    { inputs }: HypertableRequest,
    ahead: PendingCluster,
): Promise<ObservedHypertable> {
    return { ...nothingThere(), cluster: await foreseeCluster(servers, inputs.accessNode.id, ahead) };
}

async function foreseeCluster(
    servers: Servers,
    clusterId: string,
    { dataNodes }: PendingCluster,
): Promise<ClusterState> {
    const { facts, locale, place } = await readFutureAccess(servers);
    const { version } = await servers.on(place, (session) =>
        session.one<{ version: string | null }>(
            `SELECT (SELECT e.default_version FROM pg_catalog.pg_available_extensions e
                      WHERE e.name = 'timescaledb') AS version`,
        ),
    );
    return {
        versions: {
            engine: "multinode",
            postgresVersion: facts.postgresVersion,
            timescaledbVersion: version ?? "",
        },
        clusterId,
        schema: "public",
        locale,
        nodes: dataNodes.map(entryOf),
    };
}

function entryOf(inputs: DataNodeInputs): NodeEntry {
    return {
        name: inputs.nodeName,
        owner: inputs.accessNode.connection.user,
        host: inputs.host,
        port: inputs.port,
        database: nodeDatabaseName(inputs),
        available: inputs.available,
        options: inputs.serverOptions,
        comment: null,
        marker: undefined,
        mappings: [],
    };
}
