/** From what is there to a data node that is registered on the access node as requested. */
import { ProviderError } from "../../../errors";
import { address } from "../../../postgres/connection";
import { identifier, literal } from "../../../postgres/sql";
import { describeNeeds, supports } from "../../versions/capabilities";
import type { DataNodeInputs } from "../../inputs";
import type { Plan, Step } from "../../step";
import { withMarker } from "../../marks/marker";
import { mayTake, ownerOf, wantedMark } from "../../marks/ownership";
import { planAddDataNode } from "./add";
import { findEntry, functionOf, markerOf, requireCluster, type ClusterState, type NodeEntry } from "../cluster";
import type { DataNodeRequest, ObservedDataNode } from "./observe";
import { accessDatabase, nodeDatabaseName } from "../places";
import { planLeaveScratch } from "./removal";
import { isScratch, planDropScratch } from "./scratch";
import { planMapping } from "./userMapping";

/** The steps to the requested data node. */
export function planDataNode(observed: ObservedDataNode | undefined, request: DataNodeRequest): Plan {
    const { inputs } = request;
    const cluster = requireCluster(observed?.cluster, inputs.accessNode);
    const entry = findEntry(cluster, inputs.nodeName);
    if (observed === undefined || entry === undefined) {
        return planAddDataNode(cluster, observed?.node ?? { reached: false, why: "it was not looked at" }, request);
    }
    refuseOthersEntry(entry, request);
    const on = accessDatabase(inputs.accessNode);
    if (isScratch(cluster, entry)) {
        const continues = "whether the node can be added without a scratch database shows only then";
        return { steps: planLeaveScratch(on, cluster, entry, observed.alive), continues, warnings: [] };
    }
    refuseLostDatabase(cluster, observed, request);
    return { steps: [...planDropScratch(on, cluster, entry), ...planEntry(cluster, entry, request)], warnings: [] };
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
    if (!node.reached || node.contents?.distUuid === cluster.clusterId) {
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

function planEntry(cluster: ClusterState, entry: NodeEntry, request: DataNodeRequest): Step[] {
    const { inputs, last } = request;
    const mark = wantedMark(ownerOf(request), entry.marker, markerOf(cluster, inputs));
    const comment = withMarker(entry.comment, mark);
    refuseWithoutAlter(cluster, entry, inputs);
    const steps: Omit<Step, "on">[] = [
        ...planMove(cluster, entry, inputs),
        ...planOptions(entry, inputs.serverOptions),
        ...planMapping(entry, inputs, last),
        // A node that becomes available again is connected to at once, with all of the above.
        ...planAvailable(cluster, entry, inputs),
        ...(comment === entry.comment ? [] : [markDataNode(entry.name, comment)]),
    ];
    return steps.map((step) => ({ ...step, on: accessDatabase(inputs.accessNode), transaction: "alter data node" }));
}

function markDataNode(name: string, comment: string): Omit<Step, "on"> {
    return {
        name: "markDataNode",
        why: `the mark on ${name} is missing or old`,
        sql: `COMMENT ON SERVER ${identifier(name)} IS ${literal(comment)}`,
    };
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

function planMove(cluster: ClusterState, entry: NodeEntry, inputs: DataNodeInputs): Omit<Step, "on">[] {
    return isMoved(entry, inputs)
        ? [
              {
                  name: "alterDataNode",
                  why: `${entry.name} is registered as ${address(entry)}, database "${entry.database}"`,
                  sql: `SELECT FROM ${functionOf(cluster, "alter_data_node")}(
    node_name => $1::name, host => $2::text, port => $3::integer, database => $4::name)`,
                  values: [entry.name, inputs.host, inputs.port, nodeDatabaseName(inputs)],
              },
          ]
        : [];
}

function planAvailable(cluster: ClusterState, entry: NodeEntry, { available }: DataNodeInputs): Omit<Step, "on">[] {
    return entry.available === available
        ? []
        : [
              {
                  name: "alterDataNode",
                  why: `${entry.name} is ${entry.available ? "" : "not "}available`,
                  sql: `SELECT FROM ${functionOf(cluster, "alter_data_node")}(
    node_name => $1::name, available => $2::boolean)`,
                  values: [entry.name, available],
              },
          ];
}

function planOptions(entry: NodeEntry, wanted: Readonly<Record<string, string>>): Omit<Step, "on">[] {
    const changes = [
        ...Object.entries(wanted)
            .filter(([name, value]) => entry.options[name] !== value)
            .map(
                ([name, value]) =>
                    `${Object.hasOwn(entry.options, name) ? "SET" : "ADD"} ${identifier(name)} ${literal(value)}`,
            ),
        ...Object.keys(entry.options)
            .filter((name) => !Object.hasOwn(wanted, name))
            .map((name) => `DROP ${identifier(name)}`),
    ];
    return changes.length === 0
        ? []
        : [
              {
                  name: "alterServer",
                  why: `the options of ${entry.name} differ`,
                  sql: `ALTER SERVER ${identifier(entry.name)} OPTIONS (${changes.join(", ")})`,
              },
          ];
}
