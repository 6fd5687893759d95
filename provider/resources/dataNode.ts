import * as pulumi from "@pulumi/pulumi";
import type { EngineName, TimescaledbChoice } from "../engines/inputs";
import type { Connection } from "../postgres/connection";
import { accessNodeReference, type AccessNode } from "./accessNode";
import { secretConnection, type ConnectionArgs } from "./connection";
import { dependingOn, TimescaleResource, typeToken } from "./loader";

/**
 * The inputs of a {@link DataNode}. `host`, `port`, `database`, `user`, `password` and `serverOptions` are the access
 * node's way to the data node; `connection` is the provider's.
 */
export interface DataNodeArgs {
    /** The access node that it belongs to. Another one replaces. */
    accessNode: AccessNode;
    /** The node's name on the access node. Default: the resource's name. A change replaces, deleting first. */
    nodeName?: pulumi.Input<string>;
    /** Where the access node finds the server. Example: `"data1.example.com"`. In place (multinode: from 2.9 on). */
    host: pulumi.Input<string>;
    /** Port, as the access node sees it. Default: 5432. In place, likewise. */
    port?: pulumi.Input<number>;
    /** The node's database. Default: the access node's. A change replaces, deleting first. */
    database?: pulumi.Input<string>;
    /** Role that the access node connects as. Default: the access node's user. In place. */
    user?: pulumi.Input<string>;
    /** Password of that role, kept as a secret. Default: none, for trust, a passfile or a certificate. In place. */
    password?: pulumi.Input<string>;
    /** libpq's and, on fdw, postgres_fdw's options, over the provider's own. Example: `{ fetch_size: "5000" }`. In place. */
    serverOptions?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** false: the database is there and prepared. Default: true. Acts only at create. */
    bootstrap?: pulumi.Input<boolean>;
    /** How the provider reaches the server. Default: host and port, with the access node's user, password and TLS. */
    connection?: pulumi.Input<ConnectionArgs>;
    /** false: queries and new rows go past this node. Default: true. In place. */
    available?: pulumi.Input<boolean>;
    /** Moves the node's chunks to other nodes before it is deleted. Default: false. */
    drainOnDelete?: pulumi.Input<boolean>;
    /** fdw: whether the node's database gets the timescaledb extension. Default: `"auto"`. */
    timescaledb?: pulumi.Input<TimescaledbChoice>;
    /** Takes over a database or a registration that exists; delete then keeps it. Default: false. */
    adopt?: pulumi.Input<boolean>;
    /** Lets delete destroy the only copy of rows, and finish with the server gone. Default: false. */
    forceDestroy?: pulumi.Input<boolean>;
}

/**
 * A server that holds part of the rows.
 *
 * @throws PREFLIGHT_FAILED with every failing item, FOREIGN_CLUSTER, NODE_IN_USE; on delete LAST_COPY
 * @see docs/resources/data-node.md
 */
export class DataNode extends TimescaleResource {
    /** @internal */
    static readonly __pulumiType = typeToken("DataNode");

    declare readonly nodeName: pulumi.Output<string>;
    declare readonly host: pulumi.Output<string>;
    declare readonly port: pulumi.Output<number>;
    declare readonly database: pulumi.Output<string | undefined>;
    declare readonly user: pulumi.Output<string | undefined>;
    declare readonly password: pulumi.Output<string | undefined>;
    declare readonly serverOptions: pulumi.Output<Record<string, string>>;
    declare readonly connection: pulumi.Output<Connection | undefined>;
    declare readonly available: pulumi.Output<boolean>;
    declare readonly drainOnDelete: pulumi.Output<boolean>;
    /** The access node's engine. */
    declare readonly engine: pulumi.Output<EngineName>;
    /** The cluster's identity, a uuid. */
    declare readonly clusterId: pulumi.Output<string>;
    /** What was made, and so what delete drops. */
    declare readonly created: pulumi.Output<{ database: boolean }>;
    /** @internal See {@link dataNodeReference}. */
    readonly __reference: pulumi.Inputs;

    constructor(name: string, args: DataNodeArgs, opts?: pulumi.CustomResourceOptions) {
        const { accessNode, ...own } = args;
        const properties = {
            engine: undefined,
            clusterId: undefined,
            created: undefined,
            port: undefined,
            database: undefined,
            user: undefined,
            serverOptions: undefined,
            available: undefined,
            ...own,
            nodeName: args.nodeName ?? name,
            accessNode: accessNodeReference(accessNode),
            password: args.password === undefined ? undefined : pulumi.secret(args.password),
            connection: secretConnection(args.connection),
        };
        super(name, { type: DataNode.__pulumiType, handler: "dataNode", properties }, dependingOn([accessNode], opts));
        this.__reference = reference(this, args);
        children.set(accessNode, [...dataNodesOf(accessNode), this]);
    }

    /** Whether a value is a DataNode, also one of another copy of this package. */
    static override isInstance(value: unknown): value is DataNode {
        return (value as { __pulumiType?: unknown } | undefined)?.__pulumiType === DataNode.__pulumiType;
    }
}

const children = new WeakMap<AccessNode, readonly DataNode[]>();

/** The data nodes that the program made with an AccessNode object so far. */
export function dataNodesOf(accessNode: AccessNode): readonly DataNode[] {
    return children.get(accessNode) ?? [];
}

/**
 * Only outputs that echo inputs, and of these only what the program gave: an output without a value is unknown in every
 * preview, and would make every preview show the hypertable as changed.
 */
function reference(node: DataNode, args: DataNodeArgs): pulumi.Inputs {
    const { host, port, database, user, password, connection, drainOnDelete } = node;
    return Object.fromEntries(
        Object.entries({ host, port, database, user, password, connection, drainOnDelete }).filter(
            ([name]) => args[name as keyof DataNodeArgs] !== undefined,
        ),
    );
}

/** What other inputs hold of a data node. */
export function dataNodeReference(node: DataNode): pulumi.Inputs {
    return node.__reference;
}
