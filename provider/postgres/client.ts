/** pg's client with the settings of this package. */
import { Client, type ClientBase } from "pg";
import { findPassword } from "./passwordFile";
import { pinSettings } from "./sessionSettings";
import { ServerSocket } from "./socket";
import type { SessionPlace } from "./sqlState";

const APPLICATION_NAME = "pulumi-timescaledb";

/** A client of this package. */
export interface ServerClient extends ClientBase {
    /** The server's process that works for it; undefined where nobody answers for a server. */
    readonly backend: number | undefined;

    /** Pins the settings of a session that stands; until then the connect time-out runs. */
    prepare(): Promise<void>;

    /** Ends the connection at once, and every statement under way with this error. */
    abort(error: Error): void;

    end(): Promise<void>;
}

/**
 * A class, because pg's pool makes its clients itself.
 *
 * @param isPlain asked before each connection whether it does without TLS
 */
export function clientClass({ connection, database }: SessionPlace, isPlain: () => boolean): new () => ServerClient {
    return class extends Client implements ServerClient {
        backend: number | undefined;
        private readonly socket: ServerSocket;

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
            });
            this.socket = socket;
        }

        async prepare(): Promise<void> {
            this.backend = await pinSettings(this, connection);
            this.socket.stopClock();
        }

        abort(error: Error): void {
            this.socket.destroy(error);
        }
    };
}
