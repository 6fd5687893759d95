/** How a cluster is, whichever its engine. A server that does not answer is part of the answer, the access node too. */
import { ProviderError } from "../../errors";
import type { Engine } from "../engine";
import { readMarker } from "../marks/marker";
import { ACCESS, type Servers } from "../run/servers";
import { nodeHead, type Versions } from "./read";
import { attempt } from "../run/reach";
import { UNKNOWN_HELD, type ClusterStatus, type NodeStatus } from "./status";

/**
 * Reads it: one lease a server, the data nodes at once.
 *
 * @param servers the access node, and those data nodes whose ways are known; others are reached as they are registered
 * @param engineOf finds the engine of an access node that is there
 * @throws NOT_FOUND where the access node has no such database, or that is in no cluster, AUTHENTICATION_FAILED where it lets nobody in
 */
export async function readClusterStatus(
    servers: Servers,
    engineOf: (servers: Servers) => Promise<Engine>,
): Promise<ClusterStatus> {
    const found = await attempt(async () => {
        const engine = await engineOf(servers);
        return engine.status(servers);
    });
    if (!(found instanceof ProviderError)) {
        await requireCluster(servers, found);
        return found;
    }
    if (found.code !== "SERVER_UNREACHABLE") {
        throw found;
    }
    return withoutAccessNode(servers, found);
}

/** A database without data nodes is an access node only if its mark says so. */
async function requireCluster(servers: Servers, { nodes, hypertables }: ClusterStatus): Promise<void> {
    if (nodes.length > 1 || hypertables.length > 0) {
        return;
    }
    const { comment } = await servers.on(servers.cluster(ACCESS), (session) =>
        session.one<{ comment: string | null }>(
            `SELECT shobj_description(d.oid, 'pg_database') AS comment
               FROM pg_catalog.pg_database d WHERE d.datname = current_database()`,
        ),
    );
    if (readMarker(comment) === undefined) {
        const { database } = servers.access;
        throw new ProviderError("NOT_FOUND", `database "${database}" on ${servers.label(ACCESS)} is in no cluster`, {
            remedy: "Name the access node's database",
        });
    }
}

async function withoutAccessNode(servers: Servers, failure: ProviderError): Promise<ClusterStatus> {
    const access: NodeStatus = {
        ...nodeHead(ACCESS, "access node", servers.access),
        ...NOT_ANSWERING,
        failure: failure.reason,
    };
    const others = Object.keys(servers.nodes)
        .sort()
        .map((name) => readVersion(servers, name));
    return {
        takenAt: new Date().toISOString(),
        engine: null,
        clusterId: null,
        database: servers.access.database,
        nodes: [access, ...(await Promise.all(others))],
        hypertables: [],
        underReplicated: { count: 0, chunks: [] },
        inDoubt: [],
        drift: [],
    };
}

const NOT_ANSWERING = {
    ...UNKNOWN_HELD,
    answers: null,
    postgresVersion: null,
    timescaledbVersion: null,
    available: true,
} as const;

async function readVersion(servers: Servers, name: string): Promise<NodeStatus> {
    const place = servers.cluster(name);
    const head = nodeHead(name, "data node", servers.find(name) ?? servers.access);
    const found = await attempt(() =>
        servers.on(place, (session) =>
            session.one<Versions>(
                `SELECT split_part(current_setting('server_version'), ' ', 1) AS postgres,
                        (SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname = 'timescaledb') AS timescaledb`,
            ),
        ),
    );
    return found instanceof ProviderError
        ? { ...head, ...NOT_ANSWERING, failure: found.reason }
        : {
              ...head,
              ...NOT_ANSWERING,
              answers: "provider",
              failure: null,
              postgresVersion: found.postgres,
              timescaledbVersion: found.timescaledb,
          };
}
