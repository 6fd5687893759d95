/** Where a request's statements run. Planning is pure and has no servers, so places come from the inputs. */
import { address } from "../../postgres/connection";
import type { AccessNodeInputs, AccessNodeReference, DataNodeInputs } from "../inputs";
import type { Lock } from "../engine";
import { ACCESS, type Place } from "./servers";

/** The cluster's database on the access node. */
export function accessDatabase({ database }: Pick<AccessNodeReference, "database">): Place {
    return { server: ACCESS, database };
}

/** The database of the access node's server from which databases are made and dropped. */
export function accessMaintenance({ connection }: Pick<AccessNodeInputs, "connection">): Place {
    return { server: ACCESS, database: connection.maintenanceDatabase };
}

/** `access node (access.example.com:5432)`. */
export function accessLabel({ connection }: Pick<AccessNodeReference, "connection">): string {
    return `${ACCESS} (${address(connection)})`;
}

/** The name of the database on a data node. */
export function nodeDatabaseName({ database, accessNode }: Pick<DataNodeInputs, "database" | "accessNode">): string {
    return database ?? accessNode.database;
}

/** The cluster's database on a data node. */
export function nodeDatabase(inputs: DataNodeInputs): Place {
    return { server: inputs.nodeName, database: nodeDatabaseName(inputs) };
}

/** The database of a data node's server from which databases are made and dropped. */
export function nodeMaintenance({ nodeName, connection, accessNode }: DataNodeInputs): Place {
    return { server: nodeName, database: (connection ?? accessNode.connection).maintenanceDatabase };
}

/** `data node dn1 (data1.example.com:5432)`, with the address by which the provider reaches it. */
export function nodeLabel({ nodeName, connection, host, port }: DataNodeInputs): string {
    return `data node ${nodeName} (${address(connection ?? { host, port })})`;
}

/** A data node as it is registered on the access node. */
export interface RegisteredNode {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    readonly database: string;
}

/** What an operation on an access node locks: its database may not exist yet. */
export function accessNodeLocks({ inputs }: { readonly inputs: AccessNodeInputs }): OperationLocks {
    return { on: accessMaintenance(inputs), locks: [{ name: `access node ${inputs.database}`, shared: false }] };
}

/** What an operation on a data node locks: nobody else changes the cluster meanwhile. */
export function dataNodeLocks({ inputs }: { readonly inputs: DataNodeInputs }): OperationLocks {
    return { on: accessDatabase(inputs.accessNode), locks: [{ name: "cluster", shared: false }] };
}

interface OperationLocks {
    readonly on: Place;
    readonly locks: readonly Lock[];
}
