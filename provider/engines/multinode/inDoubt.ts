/** Transactions across nodes that nobody ends: seen on the data nodes themselves. */
import { ProviderError } from "../../errors";
import type { Servers } from "../servers";

/** Between PREPARE and COMMIT PREPARED lie milliseconds; what is older was left by a crash. */
const IN_DOUBT_AFTER = "2 seconds";

/** Those of the data nodes that the provider reaches and that have transactions in doubt. */
export async function observeInDoubt(servers: Servers, nodes: readonly string[]): Promise<string[]> {
    const found = await Promise.all(nodes.map(async (node) => ((await hasInDoubt(servers, node)) ? [node] : [])));
    return found.flat();
}

async function hasInDoubt(servers: Servers, node: string): Promise<boolean> {
    if (servers.find(node) === undefined) {
        return false;
    }
    try {
        const [row] = await servers.on(servers.cluster(node), (session) =>
            session.query<{ found: boolean }>(
                `SELECT EXISTS (SELECT FROM pg_catalog.pg_prepared_xacts x
                                 WHERE x.database = current_database() AND x.gid LIKE 'ts-%'
                                   AND x.prepared < now() - $1::interval) AS found`,
                [IN_DOUBT_AFTER],
            ),
        );
        return row?.found ?? false;
    } catch (error) {
        if (error instanceof ProviderError) {
            return false;
        }
        throw error;
    }
}
