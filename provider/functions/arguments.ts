/** What the functions take, with defaults filled in and checked as a resource's inputs are. */
import type * as pulumi from "@pulumi/pulumi";
import type { ServerAccess } from "../engines/run/servers";
import { ProviderError } from "../errors";
import { connectionShape } from "../handlers/connectionSchema";
import { dataNodeSchema, nodeAccess } from "../handlers/dataNode";
import type { Connection } from "../postgres/connection";
import type { ConnectionArgs } from "../resources/connection";
import { identifier, list, object, type PropertyShape, type Shape } from "../validation/shapes";

/** How the provider reaches a server, as plain values. See {@link ConnectionArgs}. */
export type ConnectionValues = { readonly host: string } & Partial<Connection>;

/** A data node, as plain values. The properties are those of DataNodeArgs. */
export interface DataNodeValues {
    readonly nodeName: string;
    /** The access node's way to it. */
    readonly host: string;
    /** Default: 5432. */
    readonly port?: number;
    /** Default: the access node's. */
    readonly database?: string;
    readonly user?: string;
    readonly password?: string;
    readonly serverOptions?: Readonly<Record<string, string>>;
    /** The provider's way to it. Default: host and port, with the access node's user, password and TLS. */
    readonly connection?: ConnectionValues;
}

/** A way to a data node, as plain values: a connection, or host and port with the access node's user, password and TLS. */
export type DataNodeWay = Pick<DataNodeValues, "nodeName" | "port" | "database" | "connection"> & {
    readonly host?: string;
};

/** A data node, as inputs. */
export interface DataNodeValuesArgs {
    nodeName: pulumi.Input<string>;
    host: pulumi.Input<string>;
    port?: pulumi.Input<number>;
    database?: pulumi.Input<string>;
    user?: pulumi.Input<string>;
    password?: pulumi.Input<string>;
    serverOptions?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    connection?: pulumi.Input<ConnectionArgs>;
}

/** A way to a data node, as inputs. */
export type DataNodeWayArgs = Pick<DataNodeValuesArgs, "nodeName" | "port" | "database" | "connection"> & {
    host?: pulumi.Input<string>;
};

/** When a function's output runs. */
export interface FunctionOptions {
    /** Resources that must be there before it runs. */
    readonly dependsOn?: readonly pulumi.Resource[];
}

/** A data node with its defaults filled in. */
export interface FilledDataNode extends DataNodeValues {
    readonly port: number;
    readonly serverOptions: Readonly<Record<string, string>>;
    readonly connection?: Connection;
}

const { nodeName, host, port, database, user, password, serverOptions, connection } = dataNodeSchema;

/** A connection that an argument must be. */
export const connectionProperty: PropertyShape = { shape: connectionShape, required: true };

/** A list of data nodes that an argument may be. */
export const dataNodesProperty: PropertyShape = {
    shape: list(object({ nodeName, host, port, database, user, password, serverOptions, connection }), {
        distinctBy: (node) => (node as Partial<DataNodeValues>).nodeName,
    }),
    default: [],
};

/** A list of ways to data nodes that an argument may be. */
export const dataNodeWaysProperty: PropertyShape = {
    shape: list(object({ nodeName, host: { shape: host.shape }, port, database, connection }), {
        distinctBy: (node) => (node as Partial<DataNodeValues>).nodeName,
    }),
    default: [],
};

/** A database's name. */
export const databaseShape: Shape = identifier();

/**
 * The arguments with their defaults.
 *
 * @throws INVALID_ARGUMENT with every failure
 */
export function checkedArguments<Filled>(
    name: string,
    properties: Readonly<Record<string, PropertyShape>>,
    values: object,
): Filled {
    const shape = object(properties);
    const failures = shape.check(values, "").map(({ path, reason }) => `${path}: ${reason}`);
    if (failures.length > 0) {
        throw new ProviderError("INVALID_ARGUMENT", `could not call ${name}: ${failures.join("; ")}`);
    }
    return shape.fill(values) as Filled;
}

/** How the provider reaches each data node. */
export function nodeWays(
    access: { readonly connection: Connection; readonly database: string },
    dataNodes: readonly (DataNodeWay & { readonly connection?: Connection })[],
): Record<string, ServerAccess> {
    return Object.fromEntries(
        dataNodes.flatMap((node) => {
            const way = nodeAccess(node, { id: "", ...access });
            return way === undefined ? [] : [[node.nodeName, way]];
        }),
    );
}
