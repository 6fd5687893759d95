/** A data node: its entry on the access node, and the cluster's database on its own server. */
import { ProviderError } from "../../../errors";
import type { AccessNodeReference, DataNodeComputed, DataNodeInputs } from "../../inputs";
import type { Purpose, Description, ResourceEngine, Request } from "../../engine";
import { ACCESS, type Servers } from "../../run/servers";
import { snapshot } from "../../run/snapshot";
import { findEntry, observeCluster, orGone, type ClusterState } from "../cluster";
import { planDataNode } from "./plan";
import { planDeleteDataNode } from "./delete";
import { foreseeDataNode } from "../foresee";
import { observeHoldings, type NodeHoldings } from "./holdings";
import { observeLeftover } from "./leftover";
import { pingNodes } from "../liveness";
import { observeNodeServer, type NodeServer } from "./nodeServer";
import { accessDatabase, nodeDatabaseName } from "../places";
import { preflightDataNode } from "../preflight";
import { findMapping, isMapping, wantedMapping } from "./userMapping";

/** What a program wants of a data node. */
export type DataNodeRequest = Request<DataNodeInputs, DataNodeComputed>;

/** What there is of a data node, on the access node and on its own server. */
export interface ObservedDataNode {
    /** undefined: the access node's database is gone, or holds no TimescaleDB. */
    readonly cluster: ClusterState | undefined;
    readonly node: NodeServer;
    /** undefined where the access node has no entry, or where it was not asked. */
    readonly holdings?: NodeHoldings;
    /** The data nodes that answer the access node, as far as it was asked. */
    readonly alive: ReadonlySet<string>;
}

/** Data nodes of the engine multinode. */
export const dataNode: ResourceEngine<DataNodeInputs, DataNodeComputed, ObservedDataNode | undefined> = {
    locks: ({ inputs }) => ({ on: accessDatabase(inputs.accessNode), locks: [{ name: "cluster", shared: false }] }),
    preflight: preflightDataNode,
    observe,
    isThere: (observed) => observed !== undefined,
    foresee: foreseeDataNode,
    plan: planDataNode,
    planDelete: planDeleteDataNode,
    describe,
};

/** A plan needs what surrounds the node even where nothing of the node is left: only a read is told that it is gone. */
async function observe(
    servers: Servers,
    request: DataNodeRequest,
    purpose: Purpose,
): Promise<ObservedDataNode | undefined> {
    const { inputs, last } = request;
    const { nodeName } = inputs;
    const [access, node] = await Promise.all([
        orGone(() => observeAccess(servers, inputs, purpose)),
        observeNodeServer(servers, nodeName, nodeDatabaseName(inputs)),
    ]);
    const cluster = access?.cluster;
    const isRegistered = findEntry(cluster, nodeName) !== undefined;
    const isLeft = isRegistered || (last !== undefined && holdsOurs(node, inputs));
    if (purpose === "read") {
        return isLeft ? { alive: new Set(), ...access, cluster, node } : undefined;
    }
    const isBlind = cluster !== undefined && !isRegistered && !node.reached;
    const seen = isBlind ? { ...node, leftover: await observeLeftover(servers, request) } : node;
    return { alive: new Set(), ...access, cluster, node: seen };
}

function observeAccess(
    servers: Servers,
    { nodeName, drainOnDelete }: DataNodeInputs,
    purpose: Purpose,
): Promise<Pick<ObservedDataNode, "cluster"> & Partial<ObservedDataNode>> {
    const place = servers.cluster(ACCESS);
    return servers.on(place, async (session) => {
        const cluster =
            purpose === "read"
                ? await snapshot(servers, place, "cluster", () => observeCluster(session))
                : await observeCluster(session);
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

function holdsOurs(node: NodeServer, { accessNode }: { accessNode: AccessNodeReference }): boolean {
    if (!node.reached) {
        return false;
    }
    const { database, provisional, remains = {} } = node.database;
    const marked = [database, ...Object.values(remains)].some((state) => state?.marker?.cluster === accessNode.id);
    return provisional !== undefined || marked;
}

function describe(
    { cluster, node }: ObservedDataNode,
    { inputs, last }: DataNodeRequest,
): Description<DataNodeInputs, DataNodeComputed> {
    const { accessNode, nodeName } = inputs;
    if (cluster === undefined) {
        throw new ProviderError("NOT_FOUND", `access node "${accessNode.database}" is gone`);
    }
    const entry = findEntry(cluster, nodeName);
    const created = {
        database:
            entry?.marker === undefined
                ? (last?.created.database ?? holdsOurs(node, inputs))
                : entry.marker.adopted !== true,
    };
    const computed: DataNodeComputed = { engine: "multinode", clusterId: cluster.clusterId, created };
    if (entry === undefined) {
        return { inputs, computed };
    }
    const { user, password, ...others } = inputs;
    const wanted = wantedMapping(inputs);
    const mapping = findMapping(entry, inputs);
    const kept = wanted === undefined || isMapping(mapping, wanted, wanted);
    return {
        inputs: {
            ...others,
            host: entry.host,
            port: entry.port,
            ...(entry.database === nodeDatabaseName(inputs) ? {} : { database: entry.database }),
            ...(kept ? { user, password } : { user: mapping?.options?.user, password: mapping?.options?.password }),
            serverOptions: entry.options,
            available: entry.available,
        },
        computed,
    };
}
