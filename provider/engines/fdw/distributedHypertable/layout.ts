/** How many shards a table has, and which data node holds which. Fixed when the table is made. */
import { ProviderError } from "../../../errors";
import { ownerOf } from "../../marks/ownership";
import { byName, byOwner } from "./findParts";
import { clusterNodes, type HypertableRequest, type ObservedHypertable } from "./observe";
import { partOf, remainders } from "./parts";
import type { Relation } from "./relations";

const SHARDS_A_NODE = 4;

/** The shards of a table. */
export interface Layout {
    readonly modulus: number;
    /** The data node of each shard, by its remainder. */
    readonly nodes: readonly string[];
}

/**
 * The shards where they are, and where those that are missing are to be made: each on the node that has the fewest.
 *
 * @throws NOT_FOUND, NOT_SUPPORTED
 */
export function layoutOf(observed: ObservedHypertable, request: HypertableRequest): Layout {
    const { inputs } = request;
    const placed = placedShards(observed, request);
    const nodes = wantedNodes(observed, request, [...new Set(placed.nodes.values())]);
    const modulus = placed.modulus ?? inputs.numberPartitions ?? SHARDS_A_NODE * nodes.length;
    if (inputs.numberPartitions !== undefined && inputs.numberPartitions !== modulus) {
        throw new ProviderError("NOT_SUPPORTED", `the table has ${modulus} shards, not ${inputs.numberPartitions}`, {
            remedy: "The number of shards is fixed at creation: replace the table, or set numberPartitions back",
        });
    }
    if (modulus < nodes.length) {
        throw new ProviderError("NOT_SUPPORTED", `${modulus} shards cannot be spread over ${nodes.length} data nodes`, {
            remedy: "Raise numberPartitions to the number of data nodes, or use fewer of them",
        });
    }
    return { modulus, nodes: place(modulus, nodes, placed.nodes) };
}

/** The nodes that hold shards already, by remainder, and the number of shards. */
export function placedShards(
    { access, nodes }: ObservedHypertable,
    request: HypertableRequest,
): { readonly modulus: number | undefined; readonly nodes: ReadonlyMap<number, string> } {
    const placed = new Map<number, string>();
    let modulus: number | undefined;
    const note = (relation: Relation, node: string): void => {
        const part = partOf(relation.marker) ?? boundOf(relation);
        if (part.remainder !== undefined && (part.kind === undefined || part.kind === "shard")) {
            modulus ??= part.modulus;
            if (!placed.has(part.remainder)) {
                placed.set(part.remainder, node);
            }
        }
    };
    const owner = ownerOf(request);
    for (const relation of [...byOwner(access.relations, owner), ...unmarkedPartitions(access.relations, request)]) {
        if (relation.server !== null) {
            note(relation, relation.server);
        }
    }
    for (const [node, side] of Object.entries(nodes)) {
        if (side.reachable) {
            byOwner(side.relations, owner).forEach((relation) => note(relation, node));
        }
    }
    return { modulus, nodes: placed };
}

/** Partitions of the requested table whose marks are lost, or that are to be taken over. */
function unmarkedPartitions(relations: readonly Relation[], { inputs }: HypertableRequest): Relation[] {
    const table = byName(relations, inputs.schema, inputs.tableName);
    return table?.kind !== "p"
        ? []
        : relations.filter(
              ({ parent, marker }) =>
                  marker === undefined && parent?.schema === table.schema && parent.name === table.name,
          );
}

/** Which rows a partition is for; nothing where it is none of a hash. */
export function boundOf({ bound }: Relation): { kind?: undefined; modulus?: number; remainder?: number } {
    const found = /^FOR VALUES WITH \(modulus (\d+), remainder (\d+)\)$/i.exec(bound ?? "");
    return found === null ? {} : { modulus: Number(found[1]), remainder: Number(found[2]) };
}

function wantedNodes(
    { access }: ObservedHypertable,
    { inputs, last }: HypertableRequest,
    placed: readonly string[],
): string[] {
    const known = clusterNodes(access.catalogue, inputs);
    const recorded = last?.attachedDataNodes.length ? last.attachedDataNodes : undefined;
    const wanted = [...(inputs.dataNodes ?? recorded ?? (placed.length > 0 ? placed : known))].sort();
    const missing = wanted.filter((name) => !known.includes(name));
    if (missing.length > 0 || wanted.length === 0) {
        throw new ProviderError(
            "NOT_FOUND",
            wanted.length === 0
                ? "the access node has no data nodes"
                : `the access node has no data node ${missing.join(", ")} of this cluster`,
            { remedy: "Make the DataNode first" },
        );
    }
    const leaving = placed.filter((name) => !wanted.includes(name) && known.includes(name));
    if (leaving.length > 0) {
        throw new ProviderError(
            "NOT_SUPPORTED",
            `the engine fdw cannot move shards between data nodes yet, and ${leaving.join(", ")} holds some`,
            { remedy: `Keep ${leaving.join(", ")} in dataNodes` },
        );
    }
    return wanted;
}

function place(modulus: number, nodes: readonly string[], placed: ReadonlyMap<number, string>): string[] {
    const counts = new Map(nodes.map((node) => [node, 0]));
    for (const node of placed.values()) {
        counts.set(node, (counts.get(node) ?? 0) + 1);
    }
    const emptiest = (): string =>
        nodes.reduce((best, node) => ((counts.get(node) ?? 0) < (counts.get(best) ?? 0) ? node : best));
    const layout = remainders(modulus).map((remainder) => {
        const there = placed.get(remainder);
        if (there !== undefined && nodes.includes(there)) {
            return there;
        }
        const node = emptiest();
        counts.set(node, (counts.get(node) ?? 0) + 1);
        return node;
    });
    const idle = nodes.filter((node) => !layout.includes(node));
    if (idle.length > 0) {
        throw new ProviderError(
            "NOT_SUPPORTED",
            `the engine fdw cannot move shards between data nodes yet, so ${idle.join(", ")} cannot be given any`,
            { remedy: `Take ${idle.join(", ")} out of dataNodes` },
        );
    }
    return layout;
}
