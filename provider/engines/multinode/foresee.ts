/** A cluster that is not there yet, as it will be when a plan's turn comes. */
import { newDatabase } from "../database";
import type { DataNodeInputs } from "../desired";
import type { Ahead } from "../engine";
import { readFutureAccess } from "../gather";
import { ACCESS, type Servers } from "../servers";
import { markerOf, type AccessNodeWish, type ObservedAccessNode } from "./accessNode";
import type { ClusterState, NodeEntry } from "./cluster";
import type { DataNodeWish, ObservedDataNode } from "./dataNode";
import type { HypertableWish } from "./distributedHypertable";
import { nothingThere, type ObservedHypertable } from "./hypertableObserve";
import { observeNodeServer } from "./nodeServer";
import { nodeDatabaseName } from "./places";
import { mayInsertWithoutCopy } from "./settings";

/** An access node's database that was made and marked, and has got TimescaleDB. */
export async function foreseeAccessNode(
    servers: Servers,
    wish: AccessNodeWish,
    ahead: Ahead,
): Promise<ObservedAccessNode> {
    const cluster = await foreseeCluster(servers, wish.newId, ahead);
    const { postgresVersion } = cluster.versions;
    return {
        postgresVersion,
        database: newDatabase(markerOf(undefined, wish), cluster.locale),
        settings: {},
        mayInsertWithoutCopy: await servers.on(servers.maintenance(ACCESS), (session) =>
            mayInsertWithoutCopy(session, postgresVersion),
        ),
        cluster,
        alive: new Set(),
        relations: [],
        notes: [],
    };
}

/** A data node's own server as it is, and a new cluster. */
export async function foreseeDataNode(
    servers: Servers,
    { inputs }: DataNodeWish,
    ahead: Ahead,
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
    { inputs }: HypertableWish,
    ahead: Ahead,
): Promise<ObservedHypertable> {
    return { ...nothingThere(), cluster: await foreseeCluster(servers, inputs.accessNode.id, ahead) };
}

async function foreseeCluster(servers: Servers, clusterId: string, { dataNodes }: Ahead): Promise<ClusterState> {
    const { facts, locale, place } = await readFutureAccess(servers);
    const [extension] = await servers.on(place, (session) =>
        session.query<{ version: string }>(
            "SELECT e.default_version AS version FROM pg_catalog.pg_available_extensions e WHERE e.name = 'timescaledb'",
        ),
    );
    return {
        versions: {
            engine: "multinode",
            postgresVersion: facts.postgresVersion,
            timescaledbVersion: extension?.version ?? "",
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
