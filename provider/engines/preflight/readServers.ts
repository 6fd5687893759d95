/** Reads what preflight needs of the servers of a cluster: each in one session, several at once. */
import type { DataNodeInputs } from "../inputs";
import type { NodeCheck, Request } from "../engine";
import {
    readClusterFacts,
    readServerFacts,
    type ClusterFacts,
    type LocaleFacts,
    type ServerFacts,
} from "./serverFacts";
import { nodeDatabaseName } from "../run/places";
import { ACCESS, type Place, type Servers } from "../run/servers";

/** The access node, as far as it is there. */
export interface AccessSide {
    readonly facts: ServerFacts;
    /** The cluster's database; undefined before it is made. */
    readonly cluster: ClusterFacts | undefined;
    /** The locale of the cluster's databases. */
    readonly locale: LocaleFacts;
    /** Where else to look from. */
    readonly place: Place;
}

/** A data node, as far as the provider can see it. */
export interface NodeSide {
    readonly facts: ServerFacts | undefined;
    /** The cluster's database on it, where it exists and lets the provider in. */
    readonly cluster: ClusterFacts | undefined;
    /** Why it could not be seen, or not all of it. */
    readonly failure?: unknown;
}

/** Reads the access node's database, which is there. */
export async function readAccess(servers: Servers): Promise<AccessSide> {
    const place = servers.cluster(ACCESS);
    return servers.on(place, async (session) => {
        const facts = await readServerFacts(session, { database: place.database, extensions: false });
        const cluster = await readClusterFacts(session);
        return { facts, cluster, locale: cluster.locale, place };
    });
}

/**
 * Reads the access node's server, on which the cluster's database may be missing. One read serves the choice of the
 * engine and the preflight that follows it in the same operation.
 */
export async function readFutureAccess(servers: Servers): Promise<AccessSide> {
    return servers.once("future access node", async () => {
        const place = servers.maintenance(ACCESS);
        const { database } = servers.access;
        const facts = await servers.on(place, (session) => readServerFacts(session, { database, extensions: true }));
        return { facts, cluster: undefined, locale: facts.database ?? facts.defaults, place };
    });
}

/** Reads a data node. A failure is part of the answer. */
export async function readNode(servers: Servers, node: NodeCheck): Promise<NodeSide> {
    if (servers.find(node.nodeName) === undefined) {
        return { facts: undefined, cluster: undefined };
    }
    // No database has the empty name.
    const wanted = { database: node.database ?? "", role: userOf(servers, node), extensions: true };
    let facts: ServerFacts | undefined;
    try {
        facts = await servers.on(servers.maintenance(node.nodeName), (session) => readServerFacts(session, wanted));
        const exists = facts.database !== undefined && facts.database.name === node.database;
        const place = servers.cluster(node.nodeName);
        return { facts, cluster: exists ? await servers.on(place, readClusterFacts) : undefined };
    } catch (failure) {
        return { facts, cluster: undefined, failure };
    }
}

/** The role that the access node connects to a data node as. */
export function userOf(servers: Servers, node: Pick<NodeCheck, "user">): string {
    return node.user ?? servers.access.connection.user;
}

/** A data node's request in the form that `checkServers()` takes. */
export function nodeCheckOf({ inputs }: Request<DataNodeInputs, unknown>): NodeCheck {
    const { nodeName, host, port, user, password, serverOptions } = inputs;
    const database = nodeDatabaseName(inputs);
    return { nodeName, host, port, database, user, password, serverOptions, ownConnection: !!inputs.connection };
}
