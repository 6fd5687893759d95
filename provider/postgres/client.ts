/** pg's client with the settings of this package. */
import { Client, type ClientBase } from "pg";
import type { Connection } from "./connection";
import { findPassword } from "./passwordFile";
import { ServerSocket } from "./socket";
import type { SessionPlace } from "./sqlState";

const APPLICATION_NAME = "pulumi-timescaledb";

/**
 * A class, because pg's pool makes its clients itself.
 *
 * @param isPlain asked before each connection whether it does without TLS
 */
export function clientClass({ connection, database }: SessionPlace, isPlain: () => boolean): new () => ClientBase {
    return class extends Client {
        constructor() {
            const socket = new ServerSocket(connection, isPlain());
            super({
                host: connection.host,
                port: connection.port,
                user: connection.user,
                database,
                password: () =>
                    findPassword(connection, database).catch((error: Error) => {
                        socket.destroy(error);
                        throw error;
                    }),
                stream: () => socket,
                ssl: false,
                sslnegotiation: "postgres",
                application_name: APPLICATION_NAME,
                options: startupOptions(connection),
            });
            this.once("connect", () => socket.stopClock());
        }
    };
}

/**
 * The time-outs, also those of 0, which else a server's or a role's own setting would fill. The styles are those in
 * which this package reads intervals and times.
 */
function startupOptions({ statementTimeoutSeconds, lockTimeoutSeconds }: Connection): string {
    const settings = {
        statement_timeout: Math.ceil(statementTimeoutSeconds * 1_000),
        lock_timeout: Math.ceil(lockTimeoutSeconds * 1_000),
        DateStyle: "ISO",
        IntervalStyle: "postgres",
    };
    const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
    return [process.env.PGOPTIONS ?? "", ...options].join(" ").trim();
}
