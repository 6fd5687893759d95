/** Which data nodes answer the access node, and transactions across nodes that a crash left half-way. */
import type { Session } from "../../postgres/pool";
import { supports, type RunningVersions } from "../versions/capabilities";
import { at, type Statement, type Step } from "../step";
import type { Place } from "../run/servers";
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
export function planHeal(on: Place, cluster: ClusterState, nodes: readonly string[]): Step[] {
    return at(on, healing(cluster, nodes));
}

/** {@link planHeal} as a statement. */
export function healing({ versions }: ClusterState, nodes: readonly string[]): Statement[] {
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
    return nodes.length === 0 ? [] : [heal];
}
