/**
 * Clusters inside a larger program: the servers come from other resources, two clusters share them, and an application
 * is built on the outputs of the first.
 *
 *     pulumi config set --path 'servers[0].host' access.example.com     # and .port where it is not 5432
 *     pulumi config set --path 'servers[1].host' data1.example.com
 *     pulumi config set --path 'servers[2].host' data2.example.com
 *     pulumi config set --secret password ...
 */
import * as pulumi from "@pulumi/pulumi";
import * as timescaledb from "pulumi-timescaledb";
import { Application } from "./application";
import { Server } from "./server";

interface Machine {
    host: string;
    port?: number;
}

const config = new pulumi.Config();
const password = config.requireSecret("password");
const forceDestroy = config.getBoolean("forceDestroy") ?? false;

const [accessServer, ...dataServers] = config.requireObject<Machine[]>("servers").map(
    (machine, index) =>
        new Server(index === 0 ? "access" : `data${index}`, {
            host: machine.host,
            port: Number(machine.port ?? 5432),
            password,
        }),
);
if (accessServer === undefined) {
    throw new Error("config servers: expected at least one machine");
}

const connectionTo = ({ host, port, password: secret }: Server): timescaledb.ConnectionArgs => ({
    host,
    port,
    password: secret,
});
const nodeOn = (server: Server): timescaledb.ClusterDataNodeArgs => ({
    host: server.host,
    port: server.port,
    password: server.password,
    connection: connectionTo(server),
    // Where `pulumi destroy` ends the machines as well, nothing on them needs to be cleaned up.
    options: { dependsOn: server, ...(config.getBoolean("endsMachines") ? { deletedWith: server } : {}) },
});

const time = { name: "time", type: "timestamptz", nullable: false };

// A cluster as one component. Its children inherit `protect` and its aliases.
const metrics = new timescaledb.TimescaleCluster(
    "metrics",
    {
        connection: connectionTo(accessServer),
        database: "metrics",
        forceDestroy,
        dataNodes: Object.fromEntries(dataServers.map((server, index) => [`dn${index + 1}`, nodeOn(server)])),
        hypertables: {
            conditions: {
                columns: [time, { name: "device", type: "integer" }, { name: "temp", type: "double precision" }],
                timeColumn: "time",
                partitioningColumn: "device",
                forceDestroy,
            },
            events: {
                columns: [time, { name: "device", type: "integer" }, { name: "what", type: "text" }],
                timeColumn: "time",
                partitioningColumn: "device",
                chunkTimeInterval: "1 day",
                schema: "log",
                forceDestroy,
            },
        },
    },
    {
        protect: config.getBoolean("protect") ?? false,
        aliases: [{ name: config.get("formerName") ?? "metrics" }],
    },
);

// A second cluster on the same servers, resource by resource, below a component of the program's own.
class Audit extends pulumi.ComponentResource {
    readonly trail: timescaledb.DistributedHypertable;

    constructor(name: string, access: Server, nodes: Server[], opts?: pulumi.ComponentResourceOptions) {
        super("shop:index:Audit", name, {}, opts);
        // An auditor's rows outlive the stack where the configuration says so.
        const below = { parent: this, retainOnDelete: config.getBoolean("keepAudit") ?? false };
        const accessNode = new timescaledb.AccessNode(
            `${name}-access`,
            { connection: connectionTo(access), database: "audit", forceDestroy },
            below,
        );
        const dataNodes = nodes.map(
            (server, index) =>
                new timescaledb.DataNode(
                    `${name}-dn${index + 1}`,
                    {
                        accessNode,
                        nodeName: `dn${index + 1}`,
                        host: server.host,
                        port: server.port,
                        password: server.password,
                        connection: connectionTo(server),
                    },
                    below,
                ),
        );
        this.trail = new timescaledb.DistributedHypertable(
            `${name}-trail`,
            {
                accessNode,
                dataNodes,
                tableName: "trail",
                columns: [time, { name: "actor", type: "text", nullable: false }, { name: "what", type: "jsonb" }],
                timeColumn: "time",
                partitioningColumn: "actor",
                forceDestroy,
            },
            below,
        );
        this.registerOutputs({});
    }
}

// Only after the first cluster: `dependsOn` a component waits for all that is in it.
const audit = new Audit("audit", accessServer, dataServers, { dependsOn: metrics });

const application = new Application(
    "application",
    { databaseUrl: metrics.connectionUrl, tables: metrics.tables },
    { dependsOn: audit },
);

export const databaseUrl = metrics.connectionUrl;
export const tables = metrics.tables;
export const trail = pulumi.interpolate`${audit.trail.schema}.${audit.trail.tableName}`;
export const environment = application.environment;
export const status = timescaledb
    .getClusterStatusOutput(metrics.accessNode, { dependsOn: Object.values(metrics.hypertables) })
    .apply(({ engine, nodes }) => `${engine}, ${nodes.length} servers`);
