/** How the access node of multi-node reaches a data node: as TimescaleDB itself would, which has settings of its own. */
import { createHash } from "node:crypto";
import { describeOutcome, tryRoute } from "../preflight/accessRoute";
import { userOf, type AccessSide } from "../preflight/readServers";
import type { Problem } from "../engine";
import type { NodeCheck } from "../engine";
import type { Servers } from "../run/servers";
import type { Route } from "../preflight/remoteTables";
import type { NodeTerms } from "./nodeChecks";

/** The database that bootstrapping connects to first. */
const BOOTSTRAP_DATABASE = "postgres";
/** An option of timescaledb_fdw alone. */
const AVAILABLE = "available";

/** Tries the access node's route to a data node. */
export async function checkRoute(servers: Servers, terms: NodeTerms, access: AccessSide): Promise<Problem[]> {
    const { node } = terms;
    const own = node.database === undefined ? [] : [node.database];
    const databases = terms.bootstrap ? [BOOTSTRAP_DATABASE, ...own] : own;
    const route = routeOf(servers, node, access);
    // Whom bootstrapping lets in is let into the new database as well, as far as can be known.
    const view = await tryRoute(servers, access, { route, databases: databases.slice(0, 1) });
    return describeOutcome(servers.label(node.nodeName), view, route, databases);
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
