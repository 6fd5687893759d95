/** How a cluster of TimescaleDB's multi-node is: one query on the access node, and one on each data node at once. */
import { ProviderError } from "../../../errors";
import { isNoDatabase, SQLSTATE, sqlStateOf } from "../../../postgres/sqlState";
import { readMarker } from "../../marks/marker";
import { ACCESS, type Servers } from "../../run/servers";
import {
    attempt,
    nodeHead,
    sum,
    sumHeld,
    UNKNOWN_HELD,
    withRegistered,
    type ClusterStatus,
    type DriftItem,
    type Held,
    type HypertableStatus,
    type InDoubtTransaction,
    type NodeStatus,
    type RegisteredNode,
} from "../../status/status";
import { askThroughAccessNode, type SeenThrough } from "./through";
import { ACCESS_STATUS, NODE_STATUS } from "./sql";

/** One distributed hypertable in the access node's catalogue. */
interface AccessTable {
    readonly id: number;
    readonly schema: string;
    readonly name: string;
    readonly replicationFactor: number;
    readonly chunks: number;
    readonly underReplicated: number;
    readonly nodes: readonly { readonly name: string; readonly chunks: number; readonly ids: string }[];
}

/** The access node's answer. */
export interface AccessAnswer {
    readonly postgres: string;
    readonly timescaledb: string;
    readonly uuid: string;
    readonly nodes: readonly (RegisteredNode & { readonly available: boolean; readonly comment: string | null })[];
    readonly tables: readonly AccessTable[];
    readonly underReplicated: ClusterStatus["underReplicated"]["chunks"];
}

/** One hypertable on a data node. */
interface NodeTable {
    readonly schema: string;
    readonly name: string;
    readonly chunks: number;
    /** The sum of the chunks' ids: another set of as many chunks shows by it. */
    readonly ids: string;
    readonly rows: number;
    readonly bytes: number;
}

interface NodeAnswer {
    readonly postgres: string;
    readonly timescaledb: string;
    readonly distUuid: string | null;
    readonly tables: readonly NodeTable[];
    readonly prepared: readonly { readonly transaction: string; readonly preparedAt: string }[];
}

type Node = AccessAnswer["nodes"][number];

/** What came of asking a data node. */
type Found = NodeAnswer | ProviderError;

/** Reads how a cluster is. */
export async function status(given: Servers): Promise<ClusterStatus> {
    const access = await readAccess(given);
    const servers = withRegistered(given, access.nodes);
    const found = new Map(
        await Promise.all(
            access.nodes.map(async ({ name }) => [name, await attempt(() => readNode(servers, name))] as const),
        ),
    );
    const silent = access.nodes.filter(({ name }) => found.get(name) instanceof ProviderError).map(({ name }) => name);
    const through = await askThroughAccessNode(servers, access, silent);
    const hypertables = access.tables.map((table) => hypertable(table, found, through));
    return {
        takenAt: new Date().toISOString(),
        engine: "multinode",
        clusterId: access.uuid,
        database: servers.access.database,
        nodes: [
            {
                ...nodeHead(ACCESS, "access node", servers.access),
                ...UNKNOWN_HELD,
                answers: "provider",
                failure: null,
                postgresVersion: access.postgres,
                timescaledbVersion: access.timescaledb,
                available: true,
            },
            ...access.nodes.map((node) => nodeStatus(servers, node, found.get(node.name), through, hypertables)),
        ],
        hypertables,
        underReplicated: {
            count: access.tables.reduce((total, table) => total + table.underReplicated, 0),
            chunks: access.underReplicated,
        },
        inDoubt: [...found].flatMap(([node, answer]) => inDoubt(node, answer)),
        drift: [
            ...access.nodes.flatMap((node) => nodeDrift(access, node, found.get(node.name))),
            ...unregistered(given, access),
        ],
    };
}

async function readAccess(servers: Servers): Promise<AccessAnswer> {
    const [row] = await servers.on(servers.cluster(ACCESS), (session) =>
        session.query<{ status: AccessAnswer }>(ACCESS_STATUS),
    );
    if (row === undefined) {
        throw new Error("the access node told nothing of itself");
    }
    return row.status;
}

async function readNode(servers: Servers, name: string): Promise<NodeAnswer> {
    const [row] = await servers.on(servers.cluster(name), (session) =>
        session.query<{ status: NodeAnswer }>(NODE_STATUS),
    );
    if (row === undefined) {
        throw new Error(`${name} told nothing of itself`);
    }
    return row.status;
}

function hypertable(
    table: AccessTable,
    found: ReadonlyMap<string, Found | undefined>,
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

function nodeStatus(
    servers: Servers,
    node: Node,
    answer: Found | undefined,
    through: ReadonlyMap<string, SeenThrough>,
    hypertables: readonly HypertableStatus[],
): NodeStatus {
    const held = sumHeld(hypertables.flatMap(({ nodes }) => nodes.filter(({ name }) => name === node.name)));
    const head = nodeHead(node.name, "data node", servers.find(node.name) ?? servers.access);
    const rest = { ...held, shards: null, available: node.available };
    if (answer === undefined || answer instanceof ProviderError) {
        return {
            ...head,
            ...rest,
            answers: hasAnswered(answer) ? "provider" : through.has(node.name) ? "access node" : null,
            failure: answer?.reason ?? null,
            postgresVersion: null,
            timescaledbVersion: null,
        };
    }
    return {
        ...head,
        ...rest,
        answers: "provider",
        failure: null,
        postgresVersion: answer.postgres,
        timescaledbVersion: answer.timescaledb,
    };
}

function findTable(answer: NodeAnswer | undefined, { schema, name }: AccessTable): NodeTable | undefined {
    return answer?.tables.find((table) => table.schema === schema && table.name === name);
}

/** A server that refuses the query has answered: its database, or TimescaleDB in it, is gone. */
function hasAnswered(error: ProviderError | undefined): boolean {
    return isGone(error) || isBare(error);
}

const isGone = (error: ProviderError | undefined): boolean => isNoDatabase(error);
const isBare = (error: ProviderError | undefined): boolean =>
    ([SQLSTATE.INVALID_SCHEMA_NAME, SQLSTATE.UNDEFINED_TABLE] as unknown[]).includes(sqlStateOf(error));

function inDoubt(node: string, answer: Found | undefined): InDoubtTransaction[] {
    return answer === undefined || answer instanceof ProviderError
        ? []
        : answer.prepared.map((prepared) => ({ node, ...prepared }));
}

function nodeDrift(access: AccessAnswer, node: Node, answer: Found | undefined): DriftItem[] {
    const item = (object: string, what: string): DriftItem => ({ node: node.name, object, what });
    const database = `database ${node.database}`;
    const mark = readMarker(node.comment);
    const drift: DriftItem[] = [];
    if (mark !== undefined && mark.cluster !== access.uuid) {
        drift.push(item(`data node ${node.name}`, `its mark names the cluster ${mark.cluster ?? "(none)"}`));
    }
    if (answer === undefined || answer instanceof ProviderError) {
        return [
            ...drift,
            ...(isGone(answer) ? [item(database, "it does not exist any more")] : []),
            ...(isBare(answer) ? [item(database, "it has no TimescaleDB any more")] : []),
        ];
    }
    if (answer.distUuid !== access.uuid) {
        drift.push(item(database, `it belongs to ${answer.distUuid === null ? "no cluster" : answer.distUuid}`));
    }
    for (const table of access.tables) {
        const attached = table.nodes.find(({ name }) => name === node.name);
        const object = `table ${table.schema}.${table.name}`;
        const own = findTable(answer, table);
        if (attached === undefined) {
            continue;
        }
        if (own === undefined) {
            drift.push(item(object, "it is attached here, and the node does not have it"));
        } else if (own.chunks !== attached.chunks || own.ids !== attached.ids) {
            drift.push(
                item(object, `the access node knows ${attached.chunks} chunks here, the node has ${own.chunks}`),
            );
        }
    }
    const known = (name: string, schema: string): boolean =>
        access.tables.some((table) => table.name === name && table.schema === schema);
    return [
        ...drift,
        ...answer.tables
            .filter(({ name, schema }) => !known(name, schema))
            .map(({ name, schema }) => item(`table ${schema}.${name}`, "the access node has no such hypertable")),
    ];
}

function unregistered({ nodes }: Servers, access: AccessAnswer): DriftItem[] {
    return Object.keys(nodes)
        .filter((name) => !access.nodes.some((node) => node.name === name))
        .map((node) => ({ node, object: `data node ${node}`, what: "it is not registered on the access node" }));
}
