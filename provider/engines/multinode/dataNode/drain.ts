/** Moving the chunks of which a data node has the only copy to other nodes, one step a chunk: an interrupted run goes on. */
import { ProviderError } from "../../../errors";
import { qualified } from "../../../postgres/sql";
import { describeNeeds, supports } from "../../versions/capabilities";
import { at, type Statement, type Step } from "../../step";
import type { Place } from "../../run/servers";
import type { ClusterState } from "../cluster";
import { healing } from "../liveness";
import type { NodeHoldings, SoleChunk } from "./holdings";

/**
 * The steps after which no chunk is on this node alone.
 *
 * @param targets data nodes that answer and take chunks
 * @throws LAST_COPY where a chunk can go nowhere
 */
export function planDrain(
    on: Place,
    cluster: ClusterState,
    node: string,
    { soleChunks, cutMoves }: Pick<NodeHoldings, "soleChunks" | "cutMoves">,
    targets: ReadonlySet<string>,
): Step[] {
    const { versions } = cluster;
    if (soleChunks.length > 0 && !supports("moveChunk", versions)) {
        throw new ProviderError(
            "NOT_SUPPORTED",
            `moving chunks off data node "${node}" needs ${describeNeeds("moveChunk", "multinode")}`,
            { remedy: "Move the rows yourself, or set forceDestroy: true to lose them" },
        );
    }
    const load = new Map<string, number>();
    return at(on, [
        ...cutMoves.map(({ id }) => ({
            name: `clean up move ${id}`,
            why: "a move of a chunk was interrupted",
            sql: "CALL timescaledb_experimental.cleanup_copy_chunk_operation($1::name)",
            values: [id],
        })),
        ...soleChunks.flatMap((chunk) => {
            const target = leastLoaded(node, chunk, targets, load);
            load.set(target, (load.get(target) ?? 0) + 1);
            const move: Statement = {
                name: `move chunk ${chunk.name} to ${target}`,
                why: `${chunk.name} is on ${node} alone`,
                sql: `CALL timescaledb_experimental.move_chunk(
                          chunk => $1::regclass, source_node => $2::name, destination_node => $3::name)`,
                values: [qualified(chunk.schema, chunk.name), node, target],
            };
            // A move is several transactions across nodes: the next step must not wait for one that is in doubt.
            return [move, ...healing(cluster, [node, target])];
        }),
    ]);
}

function leastLoaded(
    node: string,
    chunk: SoleChunk,
    targets: ReadonlySet<string>,
    load: ReadonlyMap<string, number>,
): string {
    const [best] = chunk.nodes
        .filter((name) => name !== node && targets.has(name))
        .sort((a, b) => (load.get(a) ?? 0) - (load.get(b) ?? 0));
    if (best === undefined) {
        throw new ProviderError("LAST_COPY", `no other data node that answers holds the table of chunk ${chunk.name}`, {
            remedy: "Attach another data node to the table first, or set forceDestroy: true to lose the chunk",
        });
    }
    return best;
}

/** The error for a node that must not go yet. */
export function lastCopyError(node: string, { tables }: Pick<NodeHoldings, "tables">, remedy: string): ProviderError {
    const held = tables
        .filter(({ soleChunks }) => soleChunks > 0)
        .map(({ schema, table, soleChunks }) => `${soleChunks} of "${schema}.${table}"`);
    return new ProviderError("LAST_COPY", `data node "${node}" holds the only copy of chunks: ${held.join(", ")}`, {
        remedy,
    });
}
