/** How a cluster of TimescaleDB's multi-node is: one query on the access node, and one on each data node at once. */
import { ProviderError } from "../../../errors";
import { isNoDatabase } from "../../../postgres/sqlState";
import { ACCESS, type Servers } from "../../run/servers";
import { askEach, clusterHead, dataNodeStatus, readDocument, withRegistered, type Answers } from "../../status/read";
import {
    sum,
    type ClusterStatus,
    type Held,
    type HypertableStatus,
    type InDoubtTransaction,
    type NodeStatus,
} from "../../status/status";
import { findTable, type AccessAnswer, type AccessTable, type Found, type Node, type NodeAnswer } from "./answers";
import { driftOf, isBare } from "./drift";
import { ACCESS_STATUS, NODE_STATUS } from "./sql";
import { askThroughAccessNode, type SeenThrough } from "./through";

/** Reads how a cluster is. */
export async function status(given: Servers): Promise<ClusterStatus> {
    const access = await readDocument<AccessAnswer>(given, ACCESS, ACCESS_STATUS);
    const servers = withRegistered(given, access.nodes);
    const names = access.nodes.map(({ name }) => name);
    const found = await askEach(names, (name) => readDocument<NodeAnswer>(servers, name, NODE_STATUS));
    const silent = names.filter((name) => found.get(name) instanceof ProviderError);
    const through = await askThroughAccessNode(servers, access, silent);
    const hypertables = access.tables.map((table) => hypertable(table, found, through));
    const { accessNode, ...head } = clusterHead("multinode", access.uuid, servers, access);
    const node = ({ name, available }: Node): NodeStatus => {
        const answer = found.get(name);
        // A server that refuses the query has answered: its database, or TimescaleDB in it, is gone.
        const hasAnswered = isNoDatabase(answer) || isBare(answer);
        const fallback = hasAnswered ? "provider" : through.has(name) ? "access node" : null;
        const known = dataNodeStatus(servers, name, available, hypertables, answer, fallback);
        return { ...known, shards: null };
    };
    return {
        ...head,
        nodes: [accessNode, ...access.nodes.map(node)],
        hypertables,
        underReplicated: {
            count: access.tables.reduce((total, table) => total + table.underReplicated, 0),
            chunks: access.underReplicated,
        },
        inDoubt: [...found].flatMap(([name, answer]) => inDoubt(name, answer)),
        drift: driftOf(given, access, found),
    };
}

function hypertable(
    table: AccessTable,
    found: Answers<NodeAnswer>,
    through: ReadonlyMap<string, SeenThrough>,
): HypertableStatus {
    const nodes = table.nodes.map(({ name, chunks }) => {
        const answer = found.get(name);
        const own = answer instanceof ProviderError ? undefined : findTable(answer, table);
        const known: Held = {
            shards: null,
            // What the access node has in its catalogue, where the node itself cannot be asked.
            chunks: own?.chunks ?? chunks,
            approximateRows: own?.rows ?? null,
            bytes: own?.bytes ?? through.get(name)?.bytes.get(table.id) ?? null,
        };
        return { name, ...known };
    });
    const copies = table.nodes.reduce((total, node) => total + node.chunks, 0);
    const rows = sum(nodes.map(({ approximateRows }) => approximateRows));
    return {
        schema: table.schema,
        table: table.name,
        replicationFactor: table.replicationFactor,
        shards: null,
        chunks: table.chunks,
        // Every copy of a chunk counts its rows.
        approximateRows: rows === null || copies === 0 ? rows : Math.round((rows * table.chunks) / copies),
        bytes: sum(nodes.map(({ bytes }) => bytes)),
        nodes,
    };
}

function inDoubt(node: string, answer: Found): InDoubtTransaction[] {
    return answer instanceof ProviderError ? [] : answer.prepared.map((prepared) => ({ node, ...prepared }));
}
