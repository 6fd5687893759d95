/** From a distributed hypertable as it is on all servers to the one that is requested. */
import { ProviderError } from "../../../errors";
import type { DistributedHypertableInputs } from "../../inputs";
import { at, schemaDropFollows, type Plan, type Step } from "../../step";
import { findSchema, isOurSchema } from "../../tables/schemas";
import type { AccessCatalogue } from "../catalogue";
import { unreachable } from "../../run/reach";
import { planAccessTable } from "./accessTable";
import { findParts } from "./findParts";
import { layoutOf } from "./layout";
import { refuseLimits } from "./limits";
import { reachedSides, type HypertableRequest, type ObservedHypertable } from "./observe";
import { nodeParts, remainders } from "./parts";
import { planNodeTable } from "./shard/nodeTable";
import { accessPlace, markingOf, nodePlace, transactionOf, type Target } from "./target";

/** What to do towards the request: what is new is made on the data nodes first, what goes leaves the access node first. */
export function planHypertable(observed: ObservedHypertable, request: HypertableRequest): Plan {
    const { inputs, last } = request;
    const { access, canonical } = observed;
    const catalogue = requireCluster(access.catalogue, inputs);
    refuseLimits(inputs);
    const target: Target = {
        request,
        inputs,
        layout: layoutOf(observed, request),
        canonical,
        marking: markingOf(request),
        aside: new Set(catalogue.servers.filter(({ marker }) => marker?.available === false).map(({ name }) => name)),
    };
    refuseShortKeys(observed, target);
    const onAccess = planAccessTable(target, access);
    const nodes = [...new Set(target.layout.nodes)].sort();
    const left = last?.schema === inputs.schema ? undefined : last?.schema;
    const on = accessPlace(inputs);
    const transaction = transactionOf(inputs);
    return {
        steps: [
            ...at(on, onAccess.before, transaction),
            ...nodes.flatMap((node) => planNode(target, observed, catalogue, node)),
            ...at(on, onAccess.after, transaction),
        ],
        ...(left !== undefined && isMadeSchema(observed, left, inputs) ? schemaDropFollows(left) : {}),
        warnings: [],
    };
}

/** Whether a schema was made for this cluster on any side. */
export function isMadeSchema(
    observed: ObservedHypertable,
    name: string,
    { accessNode }: DistributedHypertableInputs,
): boolean {
    return reachedSides(observed).some(({ schemas }) => isOurSchema(findSchema(schemas, name), accessNode.id));
}

function planNode(target: Target, observed: ObservedHypertable, catalogue: AccessCatalogue, node: string): Step[] {
    const { inputs, layout, marking } = target;
    const side = observed.nodes[node];
    if (side === undefined) {
        throw new ProviderError("NOT_FOUND", `no way to data node ${node} is known`, {
            remedy: "Pass the DataNode itself in dataNodes",
        });
    }
    if (!side.reachable) {
        if (target.aside.has(node)) {
            return [];
        }
        throw unreachable(node, side);
    }
    if (!side.exists) {
        throw new ProviderError("NOT_FOUND", `the cluster's database is not there on data node ${node}`, {
            remedy: "Refresh the DataNode, which makes it again",
        });
    }
    const { nodes, modulus } = layout;
    const shards = remainders(modulus).filter((remainder) => nodes[remainder] === node);
    const wanted = { schema: inputs.schema, parts: nodeParts(inputs.tableName, modulus, shards, inputs.lastPoint) };
    const parts = findParts(side.relations, wanted, marking.owner, `data node ${node}`);
    const remoteRole = remoteRoleOf(catalogue, inputs, node);
    const statements = planNodeTable({ ...target, node, side, shards, remoteRole, parts });
    return at(nodePlace(inputs, node), statements, transactionOf(inputs));
}

/** The role that the access node connects to a data node as. */
function remoteRoleOf(
    { servers }: AccessCatalogue,
    { accessNode, nodes }: DistributedHypertableInputs,
    node: string,
): string {
    const local = accessNode.connection.user;
    const server = servers.find(({ name }) => name === node);
    const mapping = server?.mappings.find(({ localRole }) => localRole === local);
    return mapping?.remoteRole ?? nodes[node]?.user ?? local;
}

function requireCluster(
    catalogue: AccessCatalogue | undefined,
    { accessNode }: DistributedHypertableInputs,
): AccessCatalogue {
    if (catalogue === undefined) {
        throw new ProviderError("NOT_FOUND", `the access node's database "${accessNode.database}" is not there`);
    }
    const cluster = catalogue.marker?.cluster;
    if (cluster !== accessNode.id) {
        const found = cluster === undefined ? "no cluster of this package" : `cluster ${cluster}`;
        throw new ProviderError(
            "FOREIGN_CLUSTER",
            `database "${accessNode.database}" on the access node is ${found}, not ${accessNode.id}`,
            { remedy: "Point the access node's connection at the server that holds this stack's cluster" },
        );
    }
    return catalogue;
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
