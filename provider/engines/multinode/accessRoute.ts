/** How the access node of multi-node reaches a data node: as TimescaleDB does, by settings of its own. */
import { createHash } from "node:crypto";
import type { NodeCheck, Problem } from "../engine";
import { checkRoute } from "../preflight/accessRoute";
import type { NodeTerms } from "../preflight/checks";
import { userOf, type AccessSide } from "../preflight/readServers";
import type { Route } from "../preflight/remoteTables";
import type { Servers } from "../run/servers";

/** The database that bootstrapping connects to first. */
const BOOTSTRAP_DATABASE = "postgres";
/** An option of timescaledb_fdw alone. */
const AVAILABLE = "available";

/** Tries the access node's route to a data node. */
export async function checkAccessRoute(
    servers: Servers,
    { node, bootstrap }: NodeTerms,
    access: AccessSide,
): Promise<Problem[]> {
    const own = node.database === undefined ? [] : [node.database];
    const allowed = bootstrap ? [BOOTSTRAP_DATABASE, ...own] : own;
    // Whoever may connect for bootstrapping may connect to the new database as well, as far as can be known.
    const databases = allowed.slice(0, 1);
    return checkRoute(servers, access, node.nodeName, { route: routeOf(servers, node, access), databases, allowed });
}

/** The access node's route to a data node. */
export function routeOf(servers: Servers, node: NodeCheck, access: AccessSide): Route {
    const { [AVAILABLE]: _available, ...given } = node.serverOptions;
    const user = userOf(servers, node);
    return {
        host: node.host,
        port: node.port,
        user,
        password: node.password,
        options: { ...optionsOf(access.facts.outgoing, user), ...given },
        connectTimeoutSeconds: servers.access.connection.connectTimeoutSeconds,
    };
}

/** What TimescaleDB adds to a connection (set_ssl_options in tsl/src/remote/connection.c@2.13.1). */
function optionsOf(outgoing: AccessSide["facts"]["outgoing"], user: string): Record<string, string> {
    const folder = outgoing.data_directory;
    const passfile = outgoing["timescaledb.passfile"] ?? (folder && `${folder}/passfile`);
    const options: Record<string, string> = passfile === undefined ? {} : { passfile };
    if (outgoing.ssl !== "on") {
        return options;
    }
    const rootCert = outgoing.ssl_ca_file;
    const certificates = outgoing["timescaledb.ssl_dir"] ?? (folder && `${folder}/timescaledb/certs`);
    const name = createHash("md5").update(user).digest("hex");
    return {
        ...options,
        sslmode: "require",
        ...(rootCert === undefined ? {} : { sslrootcert: rootCert }),
        ...(certificates === undefined
            ? {}
            : { sslcert: `${certificates}/${name}.crt`, sslkey: `${certificates}/${name}.key` }),
    };
}
