/** From what is there to a data node that is registered on the access node as requested. */
import { ProviderError } from "../../../errors";
import { address } from "../../../postgres/connection";
import { identifier, literal } from "../../../postgres/sql";
import { describeNeeds, supports } from "../../versions/capabilities";
import { alterServerOptions } from "../../foreignServer";
import type { DataNodeInputs } from "../../inputs";
import { at, type Plan, type Statement } from "../../step";
import { withMarker } from "../../marks/marker";
import { mayTake, ownerOf, wantedMark } from "../../marks/ownership";
import { planAddDataNode } from "./adding/add";
import { findEntry, functionOf, markerOf, requireCluster, type ClusterState, type NodeEntry } from "../cluster";
import type { DataNodeRequest, ObservedDataNode } from "./observe";
import { accessDatabase, nodeDatabaseName } from "../../run/places";
import { planLeaveScratch } from "./removal";
import { isScratch, planDropScratch } from "./scratch";
import { planMapping, tryMapping } from "./userMapping";

/** The steps to the requested data node. */
export function planDataNode(observed: ObservedDataNode, request: DataNodeRequest): Plan {
    const { inputs } = request;
    const cluster = requireCluster(observed.cluster, inputs.accessNode);
    const entry = findEntry(cluster, inputs.nodeName);
    if (entry === undefined) {
        return planAddDataNode(cluster, observed, request);
    }
    refuseOthersEntry(entry, request);
    const on = accessDatabase(inputs.accessNode);
    if (isScratch(cluster, entry)) {
        const continues = "whether the node can be added without a scratch database shows only then";
        return { steps: planLeaveScratch(on, cluster, entry, observed.alive), continues, warnings: [] };
    }
    refuseLostDatabase(cluster, observed, request);
    return {
        steps: [
            ...at(on, planDropScratch(cluster, entry)),
            ...at(on, planEntry(cluster, entry, observed, request), "alter data node"),
        ],
        warnings: [],
    };
}

function refuseOthersEntry(entry: NodeEntry, request: DataNodeRequest): void {
    const { nodeName } = request.inputs;
    if (!mayTake(ownerOf(request), entry.marker)) {
        throw new ProviderError(
            "ALREADY_EXISTS",
            `the access node has a data node "${nodeName}" already` +
                (entry.marker === undefined
                    ? ", which was not made by this resource"
                    : `, which belongs to ${entry.marker.urn}`),
            { remedy: "Choose another nodeName, or set adopt: true to take it over" },
        );
    }
}

/** A node that lost its database, or is another server than the access node's, must not be taken for a whole one. */
function refuseLostDatabase(cluster: ClusterState, { node }: ObservedDataNode, { inputs }: DataNodeRequest): void {
    if (!node.reachable || node.contents?.distUuid === cluster.clusterId) {
        return;
    }
    const name = nodeDatabaseName(inputs);
    throw new ProviderError(
        "NOT_FOUND",
        `the server that the provider reaches as data node "${inputs.nodeName}" has no database "${name}" of this cluster`,
        {
            remedy:
                "If it is another server than the one that the access node reaches, give the data node its connection; " +
                "if the database was lost, remove the data node with forceDestroy: true and add it again",
        },
    );
}

function planEntry(
    cluster: ClusterState,
    entry: NodeEntry,
    { node, alive }: ObservedDataNode,
    request: DataNodeRequest,
): Statement[] {
    const { inputs, last } = request;
    const mark = wantedMark(ownerOf(request), entry.marker, markerOf(cluster, inputs));
    refuseWithoutAlter(cluster, entry, inputs);
    const mapping = planMapping(entry, inputs, last);
    // A node that is down lets nobody in, whatever the password.
    const isUp = inputs.available && (node.reachable || alive.has(entry.name));
    return [
        ...planMove(cluster, entry, inputs),
        ...alterServerOptions(entry.name, entry.options, inputs.serverOptions),
        ...mapping,
        // A node that becomes available again is connected to at once, with all of the above.
        ...planAvailable(cluster, entry, inputs),
        ...(mapping.length > 0 && isUp ? [tryMapping(cluster, inputs)] : []),
        ...planMark(entry, withMarker(entry.comment, mark)),
    ];
}

function planMark({ name, comment }: NodeEntry, marked: string): Statement[] {
    return comment === marked
        ? []
        : [
              {
                  name: `mark data node ${name}`,
                  why: `the mark on ${name} is missing or old`,
                  sql: `COMMENT ON SERVER ${identifier(name)} IS ${literal(marked)}`,
              },
          ];
}

function isMoved(entry: NodeEntry, inputs: DataNodeInputs): boolean {
    return entry.host !== inputs.host || entry.port !== inputs.port || entry.database !== nodeDatabaseName(inputs);
}

function refuseWithoutAlter({ versions }: ClusterState, entry: NodeEntry, inputs: DataNodeInputs): void {
    const moved = isMoved(entry, inputs);
    if (supports("alterDataNode", versions) || (!moved && entry.available === inputs.available)) {
        return;
    }
    throw new ProviderError(
        "NOT_SUPPORTED",
        `${moved ? "another host or port" : "available"} of a data node that is attached needs ` +
            `${describeNeeds("alterDataNode", "multinode")}, the access node has ${versions.timescaledbVersion}`,
        {
            remedy: moved
                ? "Keep host and port and let the name lead to the new server, or update TimescaleDB first"
                : "Leave available out, or update TimescaleDB first",
        },
    );
}

function planMove(cluster: ClusterState, entry: NodeEntry, inputs: DataNodeInputs): Statement[] {
    return isMoved(entry, inputs)
        ? [
              {
                  name: `set address of data node ${entry.name}`,
                  why: `${entry.name} is registered as ${address(entry)}, database "${entry.database}"`,
                  sql: `SELECT FROM ${functionOf(cluster, "alter_data_node")}(
    node_name => $1::name, host => $2::text, port => $3::integer, database => $4::name)`,
                  values: [entry.name, inputs.host, inputs.port, nodeDatabaseName(inputs)],
              },
          ]
        : [];
}

function planAvailable(cluster: ClusterState, entry: NodeEntry, { available }: DataNodeInputs): Statement[] {
    return entry.available === available
        ? []
        : [
              {
                  name: `set data node ${entry.name} ${available ? "" : "not "}available`,
                  why: `${entry.name} is ${entry.available ? "" : "not "}available`,
                  sql: `SELECT FROM ${functionOf(cluster, "alter_data_node")}(
    node_name => $1::name, available => $2::boolean)`,
                  values: [entry.name, available],
              },
          ];
}
