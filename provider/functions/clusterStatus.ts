import * as pulumi from "@pulumi/pulumi";
import { engineOf } from "../engines";
import { readClusterStatus } from "../engines/status/clusterStatus";
import { Servers } from "../engines/run/servers";
import type { ClusterStatus } from "../engines/status/status";
import type { Connection } from "../postgres/connection";
import { AccessNode } from "../resources/accessNode";
import type { ConnectionArgs } from "../resources/connection";
import { dataNodeReference, dataNodesOf } from "../resources/dataNode";
import {
    checkedArguments,
    connectionProperty,
    databaseShape,
    dataNodeWaysProperty,
    nodeWays,
    type ConnectionValues,
    type DataNodeWay,
    type DataNodeWayArgs,
    type FunctionOptions,
} from "./arguments";

/** What {@link getClusterStatus} takes. */
export interface GetClusterStatusArgs {
    /** How the access node is reached. */
    readonly connection: ConnectionValues;
    /** The cluster's database. Example: `"multinode"`. */
    readonly database: string;
    /** Data nodes that are reached otherwise than they are registered. Default: none. */
    readonly dataNodes?: readonly DataNodeWay[];
}

/** What {@link getClusterStatusOutput} takes where it is not given an AccessNode. */
export interface GetClusterStatusOutputArgs {
    connection: pulumi.Input<ConnectionArgs>;
    database: pulumi.Input<string>;
    dataNodes?: pulumi.Input<pulumi.Input<DataNodeWayArgs>[]>;
}

/**
 * How a cluster is: its servers and what they hold, chunks without enough copies, transactions in doubt, drift.
 * Changes nothing. Rows are approximate, by the servers' statistics.
 *
 * A server that does not answer is part of the result, the access node too.
 *
 * @throws INVALID_ARGUMENT; NOT_FOUND where the access node has no such database; AUTHENTICATION_FAILED
 */
export async function getClusterStatus(args: GetClusterStatusArgs): Promise<ClusterStatus> {
    const { connection, database, dataNodes } = checkedArguments<{
        connection: Connection;
        database: string;
        dataNodes: readonly (DataNodeWay & { readonly connection?: Connection })[];
    }>(
        "getClusterStatus",
        {
            connection: connectionProperty,
            database: { shape: databaseShape, required: true },
            dataNodes: dataNodeWaysProperty,
        },
        args,
    );
    const access = { connection, database };
    return readClusterStatus(new Servers(access, nodeWays(access, dataNodes)), engineOf);
}

/**
 * The same as an output. Given an AccessNode it also knows the data nodes that the program made with it. It does not
 * run while anything it is given is unknown, so not in the preview that makes the cluster; it is a secret where the
 * connection is.
 *
 * @param opts.dependsOn what must be there before it runs, for example the tables
 */
export function getClusterStatusOutput(
    args: AccessNode | GetClusterStatusOutputArgs,
    opts: FunctionOptions = {},
): pulumi.Output<ClusterStatus> {
    const values = AccessNode.isInstance(args) ? ofAccessNode(args) : args;
    return pulumi
        .all([pulumi.output<object>(values), pulumi.all(idsOf(opts))])
        .apply(([known]) => getClusterStatus(known as GetClusterStatusArgs));
}

/** The ids are not needed, but unknown for as long as the resources are not there. */
function ofAccessNode(accessNode: AccessNode): pulumi.Input<object> {
    const { connection, database, id } = accessNode;
    const nodes = dataNodesOf(accessNode).map((node) =>
        pulumi
            .all([node.nodeName, pulumi.output(dataNodeReference(node)), node.id])
            .apply(([nodeName, reference]) => wayOf(nodeName, reference as Partial<DataNodeWay>)),
    );
    return pulumi
        .all([connection, database, pulumi.all(nodes), id])
        .apply(([way, name, dataNodes]) => ({ connection: way, database: name, dataNodes }));
}

/** What of a reference leads to the node. */
function wayOf(nodeName: string, reference: Partial<DataNodeWay>): DataNodeWay {
    const { host, port, database, connection } = reference;
    return Object.fromEntries(
        Object.entries({ nodeName, host, port, database, connection }).filter(([, value]) => value !== undefined),
    ) as unknown as DataNodeWay;
}

/** Unknown until the resources are there. */
export function idsOf({ dependsOn = [] }: FunctionOptions): pulumi.Output<string>[] {
    return dependsOn.map((resource) => (pulumi.CustomResource.isInstance(resource) ? resource.id : resource.urn));
}
