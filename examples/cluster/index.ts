/**
 * A distributed TimescaleDB on servers that you have: one access node, any number of data nodes, one table.
 *
 *     pulumi config set accessHost access.example.com
 *     pulumi config set dataNodes '[{"name": "dn1", "host": "data1.example.com"}]'
 *     pulumi config set --secret password ...
 */
import * as pulumi from "@pulumi/pulumi";
import * as timescaledb from "pulumi-timescaledb";

interface DataNodeConfig {
    name: string;
    host: string;
    port?: number;
}

const config = new pulumi.Config();
const password = config.getSecret("password");

const access = new timescaledb.AccessNode("access", {
    connection: {
        host: config.require("accessHost"),
        port: config.requireNumber("accessPort"),
        user: config.require("user"),
        ...(password === undefined ? {} : { password }),
    },
    database: config.get("database") ?? "multinode",
});

const dataNodes = config.requireObject<DataNodeConfig[]>("dataNodes").map(
    ({ name, host, port }) =>
        new timescaledb.DataNode(name, {
            accessNode: access,
            host,
            port: Number(port ?? 5432),
            ...(password === undefined ? {} : { password }),
        }),
);

const conditions = new timescaledb.DistributedHypertable("conditions", {
    accessNode: access,
    dataNodes,
    columns: [
        { name: "time", type: "timestamptz", nullable: false },
        { name: "device", type: "integer" },
        { name: "temp", type: "double precision" },
    ],
    timeColumn: "time",
    partitioningColumn: "device",
    forceDestroy: config.getBoolean("forceDestroy") ?? false,
});

export const engine = access.engine;
export const clusterId = access.clusterId;
export const table = pulumi.interpolate`${conditions.schema}.${conditions.tableName}`;
export const attachedDataNodes = conditions.attachedDataNodes;
