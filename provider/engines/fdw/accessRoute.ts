/** How the access node of the engine fdw reaches a data node: by the options of its foreign server. */
import type { NodeCheck, Problem } from "../engine";
import { checkRoute } from "../preflight/accessRoute";
import { userOf, type AccessSide } from "../preflight/readServers";
import type { Servers } from "../run/servers";

/** Tries the access node's route to a data node. */
export async function checkAccessRoute(servers: Servers, node: NodeCheck, access: AccessSide): Promise<Problem[]> {
    // The cluster's database may not exist yet: then the maintenance database shows whether the server lets us in.
    const maintenance = servers.find(node.nodeName)?.connection.maintenanceDatabase;
    const own = node.database === undefined ? [] : [node.database];
    return checkRoute(servers, access, node.nodeName, {
        route: {
            host: node.host,
            port: node.port,
            user: userOf(servers, node),
            password: node.password,
            options: node.serverOptions,
            connectTimeoutSeconds: servers.access.connection.connectTimeoutSeconds,
        },
        databases: [...(maintenance === undefined ? [] : [maintenance]), ...own],
        allowed: own.length > 0 ? own : ["all"],
    });
}
