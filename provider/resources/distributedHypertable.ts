import * as pulumi from "@pulumi/pulumi";
import type { Dimension, EngineName } from "../engines/inputs";
import { accessNodeReference, type AccessNode } from "./accessNode";
import { DataNode, dataNodeReference, dataNodesOf } from "./dataNode";
import { dependingOn, TimescaleResource, typeToken } from "./loader";

/** One column of a {@link DistributedHypertable}. */
export interface ColumnArgs {
    name: pulumi.Input<string>;
    /** A PostgreSQL type. Example: `"double precision"`. */
    type: pulumi.Input<string>;
    /** Default: true. */
    nullable?: pulumi.Input<boolean>;
    /** An SQL expression. Example: `"now()"`. */
    default?: pulumi.Input<string>;
    /** A collation. Example: `"C"`. */
    collation?: pulumi.Input<string>;
    /** An SQL expression that every row has to meet. Example: `"temp > -300"`. */
    check?: pulumi.Input<string>;
}

/** One index of a {@link DistributedHypertable}. */
export interface IndexArgs {
    /** Default: made of the table's and the columns' names. */
    name?: pulumi.Input<string>;
    /** Columns, each with its order if it has one. Example: `["device", "time DESC"]`. */
    columns: pulumi.Input<pulumi.Input<string>[]>;
    /** Index method. Default: btree. */
    method?: pulumi.Input<string>;
    /** Default: false. */
    unique?: pulumi.Input<boolean>;
    /** The condition of a partial index, an SQL expression. */
    where?: pulumi.Input<string>;
}

/** The inputs of a {@link DistributedHypertable}. */
export interface DistributedHypertableArgs {
    /** The access node that it is reached through. Another one replaces. */
    accessNode: AccessNode;
    /** Default: `"public"`. A change moves the table, in place. */
    schema?: pulumi.Input<string>;
    /** Default: the resource's name. A change renames the table, in place. */
    tableName?: pulumi.Input<string>;
    /**
     * The columns. Default: the table exists already and only becomes distributed (fdw: required). Added and altered in
     * place; a column is dropped, or its type changed so that values can be lost, only with forceDestroy.
     */
    columns?: pulumi.Input<pulumi.Input<ColumnArgs>[]>;
    /** Columns of the primary key. In place. */
    primaryKey?: pulumi.Input<pulumi.Input<string>[]>;
    /** Columns of each further unique key. In place. */
    uniqueKeys?: pulumi.Input<pulumi.Input<pulumi.Input<string>[]>[]>;
    /** Further indexes. In place. */
    indexes?: pulumi.Input<pulumi.Input<IndexArgs>[]>;
    /** The column of the time dimension. A change replaces. */
    timeColumn: pulumi.Input<string>;
    /** The column by which rows go to data nodes. Default: none (fdw: required). A change replaces. */
    partitioningColumn?: pulumi.Input<string>;
    /**
     * Partitions of the partitioning column. Default: multinode follows the number of data nodes, fdw takes 4 a data
     * node. multinode: in place, for new chunks; fdw: a change replaces.
     */
    numberPartitions?: pulumi.Input<number>;
    /** An interval; a number for an integer time column, which needs one. Default: `"7 days"`. In place, for new chunks. */
    chunkTimeInterval?: pulumi.Input<string | number>;
    /** Copies of each chunk (multinode). Default: 1. In place, for new chunks. */
    replicationFactor?: pulumi.Input<number>;
    /**
     * The data nodes that hold the table, as resources or by name. Default: every DataNode that the program made
     * before it with the same AccessNode, else those that the access node has at create. In place.
     */
    dataNodes?: (DataNode | pulumi.Input<string>)[];
    /** Whether the time index, and the one with the partitioning column, are made. Default: true. Acts only at create. */
    createDefaultIndexes?: pulumi.Input<boolean>;
    /** Function that partitions (multinode). Default: the server's. A change replaces. */
    partitioningFunc?: pulumi.Input<string>;
    /** Function that makes a time of the time column (multinode). A change replaces. */
    timePartitioningFunc?: pulumi.Input<string>;
    /** Schema of the chunks (multinode). A change replaces. */
    associatedSchemaName?: pulumi.Input<string>;
    /** Prefix of the chunks' names (multinode). A change replaces. */
    associatedTablePrefix?: pulumi.Input<string>;
    /** Takes the rows of a table that exists along. Default: false. Acts only at create. */
    migrateData?: pulumi.Input<boolean>;
    /** fdw: also makes `<tableName>_last`, the newest row of each key. Default: false. In place. */
    lastPoint?: pulumi.Input<boolean>;
    /** Takes over a distributed hypertable that exists; delete then keeps it. Default: false. */
    adopt?: pulumi.Input<boolean>;
    /** Lets delete and a replacement destroy rows, and an update drop a column. Default: false. */
    forceDestroy?: pulumi.Input<boolean>;
}

/**
 * A table whose rows are spread over the data nodes by time and by a column.
 *
 * @throws PREFLIGHT_FAILED, NOT_SUPPORTED, ALREADY_EXISTS; on update LAST_COPY; on delete HOLDS_DATA
 * @see docs/resources/distributed-hypertable.md
 */
export class DistributedHypertable extends TimescaleResource {
    /** @internal */
    static readonly __pulumiType = typeToken("DistributedHypertable");

    declare readonly schema: pulumi.Output<string>;
    declare readonly tableName: pulumi.Output<string>;
    /** The server's number for the hypertable; changes when it is made anew. */
    declare readonly hypertableId: pulumi.Output<string>;
    /** The dimensions, as the server reports them. */
    declare readonly dimensions: pulumi.Output<Dimension[]>;
    /** The names of the data nodes that hold the table, sorted. */
    declare readonly attachedDataNodes: pulumi.Output<string[]>;
    /** The access node's engine. */
    declare readonly engine: pulumi.Output<EngineName>;
    /** What was made, and so what delete drops. */
    declare readonly created: pulumi.Output<{ table: boolean; schema: boolean }>;

    constructor(name: string, args: DistributedHypertableArgs, opts?: pulumi.CustomResourceOptions) {
        const { accessNode, dataNodes, ...own } = args;
        const nodes = dataNodes?.filter((node): node is DataNode => DataNode.isInstance(node)) ?? [];
        const known = [...new Set([...nodes, ...dataNodesOf(accessNode)])];
        const properties = {
            hypertableId: undefined,
            dimensions: undefined,
            attachedDataNodes: undefined,
            engine: undefined,
            created: undefined,
            canonical: undefined,
            schema: undefined,
            ...own,
            tableName: args.tableName ?? name,
            accessNode: accessNodeReference(accessNode),
            dataNodes: dataNodes?.map((node) => (DataNode.isInstance(node) ? node.nodeName : node)),
            nodes: byName(known),
        };
        super(
            name,
            { type: DistributedHypertable.__pulumiType, handler: "distributedHypertable", properties },
            dependingOn([accessNode, ...(dataNodes === undefined ? known : nodes)], opts),
        );
    }

    /** Whether a value is a DistributedHypertable, also one of another copy of this package. */
    static override isInstance(value: unknown): value is DistributedHypertable {
        return (value as { __pulumiType?: unknown } | undefined)?.__pulumiType === DistributedHypertable.__pulumiType;
    }
}

/** How to reach the nodes, by their names, which only the engine may know. */
function byName(nodes: readonly DataNode[]): pulumi.Output<Record<string, unknown>> {
    const entries = nodes.map((node) => pulumi.all([node.nodeName, pulumi.output(dataNodeReference(node))]));
    return pulumi.all(entries).apply((pairs) => Object.fromEntries(pairs));
}
