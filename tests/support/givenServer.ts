/** A server of TIMESCALEDB_SERVERS as tests see it: it is used as it is, and is not ours to stop, kill or configure. */
import { Client } from "pg";
import type { Server } from "../../tools/servers/postgresServer.mjs";
import type { GivenServer } from "../../tools/servers/timescaledb.mjs";

function refuse(): never {
    throw new Error("the servers of TIMESCALEDB_SERVERS are not ours to stop, kill or configure");
}

/** Connects to the server to see that it is there. */
export async function useGivenServer({ host, port, user, password }: GivenServer): Promise<Server> {
    const client = new Client({ host, port, user, password, database: "postgres" });
    await client.connect();
    const { rows } = await client.query<{ major: number }>(
        "SELECT current_setting('server_version_num')::int / 10000 AS major",
    );
    await client.end();
    const login = [user, ...(password === undefined ? [] : [password])].map(encodeURIComponent).join(":");
    return {
        host,
        port,
        user,
        password,
        major: rows[0]?.major ?? refuse(),
        binFolder: undefined,
        get dataFolder() {
            return refuse();
        },
        get logFile() {
            return refuse();
        },
        psqlUrl: `postgresql://${login}@${host}:${port}/postgres`,
        pid: refuse,
        halt: async () => refuse(),
        kill: async () => refuse(),
        restart: async () => refuse(),
        setHba: async () => refuse(),
        stop: async () => undefined,
        release: () => undefined,
    };
}
