/** What the status of both engines needs: the questions to the servers, and the answers as parts of a status. */
import { ProviderError } from "../../errors";
import { address, type Connection } from "../../postgres/connection";
import type { EngineName } from "../inputs";
import type { RegisteredNode } from "../run/places";
import { attempt } from "../run/reach";
import { ACCESS, Servers, type ServerAccess } from "../run/servers";
import { sumHeld, UNKNOWN_HELD, type ClusterStatus, type HypertableStatus, type NodeStatus } from "./status";

/** The versions that every server's answer names. */
export interface Versions {
    readonly postgres: string;
    readonly timescaledb: string | null;
}

/** The answers of the data nodes by name; a failure is an answer too. */
export type Answers<Answer> = ReadonlyMap<string, Answer | ProviderError>;

/**
 * The servers with a way to every registered node: what the caller gave, else the access node's own way with the
 * access node's user, password and TLS.
 */
export function withRegistered(servers: Servers, registered: readonly RegisteredNode[]): Servers {
    const { connection } = servers.access;
    const derived = registered.map(({ name, host, port, database }): [string, ServerAccess] => [
        name,
        { connection: { ...connection, host: host || connection.host, port }, database },
    ]);
    return new Servers(servers.access, { ...Object.fromEntries(derived), ...servers.nodes });
}

/** What one server says of itself, by a query that answers with one document. */
export async function readDocument<Document>(servers: Servers, name: string, sql: string): Promise<Document> {
    const { status } = await servers.on(servers.cluster(name), (session) => session.one<{ status: Document }>(sql));
    return status;
}

/** Asks all data nodes at once. */
export async function askEach<Answer>(
    names: readonly string[],
    ask: (name: string) => Promise<Answer>,
): Promise<Answers<Answer>> {
    return new Map(await Promise.all(names.map(async (name) => [name, await attempt(() => ask(name))] as const)));
}

/** The head of a node's status. */
export function nodeHead(
    name: string,
    role: NodeStatus["role"],
    { connection, database }: { readonly connection: Pick<Connection, "host" | "port">; readonly database: string },
): Pick<NodeStatus, "name" | "role" | "address" | "database"> {
    return { name, role, address: address(connection), database };
}

/** The parts of a status that are read in the same way in both engines; the access node has answered. */
export function clusterHead(
    engine: EngineName,
    clusterId: string | null,
    servers: Servers,
    { postgres, timescaledb }: Versions,
): Pick<ClusterStatus, "takenAt" | "engine" | "clusterId" | "database"> & { readonly accessNode: NodeStatus } {
    return {
        takenAt: new Date().toISOString(),
        engine,
        clusterId,
        database: servers.access.database,
        accessNode: {
            ...nodeHead(ACCESS, "access node", servers.access),
            ...UNKNOWN_HELD,
            answers: "provider",
            failure: null,
            postgresVersion: postgres,
            timescaledbVersion: timescaledb,
            available: true,
        },
    };
}

/**
 * The status of a data node.
 *
 * @param fallback from where it answers although the provider's query failed
 */
export function dataNodeStatus(
    servers: Servers,
    name: string,
    available: boolean,
    hypertables: readonly HypertableStatus[],
    answer: Versions | ProviderError | undefined,
    fallback: NodeStatus["answers"],
): NodeStatus {
    const hasFailed = answer === undefined || answer instanceof ProviderError;
    return {
        ...nodeHead(name, "data node", servers.find(name) ?? servers.access),
        ...sumHeld(hypertables.flatMap(({ nodes }) => nodes.filter((node) => node.name === name))),
        available,
        answers: hasFailed ? fallback : "provider",
        failure: hasFailed ? (answer?.reason ?? null) : null,
        postgresVersion: hasFailed ? null : answer.postgres,
        timescaledbVersion: hasFailed ? null : answer.timescaledb,
    };
}
