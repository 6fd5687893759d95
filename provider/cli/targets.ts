/** Which clusters the status is of: what the flags name, the stack's, or the environment's. */
import fs from "node:fs";
import type { AccessNodeReference, DataNodeInputs } from "../engines/inputs";
import { Servers, type ServerAccess } from "../engines/run/servers";
import { ProviderError } from "../errors";
import { connectionShape } from "../handlers/connectionSchema";
import { nodeAccess } from "../handlers/dataNode";
import type { Connection } from "../postgres/connection";
import { hasProject, readState, TYPE_PREFIX, type StateResource } from "./stack";
import { wrongUsage } from "./usage";

/** The options that name a cluster. */
export const TARGET_OPTIONS = {
    host: { type: "string" },
    port: { type: "string" },
    user: { type: "string" },
    database: { type: "string" },
    "ssl-mode": { type: "string" },
    "ssl-root-cert": { type: "string" },
    "data-node": { type: "string", multiple: true },
    stack: { type: "string" },
    cwd: { type: "string" },
} as const;

/** What was given of them. */
export type TargetOptions = { readonly [Name in Exclude<keyof typeof TARGET_OPTIONS, "data-node">]?: string } & {
    readonly "data-node"?: readonly string[];
};

/** The servers of each cluster. */
export async function findTargets(options: TargetOptions): Promise<readonly Servers[]> {
    const named = options.host !== undefined || options.database !== undefined;
    const wantsStack = options.stack !== undefined || options.cwd !== undefined;
    if (!named && (wantsStack || hasProject(process.cwd()))) {
        const targets = clustersOf(await readState(options));
        if (targets.length === 0) {
            throw new ProviderError("NOT_FOUND", "could not find a cluster: the stack has no AccessNode", {
                remedy: "Run `pulumi up` first, or name the access node with --host and --database",
            });
        }
        return targets;
    }
    return [fromFlags(options)];
}

function fromFlags(options: TargetOptions): Servers {
    const { env } = process;
    const host = options.host ?? env.PGHOST;
    const database = options.database ?? env.PGDATABASE;
    if (!host || !database) {
        throw wrongUsage("which cluster is not said: there is no stack here, and no --host and --database");
    }
    const sslMode = options["ssl-mode"] ?? env.PGSSLMODE;
    const rootCert = options["ssl-root-cert"] ?? env.PGSSLROOTCERT;
    const connection = complete({
        host,
        port: portOf(options.port ?? env.PGPORT),
        user: options.user ?? env.PGUSER,
        // libpq's "allow" prefers no TLS; the nearest that there is here prefers it.
        sslMode: sslMode === "allow" ? "prefer" : sslMode,
        sslRootCert: rootCert === undefined || rootCert === "" ? undefined : readCertificate(rootCert),
    });
    const nodes = (options["data-node"] ?? []).map((text): [string, ServerAccess] => {
        const found = text.match(/^([^=]+)=(.+?)(?::(\d+))?$/);
        if (found === null) {
            throw wrongUsage(`--data-node: expected NAME=HOST:PORT, got ${text}`);
        }
        const [, name = "", nodeHost = "", port] = found;
        return [name, { connection: { ...connection, host: nodeHost, port: portOf(port) ?? 5432 }, database }];
    });
    return new Servers({ connection, database }, Object.fromEntries(nodes));
}

/** With the defaults filled in, and checked as a resource's connection is. */
function complete(given: { readonly [Name in keyof Connection]?: unknown }): Connection {
    const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== ""));
    const failures = connectionShape.check(known, "");
    if (failures.length > 0) {
        throw wrongUsage(failures.map(({ path, reason }) => `${path}: ${reason}`).join("; "));
    }
    return connectionShape.fill(known) as Connection;
}

function portOf(text: string | undefined): number | undefined {
    return text === undefined || text === "" ? undefined : Number(text);
}

function readCertificate(file: string): string {
    try {
        return fs.readFileSync(file, "utf8");
    } catch (error) {
        throw wrongUsage(`--ssl-root-cert: ${error instanceof Error ? error.message : String(error)}`);
    }
}

/** The access nodes of a state, each with the data nodes that belong to it. */
export function clustersOf(resources: readonly StateResource[]): Servers[] {
    const of = (name: string): StateResource[] => resources.filter(({ type }) => type === `${TYPE_PREFIX}${name}`);
    return of("AccessNode").flatMap(({ id, outputs }) => {
        const access = outputs as unknown as Pick<AccessNodeReference, "connection" | "database"> | undefined;
        if (access?.connection === undefined) {
            return [];
        }
        const nodes = of("DataNode").flatMap(({ outputs: node }): [string, ServerAccess][] => {
            const inputs = node as unknown as DataNodeInputs | undefined;
            if (inputs === undefined || inputs.accessNode.id !== id) {
                return [];
            }
            const way = nodeAccess(inputs, inputs.accessNode);
            return way === undefined ? [] : [[inputs.nodeName, way]];
        });
        return [new Servers({ connection: access.connection, database: access.database }, Object.fromEntries(nodes))];
    });
}
