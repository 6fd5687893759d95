/** Whether anything on servers waits for a lock. */
import type { ServerValues } from "./names";
import { realPg } from "./realPg";

/** This name keeps its sessions out of what residue.ts sees. */
const APPLICATION = "residue";

const WAITING = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND backend_type = 'client backend' LIMIT 1`;

/** Looks at each server; one that cannot be reached has nobody waiting. */
export async function waitsForLocks(servers: readonly ServerValues[]): Promise<boolean> {
    const each = await Promise.all(servers.map((server) => waitsOn(server).catch(() => false)));
    return each.includes(true);
}

async function waitsOn({ host, port, user, password }: ServerValues): Promise<boolean> {
    const client = new realPg.Client({
        host,
        port,
        user,
        password,
        database: "postgres",
        application_name: APPLICATION,
    });
    await client.connect();
    try {
        return (await client.query(WAITING)).rows.length > 0;
    } finally {
        await client.end();
    }
}
