/** What a cluster of two data nodes and one table looks like to the plans, all of it as requested. */
import { canonicalColumns } from "../../../../provider/engines/tables/columns";
import type {
    AccessNodeInputs,
    AccessNodeReference,
    DataNodeInputs,
    DistributedHypertableInputs,
} from "../../../../provider/engines/inputs";
import type { Plan } from "../../../../provider/engines/step";
import { withMarker, type Marker } from "../../../../provider/engines/marks/marker";
import type { ObservedAccessNode } from "../../../../provider/engines/multinode/accessNode/observe";
import type { ClusterState, NodeEntry } from "../../../../provider/engines/multinode/cluster";
import type { ObservedDataNode } from "../../../../provider/engines/multinode/dataNode/observe";
import type { ObservedHypertable } from "../../../../provider/engines/multinode/distributedHypertable/observe";
import type { NodeServer } from "../../../../provider/engines/multinode/dataNode/nodeServer";
import { settingsFor } from "../../../../provider/engines/multinode/accessNode/settings";
import type { HypertableState, TableState } from "../../../../provider/engines/multinode/distributedHypertable/tables";
import { NO_DATABASE } from "../../../../provider/engines/marks/database";
import type { Reached, Unreached } from "../../../../provider/engines/run/reach";
import { ProviderError } from "../../../../provider/errors";
import { connectionTo } from "../../../support/connections";

export const CLUSTER = "11111111-1111-4111-8111-111111111111";
export const OTHER_CLUSTER = "99999999-9999-4999-8999-999999999999";
export const newId = "22222222-2222-4222-8222-222222222222";
export const OTHER_URN = "urn:other";

/** The names of a plan's steps. */
export const names = ({ steps }: Plan): string[] => steps.map(({ name }) => name);

/** The mark of a resource of this cluster. */
export const markOf = (urn: string, more: Partial<Marker> = {}): Marker => ({
    cluster: CLUSTER,
    urn,
    engine: "multinode",
    ...more,
});

export const locale = { encoding: "UTF8", collation: "C", characterType: "C" };

/** A database that bears a mark, or none. */
export function databaseState(marker: Marker | undefined): NonNullable<ObservedAccessNode["database"]["database"]> {
    return { owner: "postgres", ...locale, comment: marker ? withMarker(null, marker) : null, marker };
}

/** A data node's entry. */
export function entryOf(name: string, more: Partial<NodeEntry> = {}): NodeEntry {
    const marker = "marker" in more ? more.marker : markOf(`urn:${name}`);
    return {
        name,
        owner: "postgres",
        host: `${name}.example.com`,
        port: 5432,
        database: "metrics",
        available: true,
        options: {},
        comment: marker ? withMarker(null, marker) : null,
        mappings: [],
        ...more,
        marker,
    };
}

/** The cluster with these entries. */
export function clusterOf(nodes: readonly NodeEntry[], timescaledbVersion = "2.13.1"): ClusterState {
    return {
        versions: { engine: "multinode", postgresVersion: "15.18", timescaledbVersion },
        clusterId: CLUSTER,
        schema: "public",
        locale,
        nodes,
    };
}

const common = { forceDestroy: false, adopt: false };

export const accessInputs: AccessNodeInputs = {
    ...common,
    logicalUrn: "urn:access",
    connection: connectionTo("access.example.com"),
    database: "metrics",
    engine: "auto",
    timescaledb: "auto",
};

/** The access node as requested. */
export function accessNodeState(cluster: ClusterState = clusterOf([])): ObservedAccessNode {
    return {
        postgresVersion: "15.18",
        database: { database: databaseState(markOf("urn:access")), provisional: undefined },
        settings: settingsFor(cluster.versions, true),
        mayInsertWithoutCopy: true,
        cluster,
        alive: new Set(cluster.nodes.map(({ name }) => name)),
        objects: [],
        notes: [],
    };
}

export const reference: AccessNodeReference = {
    id: CLUSTER,
    connection: connectionTo("access.example.com"),
    database: "metrics",
};

export const nodeInputs: DataNodeInputs = {
    ...common,
    logicalUrn: "urn:dn1",
    accessNode: reference,
    nodeName: "dn1",
    host: "dn1.example.com",
    port: 5432,
    serverOptions: {},
    bootstrap: true,
    available: true,
    drainOnDelete: false,
    timescaledb: "auto",
};

export const nodeOutputs = {
    ...nodeInputs,
    engine: "multinode" as const,
    clusterId: CLUSTER,
    created: { database: true },
};

/** A node's server that is reached, with the cluster's database on it. */
export function reachedServer(
    marker: Marker | undefined,
    distUuid: string | null,
    hypertables: readonly string[] = [],
): Extract<Reached<NodeServer>, { reachable: true }> {
    return {
        reachable: true,
        postgresVersion: "15.18",
        walLevel: "logical",
        database: { database: databaseState(marker), provisional: undefined },
        contents: { timescaledbVersion: "2.13.1", distUuid, hypertables },
        prepared: [],
    };
}

/** A node's server that is reached and holds nothing. */
export const emptyServer: Reached<NodeServer> = {
    reachable: true,
    postgresVersion: "15.18",
    walLevel: "replica",
    database: NO_DATABASE,
    prepared: [],
};

export const unreached: Unreached = {
    reachable: false,
    cause: new ProviderError("SERVER_UNREACHABLE", "connection refused"),
};

/** Data node dn1 as requested. */
export function dataNodeState(entry: NodeEntry = entryOf("dn1")): ObservedDataNode {
    return {
        cluster: clusterOf([entry, entryOf("dn2")]),
        node: reachedServer(markOf("urn:dn1"), CLUSTER),
        holdings: { tables: [], soleChunks: [], cutMoves: [] },
        alive: new Set(["dn1"]),
    };
}

export const tableInputs: DistributedHypertableInputs = {
    ...common,
    logicalUrn: "urn:t",
    accessNode: reference,
    schema: "public",
    tableName: "conditions",
    columns: [
        { name: "time", type: "timestamptz", nullable: false },
        { name: "device", type: "integer", nullable: true },
        { name: "temp", type: "float8", nullable: true, check: "temp>0" },
    ],
    timeColumn: "time",
    partitioningColumn: "device",
    replicationFactor: 1,
    dataNodes: ["dn1", "dn2"],
    nodes: {},
    createDefaultIndexes: true,
    migrateData: false,
    lastPoint: false,
};

const columns = [
    { name: "time", type: "timestamp with time zone", nullable: false },
    { name: "device", type: "integer", nullable: true },
    {
        name: "temp",
        type: "double precision",
        nullable: true,
        check: { name: "temp_check", expression: "(temp > (0)::double precision)" },
    },
];

const WEEK = "604800000000";

/** What the server makes of {@link tableInputs}. */
export const canonical = { ...canonicalColumns(columns), chunkTimeInterval: WEEK };

export const hypertableState: HypertableState = {
    id: 1,
    replicationFactor: 1,
    associatedSchema: "_timescaledb_internal",
    associatedPrefix: "_dist_hyper_1",
    nodes: ["dn1", "dn2"],
    dimensions: [
        { column: "time", type: "timestamp with time zone", length: WEEK, interval: "7 days", partitions: null },
        { column: "device", type: "integer", length: null, interval: null, partitions: 2 },
    ],
    compression: null,
};

/** The table as requested. */
export function tableState(more: Partial<TableState> = {}): TableState {
    const marker = "marker" in more ? more.marker : markOf("urn:t");
    return {
        schema: "public",
        name: "conditions",
        kind: "r",
        comment: marker ? withMarker(null, marker) : null,
        columns,
        generatedColumns: [],
        keys: [],
        indexes: [],
        hypertable: hypertableState,
        ...more,
        marker,
    };
}

/** What is observed of a table; none: nothing is there. */
export function observedTable(table?: TableState, more: Partial<ObservedHypertable> = {}): ObservedHypertable {
    return {
        cluster: clusterOf([entryOf("dn1"), entryOf("dn2"), entryOf("dn3")]),
        ...(table === undefined ? {} : { table }),
        canonical: table === undefined ? {} : canonical,
        schemas: [{ name: "public", marker: undefined, empty: table === undefined }],
        alive: new Set(table?.hypertable?.nodes),
        // As where the provider has the access node alone.
        inDoubt: { left: [], stranded: [], underWay: ["dn1", "dn2"], unseen: [] },
        contents: { chunks: 0, rows: 0, isMore: false, soleChunks: [], cutMoves: [] },
        ...more,
    };
}

export const tableOutputs = {
    ...tableInputs,
    engine: "multinode" as const,
    hypertableId: "1",
    dimensions: [],
    attachedDataNodes: ["dn1", "dn2"],
    created: { table: true, schema: false },
    canonical,
};
