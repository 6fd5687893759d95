/** The data nodes that a table is on. */
import { literal } from "../../../postgres/sql";
import { SQLSTATE } from "../../../postgres/sqlState";
import type { DistributedHypertableInputs } from "../../inputs";
import type { Statement, Step } from "../../step";
import { supports } from "../../versions/capabilities";
import { functionOf, type ClusterState } from "../cluster";
import { lastCopyError, planDrain } from "../dataNode/drain";
import { accessDatabase } from "../../run/places";
import type { HypertableRequest, ObservedTable } from "./observe";
import { planCreateSchema } from "./schemas";
import { requestedName, type Compression, type HypertableState } from "./tables";

/** The statements by which a table gets further nodes. */
export function planAttach(
    cluster: ClusterState,
    { nodes, compression }: HypertableState,
    wanted: readonly string[],
    inputs: DistributedHypertableInputs,
): Statement[] {
    const added = wanted.filter((node) => !nodes.includes(node));
    if (added.length === 0) {
        return [];
    }
    const { schema, tableName, numberPartitions } = inputs;
    const table = requestedName(inputs);
    return [
        // On the access node the schema is there by now, with the table in it.
        ...planCreateSchema(cluster, added, inputs, true),
        ...added.map((node) => ({
            name: `attach data node ${node}`,
            why: `${schema}.${tableName} is not on ${node}`,
            sql: `SELECT FROM ${functionOf(cluster, "attach_data_node")}(
    node_name => $1::name, hypertable => $2::regclass, repartition => $3::boolean)`,
            values: [node, table, numberPartitions === undefined],
            explains: {
                [SQLSTATE.DUPLICATE_TABLE]: {
                    code: "ALREADY_EXISTS" as const,
                    reason: `data node "${node}" still holds a table ${table} of its own`,
                    remedy:
                        `A detached data node keeps its table. See what is in it, then drop it in the cluster's ` +
                        `database on that server: SET timescaledb.enable_client_ddl_on_data_nodes = on; ` +
                        `DROP TABLE ${table}`,
                },
            },
        })),
        ...(compression === null ? [] : [compress(cluster, added, compression, table)]),
    ];
}

/** Attaching does not carry the compression settings over, and then new chunks there are never compressed. */
function compress(
    cluster: ClusterState,
    nodes: readonly string[],
    { segmentBy, orderBy }: Compression,
    table: string,
): Statement {
    const settings = [
        "timescaledb.compress",
        ...(segmentBy === null ? [] : [`timescaledb.compress_segmentby = ${literal(segmentBy)}`]),
        ...(orderBy === null ? [] : [`timescaledb.compress_orderby = ${literal(orderBy)}`]),
    ];
    return {
        name: `set compression on ${nodes.join(", ")}`,
        why: "new data nodes do not know how the table is compressed",
        sql: `CALL ${functionOf(cluster, "distributed_exec")}($1::text, $2::text[]::name[])`,
        values: [`ALTER TABLE ${table} SET (${settings.join(", ")})`, nodes],
    };
}

/** How a table leaves nodes. */
export interface Detachment {
    /** Moves of chunks, which come first and cannot be in a transaction. */
    readonly moves: readonly Step[];
    readonly detach: readonly Statement[];
    readonly warnings: readonly string[];
}

/**
 * How a table leaves the nodes that it is on and that are not requested.
 *
 * @throws LAST_COPY where a node that leaves has the only copy of some chunk, and its chunks may not be moved
 */
export function planDetach({
    cluster,
    observed: { table, contents, alive },
    nodes: wanted,
    request: { inputs, last },
}: {
    readonly cluster: ClusterState;
    readonly observed: ObservedTable;
    readonly nodes: readonly string[];
    readonly request: HypertableRequest;
}): Detachment {
    const { nodes } = table.hypertable;
    const leaving = nodes.filter((node) => !wanted.includes(node));
    const targets = new Set(nodes.filter((node) => wanted.includes(node) && alive.has(node)));
    const moves = leaving.flatMap((node) => {
        const soleChunks = contents.soleChunks.filter((chunk) => chunk.node === node);
        const cutMoves = contents.cutMoves.filter(({ from }) => from === node);
        if (soleChunks.length === 0) {
            return [];
        }
        if ((inputs.nodes[node] ?? last?.nodes[node])?.drainOnDelete !== true) {
            const { length } = soleChunks;
            const holding = { schema: table.schema, table: table.name, partitions: null, nodes: nodes.length };
            throw lastCopyError(
                node,
                { tables: [{ ...holding, chunks: length, soleChunks: length }] },
                `Set drainOnDelete: true on data node ${node} and run \`pulumi up\` before you take it off the table`,
            );
        }
        return planDrain(accessDatabase(inputs.accessNode), cluster, node, { soleChunks, cutMoves }, targets);
    });
    const canDropRemote = supports("detachDropRemoteData", cluster.versions);
    return {
        moves,
        detach: leaving.map((node) => {
            const dropRemote = canDropRemote && alive.has(node) ? ", drop_remote_data => true" : "";
            return {
                name: `detach data node ${node}`,
                why: `${inputs.schema}.${inputs.tableName} is not requested on ${node}`,
                sql: `SELECT ${functionOf(cluster, "detach_data_node")}(
    node_name => $1::name, hypertable => $2::regclass, force => true, repartition => $3::boolean${dropRemote})`,
                values: [node, requestedName(inputs), inputs.numberPartitions === undefined],
            };
        }),
        warnings: leaving
            .filter((node) => !alive.has(node) || !canDropRemote)
            .map((node) => `table "${table.schema}.${table.name}" stays on data node "${node}"`),
    };
}
