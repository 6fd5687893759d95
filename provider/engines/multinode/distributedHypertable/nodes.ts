/** The data nodes that a table is on. */
import { identifier, literal } from "../../../postgres/sql";
import { supports } from "../../versions/capabilities";
import type { Step } from "../../step";
import type { Place } from "../../run/servers";
import type { ObservedTable, TableStep } from "./alter";
import { functionOf, markerOf, type ClusterState } from "../cluster";
import type { HypertableRequest } from ".";
import { lastCopyError, planDrain } from "../dataNode/drain";
import { requestedName } from "./names";
import { planCreateSchema } from "./schemas";
import type { Compression, HypertableState } from "./tables";

const DUPLICATE_TABLE = "42P07";

/** The steps by which a table gets further nodes. */
export function planAttach(
    cluster: ClusterState,
    { nodes, compression }: HypertableState,
    wanted: readonly string[],
    { inputs }: HypertableRequest,
): TableStep[] {
    const added = wanted.filter((node) => !nodes.includes(node));
    if (added.length === 0) {
        return [];
    }
    const { schema, tableName } = inputs;
    // The schema is there on the access node by now, with the table in it.
    const found = { name: schema, comment: null, marker: undefined, isEmpty: false };
    return [
        ...planCreateSchema(cluster, schema, found, added, markerOf(cluster, inputs)),
        ...added.map((node) => ({
            name: "attachDataNode",
            why: `${schema}.${tableName} is not on ${node}`,
            sql: `SELECT FROM ${functionOf(cluster, "attach_data_node")}(
    node_name => $1::name, hypertable => $2::regclass, repartition => $3::boolean)`,
            values: [node, requestedName(inputs), inputs.numberPartitions === undefined],
            explains: {
                [DUPLICATE_TABLE]: {
                    code: "ALREADY_EXISTS" as const,
                    reason: `data node "${node}" still holds a table ${requestedName(inputs)} of its own`,
                    remedy:
                        `A detached data node keeps its table. See what is in it, then drop it in the cluster's ` +
                        `database on that server: SET timescaledb.enable_client_ddl_on_data_nodes = on; ` +
                        `DROP TABLE ${requestedName(inputs)}`,
                },
            },
        })),
        ...(compression === null ? [] : [compress(cluster, added, compression, requestedName(inputs))]),
    ];
}

/** Attaching does not carry the compression settings over, and then new chunks there are never compressed. */
function compress(
    cluster: ClusterState,
    nodes: readonly string[],
    { segmentBy, orderBy }: Compression,
    table: string,
): TableStep {
    const settings = [
        "timescaledb.compress",
        ...(segmentBy === null ? [] : [`timescaledb.compress_segmentby = ${literal(segmentBy)}`]),
        ...(orderBy === null ? [] : [`timescaledb.compress_orderby = ${literal(orderBy)}`]),
    ];
    return {
        name: "distributedExec",
        why: "new data nodes do not know how the table is compressed",
        sql: `CALL ${functionOf(cluster, "distributed_exec")}($1::text, $2::text[]::name[])`,
        values: [`ALTER TABLE ${table} SET (${settings.join(", ")})`, nodes],
    };
}

/**
 * The steps by which a table leaves nodes; `before` moves chunks, which cannot be done in a transaction.
 *
 * @throws LAST_COPY where a node that leaves is alone with some chunk and its chunks are not to move
 */
export function planDetach(
    on: Place,
    cluster: ClusterState,
    { table, contents, alive }: ObservedTable,
    { nodes }: HypertableState,
    wanted: readonly string[],
    { inputs, last }: HypertableRequest,
): { readonly before: Step[]; readonly steps: TableStep[]; readonly warnings: string[] } {
    const leaving = nodes.filter((node) => !wanted.includes(node));
    const moves = leaving.flatMap((node) => {
        const soleChunks = contents.soleChunks.filter((chunk) => chunk.node === node);
        const cutMoves = contents.cutMoves.filter(({ from }) => from === node);
        if (soleChunks.length === 0) {
            return [];
        }
        if ((inputs.nodes[node] ?? last?.nodes[node])?.drainOnDelete !== true) {
            const held = { schema: table.schema, table: table.name, partitions: null, nodes: nodes.length };
            const counts = { ...held, chunks: soleChunks.length, soleChunks: soleChunks.length };
            throw lastCopyError(
                node,
                { tables: [counts] },
                `Set drainOnDelete: true on data node ${node} and run \`pulumi up\` before you take it off the table`,
            );
        }
        const targets = new Set(nodes.filter((name) => wanted.includes(name) && alive.has(name)));
        return planDrain(on, cluster, node, { soleChunks, cutMoves }, targets);
    });
    const canDropRemote = supports("detachDropRemoteData", cluster.versions);
    return {
        before: moves,
        steps: leaving.map((node) => ({
            name: "detachDataNode",
            why: `${inputs.schema}.${inputs.tableName} is not requested on ${node}`,
            sql:
                `SELECT ${functionOf(cluster, "detach_data_node")}(
    node_name => $1::name, hypertable => $2::regclass, force => true, repartition => $3::boolean` +
                `${canDropRemote && alive.has(node) ? ", drop_remote_data => true" : ""})`,
            values: [node, requestedName(inputs), inputs.numberPartitions === undefined],
        })),
        warnings: leaving
            .filter((node) => !alive.has(node) || !canDropRemote)
            .map((node) => `table ${identifier(table.name)} stays on data node "${node}"`),
    };
}
