/** How a cluster of the fdw engine is: one query on the access node, and one on each data node at once. */
import { ProviderError } from "../../../errors";
import { isNoDatabase } from "../../../postgres/sqlState";
import { readMarker } from "../../marks/marker";
import { ACCESS, type Servers } from "../../run/servers";
import { askEach, clusterHead, dataNodeStatus, readDocument, withRegistered, type Answers } from "../../status/read";
import {
    sumHeld,
    UNKNOWN_HELD,
    type ClusterStatus,
    type Held,
    type HypertableStatus,
    type NodeStatus,
} from "../../status/status";
import type { TableName } from "../../tables/names";
import { partOf } from "../distributedHypertable/parts";
import type { AccessObject, AccessSide, Marked, NodeObject, NodeSide } from "./answers";
import { driftOf, isAvailable } from "./drift";
import { ACCESS_STATUS, COMPRESSED, NODE_STATUS } from "./sql";

type Commented<T extends Marked> = Omit<T, "marker" | "part"> & { readonly comment: string };
type AccessRow = Omit<AccessSide, "objects"> & { readonly relations: readonly Commented<AccessObject>[] };
type NodeRow = Omit<NodeSide, "objects"> & { readonly relations: readonly Commented<NodeObject>[] };

type WithMark<T> = T & Pick<Marked, "marker" | "part">;

/** Reads how a cluster is. */
export async function status(given: Servers): Promise<ClusterStatus> {
    const access = withMarks(await readDocument<AccessRow>(given, ACCESS, ACCESS_STATUS));
    const servers = withRegistered(given, access.nodes);
    const names = [...new Set([...access.nodes.map(({ name }) => name), ...Object.keys(given.nodes)])].sort();
    const sides = await askEach(names, (name) => readNode(servers, name));
    const hypertables = access.objects
        .filter(({ part }) => part?.kind === "table")
        .map((table) => hypertable(table, access, sides));
    const { accessNode, ...head } = clusterHead("fdw", readMarker(access.comment)?.cluster ?? null, servers, access);
    const node = (name: string): NodeStatus => {
        const side = sides.get(name);
        const fallback = isNoDatabase(side) ? "provider" : null;
        return dataNodeStatus(servers, name, isAvailable(access, name), hypertables, side, fallback);
    };
    return {
        ...head,
        nodes: [accessNode, ...names.map(node)],
        hypertables,
        // The engine has no copies, and no transactions that are prepared.
        underReplicated: { count: 0, chunks: [] },
        inDoubt: [],
        drift: driftOf(access, sides),
    };
}

async function readNode(servers: Servers, name: string): Promise<NodeSide> {
    return servers.on(servers.cluster(name), async (session) => {
        const { status } = await session.one<{ status: NodeRow }>(NODE_STATUS);
        const { objects, ...rest } = withMarks(status);
        if (rest.timescaledb === null) {
            return { ...rest, objects: objects.map((object) => ({ ...object, chunks: null })) };
        }
        const compressed = await session.query<TableName & { rows: string; bytes: string }>(COMPRESSED);
        return {
            ...rest,
            objects: objects.map((object) => {
                const more = compressed.find((row) => row.schema === object.schema && row.name === object.name);
                return more === undefined || object.rows === null || object.bytes === null
                    ? object
                    : { ...object, rows: object.rows + Number(more.rows), bytes: object.bytes + Number(more.bytes) };
            }),
        };
    });
}

/** A server's answer with the marks read. */
function withMarks<Row extends { readonly relations: readonly { readonly comment: string }[] }>({
    relations,
    ...rest
}: Row): Omit<Row, "relations"> & { readonly objects: readonly WithMark<Row["relations"][number]>[] } {
    return { ...rest, objects: relations.flatMap(withMark) };
}

function withMark<T extends { readonly comment: string }>(object: T): WithMark<T>[] {
    const marker = readMarker(object.comment);
    return marker === undefined ? [] : [{ ...object, marker, part: partOf(marker) }];
}

function hypertable(table: AccessObject, { objects }: AccessSide, sides: Answers<NodeSide>): HypertableStatus {
    const shards = objects.filter(({ part, marker }) => part?.kind === "shard" && marker.urn === table.marker.urn);
    const names = [...new Set(shards.map(({ server }) => server).filter((server) => server !== null))].sort();
    const nodes = names.map((name) => {
        const side = sides.get(name);
        const own = shards.filter(({ server }) => server === name);
        return { name, ...heldOn(side, table.marker.urn, own.length) };
    });
    return {
        schema: table.schema,
        table: table.name,
        replicationFactor: 1,
        ...sumHeld(nodes),
        nodes,
    };
}

function heldOn(side: NodeSide | ProviderError | undefined, urn: string, shards: number): Held {
    if (side === undefined || side instanceof ProviderError) {
        return { ...UNKNOWN_HELD, shards };
    }
    const own = side.objects.filter(({ part, marker }) => part?.kind === "shard" && marker.urn === urn);
    const { chunks, approximateRows, bytes } = sumHeld(
        own.map((shard) => ({ ...shard, shards: null, approximateRows: shard.rows })),
    );
    return { shards, chunks, approximateRows, bytes };
}
