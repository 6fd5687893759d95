/** How the access node of multi-node reaches a data node: as TimescaleDB itself would, which has settings of its own. */
import { createHash } from "node:crypto";
import { describeView, viewFromAccessNode } from "../preflight/accessRoute";
import { userOf, type AccessSide } from "../preflight/readServers";
import type { Problem } from "../engine";
import type { NodeCheck } from "../engine";
import type { Servers } from "../run/servers";
import type { Way } from "../preflight/remoteTables";
import type { NodeTerms } from "./nodeChecks";

/** The database that bootstrapping connects to first. */
const BOOTSTRAP_DATABASE = "postgres";
/** An option of timescaledb_fdw alone. */
const AVAILABLE = "available";

/** Tries the access node's way to a data node. */
export async function checkAccessView(servers: Servers, terms: NodeTerms, access: AccessSide): Promise<Problem[]> {
    const { node } = terms;
    const own = node.database === undefined ? [] : [node.database];
    const databases = terms.bootstrap ? [BOOTSTRAP_DATABASE, ...own] : own;
    const way = wayOf(servers, node, access);
    // Whom bootstrapping lets in is let into the new database as well, as far as can be known.
    const view = await viewFromAccessNode(servers, access, { way, databases: databases.slice(0, 1) });
    return describeView(servers.label(node.nodeName), view, way, databases);
}

/** The access node's way to a data node. */
export function wayOf(servers: Servers, node: NodeCheck, access: AccessSide): Way {
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
