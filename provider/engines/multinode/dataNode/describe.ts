/** A data node as inputs and outputs. */
import type { DataNodeComputed, DataNodeInputs } from "../../inputs";
import type { Description } from "../../engine";
import { accessNodeGone } from "../../marks/refusals";
import { nodeDatabaseName } from "../../run/places";
import { findEntry } from "../cluster";
import { holdsOurs, type DataNodeRequest, type ObservedDataNode } from "./observe";
import { findMapping, isMapping, requestedMapping } from "./userMapping";

/** What both sides have. */
export function describeDataNode(
    { cluster, node }: ObservedDataNode,
    { inputs, last }: DataNodeRequest,
): Description<DataNodeInputs, DataNodeComputed> {
    const { accessNode, nodeName } = inputs;
    if (cluster === undefined) {
        throw accessNodeGone(accessNode);
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
    const requested = requestedMapping(inputs);
    const mapping = findMapping(entry, inputs);
    const kept = requested === undefined || isMapping(mapping, requested, requested);
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
