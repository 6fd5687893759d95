/** Transactions across nodes that nobody ends: seen on the data nodes themselves. */
import { ProviderError } from "../../errors";
import type { Servers } from "../run/servers";

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
        const [row] = await servers.on(servers.cluster(node), (session) =>
            session.query<{ any: boolean; left: boolean }>(
                `SELECT count(*) > 0 AS any, coalesce(bool_or(x.prepared < now() - $1::interval), false) AS left
                   FROM pg_catalog.pg_prepared_xacts x
                  WHERE x.database = current_database() AND x.gid LIKE 'ts-%'`,
                [LEFT_AFTER],
            ),
        );
        return row?.left ? "left" : row?.any ? "young" : "none";
    } catch (error) {
        if (error instanceof ProviderError) {
            return "unseen";
        }
        throw error;
    }
}
