/**
 * A distributed TimescaleDB on three servers of this machine. `npm start` in the repository's root starts the servers
 * and runs this program; nothing in it knows that they are local.
 */
import * as pulumi from "@pulumi/pulumi";
import * as timescaledb from "pulumi-timescaledb";

const config = new pulumi.Config();
const password = config.requireSecret("password");
const [accessPort, ...nodePorts] = config.require("ports").split(",").map(Number);

const access = new timescaledb.AccessNode("access", {
    connection: { host: "127.0.0.1", port: accessPort, password },
    database: "multinode",
});

const dataNodes = nodePorts.map(
    (port, index) =>
        new timescaledb.DataNode(`dn${index + 1}`, { accessNode: access, host: "127.0.0.1", port, password }),
);

new timescaledb.DistributedHypertable("conditions", {
    accessNode: access,
    dataNodes,
    columns: [
        { name: "time", type: "timestamptz", nullable: false },
        { name: "device", type: "integer" },
        { name: "temp", type: "double precision" },
    ],
    timeColumn: "time",
    partitioningColumn: "device",
    // The servers are made for this run: `pulumi destroy` may take the rows with them.
    forceDestroy: true,
});

export const engine = access.engine;
export const clusterId = access.clusterId;
