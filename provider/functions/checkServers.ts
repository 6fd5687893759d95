import * as pulumi from "@pulumi/pulumi";
import { checkServers as checkWithEngine } from "../engines";
import type { EngineChoice } from "../engines/inputs";
import type { Problem } from "../engines/engine";
import { Servers } from "../engines/run/servers";
import type { Connection } from "../postgres/connection";
import type { ConnectionArgs } from "../resources/connection";
import { oneOf } from "../validation/shapes";
import {
    checkedArguments,
    connectionProperty,
    databaseShape,
    dataNodesProperty,
    nodeWays,
    type ConnectionValues,
    type DataNodeValues,
    type DataNodeValuesArgs,
    type FilledDataNode,
    type FunctionOptions,
} from "./arguments";
import { idsOf } from "./clusterStatus";

/** What {@link checkServers} takes. */
export interface CheckServersArgs {
    /** How the access node's server is reached. */
    readonly accessNode: ConnectionValues;
    /** The database that the cluster is to have. Default: not known yet, and not checked. */
    readonly database?: string;
    /** As for an AccessNode. Default: `"auto"`. */
    readonly engine?: EngineChoice;
    /** The servers that are to become data nodes. */
    readonly dataNodes: readonly DataNodeValues[];
}

/** What {@link checkServersOutput} takes. */
export interface CheckServersOutputArgs {
    accessNode: pulumi.Input<ConnectionArgs>;
    database?: pulumi.Input<string>;
    engine?: pulumi.Input<EngineChoice>;
    dataNodes: pulumi.Input<pulumi.Input<DataNodeValuesArgs>[]>;
}

/**
 * What would keep a cluster from being made out of servers, before any resource exists: everything at once, each item
 * with what mends it and whether a restart is needed. Changes nothing. Empty: they are ready.
 *
 * @throws INVALID_ARGUMENT
 */
export async function checkServers(args: CheckServersArgs): Promise<readonly Problem[]> {
    const filled = checkedArguments<{
        accessNode: Connection;
        database?: string;
        engine: EngineChoice;
        dataNodes: readonly FilledDataNode[];
    }>(
        "checkServers",
        {
            accessNode: connectionProperty,
            database: { shape: databaseShape },
            engine: { shape: oneOf(["auto", "multinode", "fdw"]), default: "auto" },
            dataNodes: dataNodesProperty,
        },
        args,
    );
    const connection = filled.accessNode;
    const access = { connection, database: filled.database ?? connection.maintenanceDatabase };
    return checkWithEngine(
        new Servers(access, nodeWays(access, filled.dataNodes)),
        filled.dataNodes.map(({ connection: own, ...node }) => ({
            ...node,
            database: node.database ?? filled.database,
            ownConnection: own !== undefined,
        })),
        filled.engine,
    );
}

/** The same as an output: it does not run while anything it is given is unknown, and is a secret where a connection is. */
export function checkServersOutput(
    args: CheckServersOutputArgs,
    opts: FunctionOptions = {},
): pulumi.Output<readonly Problem[]> {
    return pulumi
        .all([pulumi.output<object>(args), pulumi.all(idsOf(opts))])
        .apply(([known]) => checkServers(known as CheckServersArgs));
}
