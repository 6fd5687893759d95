/** A data node: its entry on the access node, and the cluster's database on its own server. */
import type { AccessNodeReference, DataNodeComputed, DataNodeInputs } from "../../inputs";
import type { Purpose, Request } from "../../engine";
import { nodeDatabaseName } from "../../run/places";
import { ifDatabaseExists, type Reached } from "../../run/reach";
import { ACCESS, type Servers } from "../../run/servers";
import { clusterFor, findEntry, type ClusterState } from "../cluster";
import { pingNodes } from "../liveness";
import { observeHoldings, type NodeHoldings } from "./holdings";
import { observeLeftover, type Leftover } from "./leftover";
import { observeNodeServer, type NodeServer } from "./nodeServer";

/** A request for a data node. */
export type DataNodeRequest = Request<DataNodeInputs, DataNodeComputed>;

/** What there is of a data node, on the access node and on its own server. */
export interface ObservedDataNode {
    /** undefined: the access node's database is gone, or holds no TimescaleDB. */
    readonly cluster: ClusterState | undefined;
    readonly node: Reached<NodeServer>;
    /** What the access node sees on a node that it does not know and the provider does not reach; absent after a read. */
    readonly leftover?: Leftover;
    /** Absent where the access node has no entry, and after a read. */
    readonly holdings?: NodeHoldings;
    /** The data nodes that answer the access node, as far as it was asked. */
    readonly alive: ReadonlySet<string>;
}

/** Reads both sides at once. */
export async function observeDataNode(
    servers: Servers,
    request: DataNodeRequest,
    purpose: Purpose,
): Promise<ObservedDataNode> {
    const { inputs } = request;
    const [access, node] = await Promise.all([
        ifDatabaseExists(() => observeAccess(servers, inputs, purpose)),
        observeNodeServer(servers, inputs.nodeName, nodeDatabaseName(inputs)),
    ]);
    const observed = { cluster: undefined, alive: new Set<string>(), ...access, node };
    const isBlind =
        observed.cluster !== undefined && findEntry(observed.cluster, inputs.nodeName) === undefined && !node.reachable;
    return purpose !== "read" && isBlind
        ? { ...observed, leftover: await observeLeftover(servers, request) }
        : observed;
}

/** Whether the node is registered, or its server still holds what was made for it. */
export function isDataNodeThere({ cluster, node }: ObservedDataNode, { inputs, last }: DataNodeRequest): boolean {
    return findEntry(cluster, inputs.nodeName) !== undefined || (last !== undefined && holdsOurs(node, inputs));
}

/** Whether a node's server holds a database of this cluster, or a part of one. */
export function holdsOurs(node: Reached<NodeServer>, { accessNode }: { accessNode: AccessNodeReference }): boolean {
    if (!node.reachable) {
        return false;
    }
    const { database, provisional, remains = {} } = node.database;
    const isMarked = [database, ...Object.values(remains)].some((state) => state?.marker?.cluster === accessNode.id);
    return provisional !== undefined || isMarked;
}

function observeAccess(
    servers: Servers,
    { nodeName, drainOnDelete }: DataNodeInputs,
    purpose: Purpose,
): Promise<Pick<ObservedDataNode, "cluster"> & Partial<ObservedDataNode>> {
    return servers.on(servers.cluster(ACCESS), async (session) => {
        const cluster = await clusterFor(purpose, session, servers);
        if (cluster === undefined || purpose === "read" || findEntry(cluster, nodeName) === undefined) {
            return { cluster };
        }
        const names = drainOnDelete ? cluster.nodes.map(({ name }) => name) : [nodeName];
        return {
            cluster,
            holdings: await observeHoldings(session, cluster.versions, nodeName),
            alive: await pingNodes(session, cluster.versions, names),
        };
    });
}
