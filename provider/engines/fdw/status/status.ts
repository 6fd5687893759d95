/** How a cluster of the fdw engine is: one query on the access node, and one on each data node at once. */
import { ProviderError } from "../../../errors";
import { isNoDatabase } from "../../../postgres/sqlState";
import { readMarker, type Marker } from "../../marks/marker";
import { ACCESS, type Servers } from "../../run/servers";
import {
    attempt,
    nodeHead,
    sumHeld,
    UNKNOWN_HELD,
    withRegistered,
    type ClusterStatus,
    type Held,
    type HypertableStatus,
    type NodeStatus,
    type RegisteredNode,
} from "../../status/status";
import { partOf, type Part } from "../distributedHypertable/parts";
import type { TableName } from "../../tables/names";
import { driftOf } from "./drift";
import { ACCESS_STATUS, COMPRESSED, NODE_STATUS } from "./sql";

/** A marked object. */
export interface Marked extends TableName {
    readonly kind: string;
    readonly marker: Marker;
    readonly part: Part | undefined;
}

/** A marked object on the access node; the last three where it is a partition or a foreign table. */
export interface AccessObject extends Marked {
    readonly parent: TableName | null;
    readonly server: string | null;
    readonly target: TableName;
}

/** A marked object on a data node. */
export interface NodeObject extends Marked {
    /** Whether rows that belong elsewhere are refused. */
    readonly guarded: boolean;
    /** null: it is no table. */
    readonly rows: number | null;
    readonly bytes: number | null;
    readonly chunks: number | null;
}

/** The access node's side. */
export interface AccessSide {
    readonly postgres: string;
    readonly timescaledb: string | null;
    readonly comment: string | null;
    readonly nodes: readonly (RegisteredNode & { readonly comment: string | null })[];
    readonly objects: readonly AccessObject[];
}

/** A data node's side. */
export interface NodeSide {
    readonly postgres: string;
    readonly timescaledb: string | null;
    readonly comment: string | null;
    readonly objects: readonly NodeObject[];
}

/** What came of asking the data nodes. */
export type Sides = ReadonlyMap<string, NodeSide | ProviderError>;

type Commented<T extends Marked> = Omit<T, "marker" | "part"> & { readonly comment: string };
type AccessRow = Omit<AccessSide, "objects"> & { readonly relations: readonly Commented<AccessObject>[] };
type NodeRow = Omit<NodeSide, "objects"> & { readonly relations: readonly Commented<NodeObject>[] };

/** Reads how a cluster is. */
export async function status(given: Servers): Promise<ClusterStatus> {
    const access = await readAccess(given);
    const servers = withRegistered(given, access.nodes);
    const names = [...new Set([...access.nodes.map(({ name }) => name), ...Object.keys(given.nodes)])].sort();
    const sides: Sides = new Map(
        await Promise.all(names.map(async (name) => [name, await attempt(() => readNode(servers, name))] as const)),
    );
    const hypertables = access.objects
        .filter(({ part }) => part?.kind === "table")
        .map((table) => hypertable(table, access, sides));
    return {
        takenAt: new Date().toISOString(),
        engine: "fdw",
        clusterId: readMarker(access.comment)?.cluster ?? null,
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
            ...names.map((name) => nodeStatus(servers, access, name, sides.get(name), hypertables)),
        ],
        hypertables,
        // The engine has no copies, and no transactions that are prepared.
        underReplicated: { count: 0, chunks: [] },
        inDoubt: [],
        drift: driftOf(access, sides),
    };
}

/** Whether a data node's database does not exist: then its server has answered. */
export function isDatabaseGone(side: NodeSide | ProviderError | undefined): boolean {
    return side instanceof ProviderError && isNoDatabase(side);
}

async function readAccess(servers: Servers): Promise<AccessSide> {
    const [row] = await servers.on(servers.cluster(ACCESS), (session) =>
        session.query<{ status: AccessRow }>(ACCESS_STATUS),
    );
    if (row === undefined) {
        throw new Error("the access node told nothing of itself");
    }
    const { relations, ...rest } = row.status;
    return { ...rest, objects: relations.flatMap(withMark) };
}

async function readNode(servers: Servers, name: string): Promise<NodeSide> {
    return servers.on(servers.cluster(name), async (session) => {
        const [row] = await session.query<{ status: NodeRow }>(NODE_STATUS);
        if (row === undefined) {
            throw new Error(`${name} told nothing of itself`);
        }
        const { relations, ...rest } = row.status;
        const objects = relations.flatMap(withMark);
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

function withMark<T extends { readonly comment: string }>(
    object: T,
): (T & { marker: Marker; part: Part | undefined })[] {
    const marker = readMarker(object.comment);
    return marker === undefined ? [] : [{ ...object, marker, part: partOf(marker) }];
}

function hypertable(table: AccessObject, { objects }: AccessSide, sides: Sides): HypertableStatus {
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

function nodeStatus(
    servers: Servers,
    access: AccessSide,
    name: string,
    side: NodeSide | ProviderError | undefined,
    hypertables: readonly HypertableStatus[],
): NodeStatus {
    const held = sumHeld(hypertables.flatMap(({ nodes }) => nodes.filter((node) => node.name === name)));
    const registered = access.nodes.find((node) => node.name === name);
    const common = {
        ...nodeHead(name, "data node", servers.find(name) ?? servers.access),
        ...held,
        available: readMarker(registered?.comment)?.available !== false,
    };
    return side === undefined || side instanceof ProviderError
        ? {
              ...common,
              answers: isDatabaseGone(side) ? "provider" : null,
              failure: side?.reason ?? null,
              postgresVersion: null,
              timescaledbVersion: null,
          }
        : {
              ...common,
              answers: "provider",
              failure: null,
              postgresVersion: side.postgres,
              timescaledbVersion: side.timescaledb,
          };
}
