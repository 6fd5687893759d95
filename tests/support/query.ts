/** Plain SQL on a test server, beside the provider. */
import { Client } from "pg";
import type { Server } from "../../tools/servers/postgresServer.mjs";

/** Rows of one statement on a database of a server. */
export async function query<Row extends object = Record<string, unknown>>(
    server: Pick<Server, "host" | "port" | "user" | "password">,
    database: string,
    text: string,
    values: readonly unknown[] = [],
): Promise<Row[]> {
    const { host, port, user, password } = server;
    const client = new Client({ host, port, user, password, database });
    await client.connect();
    try {
        return (await client.query<Row>(text, [...values])).rows;
    } finally {
        await client.end();
    }
}
