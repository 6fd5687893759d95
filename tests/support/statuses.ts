/** Clusters as their status tells them: one that is well, and one with every trouble that there is. */
import type { ClusterStatus, HypertableStatus, NodeStatus } from "../../provider/engines/status/status";

const access: NodeStatus = {
    name: "access node",
    role: "access node",
    address: "access.example.com:5432",
    database: "metrics",
    answers: "provider",
    failure: null,
    postgresVersion: "16.4",
    timescaledbVersion: null,
    available: true,
    shards: null,
    chunks: null,
    approximateRows: null,
    bytes: null,
};

const node = (number: number, change: Partial<NodeStatus> = {}): NodeStatus => ({
    ...access,
    name: `dn${number}`,
    role: "data node",
    address: `data${number}.example.com:5432`,
    shards: 8,
    approximateRows: 22_000,
    bytes: 5_452_595,
    ...change,
});

const table = (name: string, bytes: readonly number[]): HypertableStatus => {
    const nodes = bytes.map((size, at) => ({
        name: `dn${at + 1}`,
        shards: 4,
        chunks: null,
        approximateRows: 11_160,
        bytes: size,
    }));
    return {
        schema: "public",
        table: name,
        replicationFactor: 1,
        shards: 8,
        chunks: null,
        approximateRows: 22_320,
        bytes: bytes.reduce((sum, size) => sum + size, 0),
        nodes,
    };
};

/** All is well. */
export const HEALTHY_STATUS: ClusterStatus = {
    takenAt: "2026-11-24T12:00:00.000Z",
    engine: "fdw",
    clusterId: "5c1",
    database: "metrics",
    nodes: [access, node(1), node(2)],
    hypertables: [table("conditions", [4_000_000, 3_000_000]), table("events", [1_452_595, 1_152_595])],
    underReplicated: { count: 0, chunks: [] },
    inDoubt: [],
    drift: [],
};

/** Nothing is. */
export const TROUBLED_STATUS: ClusterStatus = {
    ...HEALTHY_STATUS,
    engine: "multinode",
    nodes: [
        access,
        node(1, { available: false }),
        node(2, {
            answers: null,
            failure: "connect ECONNREFUSED data2.example.com:5432",
            approximateRows: null,
            bytes: null,
        }),
    ],
    underReplicated: {
        count: 3,
        chunks: [1, 2, 3].map((number) => ({
            chunk: `_timescaledb_internal._dist_hyper_1_${number}_chunk`,
            copies: 1,
            wanted: 2,
        })),
    },
    inDoubt: [{ node: "dn1", transaction: "ts-1-731-16500-10", preparedAt: "2026-11-24T11:58:12.5+00:00" }],
    drift: [
        {
            node: "dn1",
            object: "table public.conditions",
            what: "the access node knows 12 chunks here, the node has 11",
        },
        { node: "dn2", object: "database metrics", what: "it does not exist any more" },
    ],
};
