import * as pulumi from "@pulumi/pulumi";
import type { EngineName } from "../engines/inputs";
import { connectionUrl } from "../postgres/url";
import type { SslMode } from "../postgres/connection";
import { AccessNode, type AccessNodeArgs } from "./accessNode";
import { DataNode, type DataNodeArgs } from "./dataNode";
import { DistributedHypertable, type DistributedHypertableArgs } from "./distributedHypertable";

/** Resource options that one child of a {@link TimescaleCluster} may have of its own. */
export type ChildOptions = Omit<pulumi.CustomResourceOptions, "parent">;

/** One data node of a {@link TimescaleCluster}: what a DataNode takes, without what the cluster knows. */
export interface ClusterDataNodeArgs extends Omit<DataNodeArgs, "accessNode" | "nodeName"> {
    /** Options of the child. Example: `{ protect: true }`. */
    options?: ChildOptions;
}

/** One table of a {@link TimescaleCluster}: what a DistributedHypertable takes, without what the cluster knows. */
export interface ClusterHypertableArgs extends Omit<DistributedHypertableArgs, "accessNode" | "dataNodes"> {
    /** Names of data nodes. Default: all of the cluster. */
    dataNodes?: string[];
    /** Options of the child. */
    options?: ChildOptions;
}

/** How clients reach the cluster, where it differs from how the provider does. */
export interface ClientsArgs {
    host?: pulumi.Input<string>;
    port?: pulumi.Input<number>;
    user?: pulumi.Input<string>;
    password?: pulumi.Input<string>;
    sslMode?: pulumi.Input<SslMode>;
}

/** The inputs of a {@link TimescaleCluster}. */
export interface TimescaleClusterArgs extends AccessNodeArgs {
    /** The data nodes by name. A name more or less attaches or removes a node. */
    dataNodes: Record<string, ClusterDataNodeArgs>;
    /** The tables by name. Default: none. */
    hypertables?: Record<string, ClusterHypertableArgs>;
    /** Default: as the provider reaches the access node. */
    clients?: ClientsArgs;
    /** Options of the access node's resource. */
    accessNodeOptions?: ChildOptions;
}

/**
 * A whole cluster from one description: the access node, the data nodes, the tables. Each is a resource of its own below
 * this one, with its own preview, refresh and replacement, and is called `<name>-access`, `<name>-<node>`,
 * `<name>-<table>`.
 *
 * @see docs/resources/timescale-cluster.md
 */
export class TimescaleCluster extends pulumi.ComponentResource {
    /** @internal */
    static readonly __pulumiType = "timescaledb:index:TimescaleCluster";

    readonly accessNode: AccessNode;
    /** By name. */
    readonly dataNodes: Readonly<Record<string, DataNode>>;
    /** By the names that they have in the arguments. */
    readonly hypertables: Readonly<Record<string, DistributedHypertable>>;

    /** For clients; known once the access node and all data nodes and tables are there. A secret, for it holds the password. */
    readonly connectionUrl: pulumi.Output<string>;
    readonly database: pulumi.Output<string>;
    readonly engine: pulumi.Output<EngineName>;
    readonly clusterId: pulumi.Output<string>;
    readonly dataNodeNames: pulumi.Output<string[]>;
    /** The tables as `schema.table`, by the names that they have in the arguments. */
    readonly tables: pulumi.Output<Record<string, string>>;

    constructor(name: string, args: TimescaleClusterArgs, opts?: pulumi.ComponentResourceOptions) {
        super(TimescaleCluster.__pulumiType, name, {}, opts);
        const { dataNodes, hypertables = {}, clients = {}, accessNodeOptions, ...access } = args;
        this.accessNode = new AccessNode(`${name}-access`, access, { ...accessNodeOptions, parent: this });
        this.dataNodes = mapValues(
            dataNodes,
            ({ options, ...node }, nodeName) =>
                new DataNode(
                    `${name}-${nodeName}`,
                    { ...node, nodeName, accessNode: this.accessNode },
                    { ...options, parent: this },
                ),
        );
        this.hypertables = mapValues(
            hypertables,
            ({ options, dataNodes: names, ...table }, tableName) =>
                new DistributedHypertable(
                    `${name}-${tableName}`,
                    {
                        tableName,
                        ...table,
                        accessNode: this.accessNode,
                        dataNodes: (names ?? Object.keys(dataNodes)).map((node) => this.dataNode(node)),
                    },
                    { ...options, parent: this },
                ),
        );
        const children = [this.accessNode, ...Object.values(this.dataNodes), ...Object.values(this.hypertables)];
        // What others build on the outputs must not start before the tables are there.
        const ready = pulumi.all(children.map((child) => child.id));
        const after = <T>(output: pulumi.Output<T>): pulumi.Output<T> =>
            pulumi.all([output, ready]).apply(([value]) => value as T);
        this.database = after(this.accessNode.database);
        this.engine = after(this.accessNode.engine);
        this.clusterId = after(this.accessNode.clusterId);
        this.dataNodeNames = after(pulumi.all(Object.values(this.dataNodes).map(({ nodeName }) => nodeName)));
        this.tables = after(
            pulumi
                .output(mapValues(this.hypertables, ({ schema, tableName }) => ({ schema, tableName })))
                .apply((tables) => mapValues(tables, ({ schema, tableName }) => `${schema}.${tableName}`)),
        );
        this.connectionUrl = pulumi.secret(after(urlOf(this.accessNode, clients)));
        this.registerOutputs({
            connectionUrl: this.connectionUrl,
            database: this.database,
            engine: this.engine,
            clusterId: this.clusterId,
            dataNodeNames: this.dataNodeNames,
            tables: this.tables,
        });
    }

    /** Whether a value is a TimescaleCluster, also one of another copy of this package. */
    static override isInstance(value: unknown): value is TimescaleCluster {
        return (value as { __pulumiType?: unknown } | undefined)?.__pulumiType === TimescaleCluster.__pulumiType;
    }

    private dataNode(name: string): DataNode {
        const found = Object.hasOwn(this.dataNodes, name) ? this.dataNodes[name] : undefined;
        if (found === undefined) {
            throw new pulumi.InputPropertyError({
                propertyPath: "hypertables",
                reason: `expected data nodes out of ${Object.keys(this.dataNodes).join(", ")}, got ${name}`,
            });
        }
        return found;
    }
}

function urlOf({ connection, database }: AccessNode, clients: ClientsArgs): pulumi.Output<string> {
    return pulumi.all([connection, database, pulumi.output(clients)]).apply(([own, name, others]) => {
        const { host, port, user, password, sslMode } = own;
        const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
        return connectionUrl({ host, port, user, password, sslMode, ...given }, name);
    });
}

function mapValues<From, To>(
    record: Readonly<Record<string, From>>,
    make: (value: From, key: string) => To,
): Record<string, To> {
    return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, make(value, key)]));
}
