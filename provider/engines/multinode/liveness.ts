/** Which data nodes answer the access node, and transactions across nodes that a crash left half-way. */
import { ProviderError } from "../../errors";
import type { Session } from "../../postgres/pool";
import { supports, type RunningVersions } from "../versions/capabilities";
import { at, type Step } from "../step";
import type { Place, Servers } from "../run/servers";
import type { ClusterState } from "./cluster";

const PING_TIMEOUT = "5 s";

/** The schema of TimescaleDB's internal functions. */
export function functionsSchema(versions: RunningVersions): string {
    return supports("functionsSchema", versions) ? "_timescaledb_functions" : "_timescaledb_internal";
}

/** SQL of whether a data node takes the access node's connections, by SQL of its name. */
export function ping(versions: RunningVersions, node: string): string {
    const timeout = supports("pingTimeout", versions) ? `, '${PING_TIMEOUT}'::interval` : "";
    return `${functionsSchema(versions)}.ping_data_node(${node}${timeout})`;
}

/** The names of those data nodes that take the access node's connections. */
export async function pingNodes(
    session: Session,
    versions: RunningVersions,
    names: readonly string[],
): Promise<ReadonlySet<string>> {
    if (names.length === 0) {
        return new Set();
    }
    const rows = await session.query<{ name: string }>(
        `SELECT n.name FROM unnest($1::text[]) AS n (name) WHERE ${ping(versions, "n.name::name")}`,
        [names],
    );
    return new Set(rows.map(({ name }) => name));
}

/**
 * The step that commits or rolls back what a crash left prepared on the data nodes. Until then it holds locks there, and
 * a statement that meets them waits for ever. Nothing in TimescaleDB does this by itself.
 */
export function planHeal(on: Place, { versions }: ClusterState, nodes: readonly string[]): Step[] {
    const heal = {
        name: "end prepared transactions",
        why: "a crash may have left transactions prepared on the data nodes",
        // The CASE keeps nodes that are down from being connected to.
        sql: `SELECT s.srvname,
                     CASE WHEN ${ping(versions, "s.srvname")}
                          THEN ${functionsSchema(versions)}.remote_txn_heal_data_node(s.oid) END
                FROM pg_catalog.pg_foreign_server s
               WHERE s.srvname = ANY ($1::text[]::name[])`,
        values: [nodes],
    };
    return at(on, nodes.length === 0 ? [] : [heal]);
}

/** Data nodes by what is prepared there. */
export interface InDoubt {
    /** Nodes where a crash left something. */
    readonly left: readonly string[];
    /** Nodes where something is prepared just now, and those that the provider does not see. */
    readonly possible: readonly string[];
}

/** Between PREPARE and COMMIT PREPARED lie milliseconds; what is older was left by a crash. */
const LEFT_AFTER = "2 seconds";

/** Looks for prepared transactions on data nodes. */
export async function observeInDoubt(servers: Servers, nodes: readonly string[]): Promise<InDoubt> {
    const found = await Promise.all(nodes.map(async (node) => ({ node, prepared: await preparedOn(servers, node) })));
    const of = (...kinds: Prepared[]): string[] =>
        found.filter(({ prepared }) => kinds.includes(prepared)).map(({ node }) => node);
    return { left: of("left"), possible: of("young", "unseen") };
}

type Prepared = "none" | "young" | "left" | "unseen";

async function preparedOn(servers: Servers, node: string): Promise<Prepared> {
    if (servers.find(node) === undefined) {
        return "unseen";
    }
    try {
        const { any, left } = await servers.on(servers.cluster(node), (session) =>
            session.one<{ any: boolean; left: boolean }>(
                `SELECT count(*) > 0 AS any, coalesce(bool_or(x.prepared < now() - $1::interval), false) AS left
                   FROM pg_catalog.pg_prepared_xacts x
                  WHERE x.database = current_database() AND x.gid LIKE 'ts-%'`,
                [LEFT_AFTER],
            ),
        );
        return left ? "left" : any ? "young" : "none";
    } catch (error) {
        if (error instanceof ProviderError) {
            return "unseen";
        }
        throw error;
    }
}
