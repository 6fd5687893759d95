/** From a distributed hypertable as it is on all servers to the one that is requested. */
import { ProviderError } from "../../../errors";
import type { DistributedHypertableInputs } from "../../inputs";
import { schemaDropFollows, type Plan, type Step } from "../../step";
import { planAccessTable } from "./accessTable";
import { remainders } from "./objects";
import type { AccessTables, HypertableRequest, ObservedHypertable } from "./observe";
import { targetOf, type Target } from "./target";
import { refuseLimits } from "./limits";
import { planNodeTable } from "./shard/nodeTable";
import { unreachable } from "../../run/reach";
import { layoutOf } from "./layout";
import { isOurSchema } from "./steps";

/** What to do towards the request: what is new is made on the data nodes first, what goes leaves the access node first. */
export function planHypertable(observed: ObservedHypertable | undefined, request: HypertableRequest): Plan {
    const { inputs } = request;
    if (observed === undefined) {
        throw new ProviderError("NOT_FOUND", `the access node's database "${inputs.accessNode.database}" is not there`);
    }
    refuseOtherCluster(observed.access, inputs);
    refuseLimits(inputs);
    const target = targetOf(observed, request, layoutOf(observed, request));
    refuseShortKeys(observed, target);
    const aside = asideNodes(observed.access);
    const access = planAccessTable(target, observed.access, aside);
    const nodes = [...new Set(target.layout.nodes)].sort();
    const left = request.last?.schema === inputs.schema ? undefined : request.last?.schema;
    return {
        steps: [...access.before, ...nodes.flatMap((node) => planNode(target, observed, node, aside)), ...access.after],
        ...(left !== undefined && isOurSchema(observed, left, inputs.accessNode.id) ? schemaDropFollows(left) : {}),
        warnings: [],
    };
}

function planNode(target: Target, observed: ObservedHypertable, node: string, aside: ReadonlySet<string>): Step[] {
    const side = observed.nodes[node];
    if (side === undefined) {
        throw new ProviderError("NOT_FOUND", `no way to data node ${node} is known`, {
            remedy: "Pass the DataNode itself in dataNodes",
        });
    }
    if (!side.reachable) {
        if (aside.has(node)) {
            return [];
        }
        throw unreachable(node, side);
    }
    if (!side.exists) {
        throw new ProviderError("NOT_FOUND", `the cluster's database is not there on data node ${node}`, {
            remedy: "Refresh the DataNode, which makes it again",
        });
    }
    const { nodes, modulus } = target.layout;
    return planNodeTable({
        ...target,
        node,
        side,
        held: remainders(modulus).filter((remainder) => nodes[remainder] === node),
        remoteRole: remoteRole(observed.access, target.inputs, node),
    });
}

/** The role as which the access node comes to a data node. */
function remoteRole(
    { catalogue }: AccessTables,
    { accessNode, nodes }: DistributedHypertableInputs,
    node: string,
): string {
    const local = accessNode.connection.user;
    const mapping = catalogue.servers
        .find(({ name }) => name === node)
        ?.mappings.find(({ localRole }) => localRole === local);
    return mapping?.remoteRole ?? nodes[node]?.user ?? local;
}

/** Nodes that were set aside with available: false. */
function asideNodes({ catalogue }: AccessTables): ReadonlySet<string> {
    return new Set(catalogue.servers.filter(({ marker }) => marker?.available === false).map(({ name }) => name));
}

function refuseOtherCluster({ catalogue }: AccessTables, { accessNode }: DistributedHypertableInputs): void {
    const cluster = catalogue.marker?.cluster;
    if (cluster !== accessNode.id) {
        throw new ProviderError(
            "FOREIGN_CLUSTER",
            `database "${accessNode.database}" on the access node is ` +
                (cluster === undefined ? "no cluster of this package" : `cluster ${cluster}`) +
                `, not ${accessNode.id}`,
            { remedy: "Point the access node's connection at the server that holds this stack's cluster" },
        );
    }
}

/** A key is unique over all shards only if equal keys meet in one shard, and over chunks only if in one chunk. */
function refuseShortKeys({ nodes }: ObservedHypertable, { inputs }: Target): void {
    const chunked = Object.values(nodes).some((side) => side.reachable && side.timescaledb !== null);
    const needed = [inputs.partitioningColumn ?? "", ...(chunked ? [inputs.timeColumn] : [])];
    const unique = (inputs.indexes ?? []).filter((index) => index.unique).map((index) => index.columns);
    for (const key of [inputs.primaryKey ?? needed, ...(inputs.uniqueKeys ?? []), ...unique]) {
        const missing = needed.filter((column) => !key.includes(column));
        if (missing.length > 0) {
            throw new ProviderError(
                "NOT_SUPPORTED",
                `the key (${key.join(", ")}) lacks ${missing.join(", ")}, so it would be unique within one shard or chunk only`,
                { remedy: `Add ${missing.join(", ")} to it` },
            );
        }
    }
}
