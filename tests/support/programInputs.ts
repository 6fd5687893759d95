/** Inputs of each resource as Pulumi hands them to check: what a program writes, and what the classes add. */
type Values = Record<string, unknown>;

/** The id of the access node of {@link dataNodeInputs} and {@link hypertableInputs}. */
export const CLUSTER_ID = "0b3a6d8e-0000-4000-8000-000000000001";

const ACCESS_NODE = {
    id: CLUSTER_ID,
    connection: { host: "access.example.com", password: "hunter2" },
    database: "multinode",
};

/** The least that an AccessNode is given. */
export function accessNodeInputs(more: Values = {}): Values {
    return { connection: { host: "access.example.com", password: "hunter2" }, database: "multinode", ...more };
}

/** The least that a DataNode is given. */
export function dataNodeInputs(more: Values = {}): Values {
    return { accessNode: ACCESS_NODE, nodeName: "dn1", host: "data1.example.com", ...more };
}

/** A DistributedHypertable as in the tutorial. */
export function hypertableInputs(more: Values = {}): Values {
    return {
        accessNode: ACCESS_NODE,
        tableName: "conditions",
        columns: [
            { name: "time", type: "timestamptz", nullable: false },
            { name: "device", type: "integer" },
            { name: "temp", type: "double precision" },
        ],
        timeColumn: "time",
        partitioningColumn: "device",
        dataNodes: ["dn1", "dn2"],
        nodes: { dn1: { host: "data1.example.com", password: "hunter2" }, dn2: { host: "data2.example.com" } },
        ...more,
    };
}
