/**
 * The stream that pg is given instead of making one itself: it opens the socket, negotiates TLS and keeps the connect
 * time-out, so that each of these fails with an error of its own kind instead of one that only its text tells apart.
 */
import type net from "node:net";
import { Duplex } from "node:stream";
import type { Connection } from "./connection";
import { connectionLost, openSocket, systemError } from "./tls";

/** How long a server that was told good-bye may take to hang up: one behind a cut network never does. */
const END_TIMEOUT_MS = 3_000;

type Callback = (error?: Error | null) => void;

/** A connection to a server, from the first packet on. */
export class ServerSocket extends Duplex {
    private socket: net.Socket | undefined;
    private clock: NodeJS.Timeout | undefined;
    private isEnding = false;

    /** @param plain see {@link openSocket} */
    constructor(
        private readonly connection: Connection,
        private readonly plain: boolean,
    ) {
        super();
    }

    /** Called by pg, with a host and a port that are known here already. The clock runs until {@link stopClock}. */
    connect(): this {
        const { connectTimeoutSeconds } = this.connection;
        this.clock = setTimeout(() => {
            const text = `no answer within connectTimeoutSeconds (${connectTimeoutSeconds} s)`;
            this.destroy(systemError("ETIMEDOUT", "connect", text));
        }, connectTimeoutSeconds * 1_000);
        openSocket(this.connection, this.plain, (socket) => this.own(socket)).then(
            (socket) => this.join(socket),
            (error: Error) => this.destroy(error),
        );
        return this;
    }

    /** The session stands: the connect time-out is over. */
    stopClock(): void {
        clearTimeout(this.clock);
    }

    /** Both are set on every socket from the start. */
    setNoDelay(): this {
        return this;
    }

    /** See {@link setNoDelay}. */
    setKeepAlive(): this {
        return this;
    }

    /** As a socket's. */
    ref(): this {
        this.socket?.ref();
        return this;
    }

    /** As a socket's. */
    unref(): this {
        this.socket?.unref();
        return this;
    }

    private own(socket: net.Socket): void {
        this.socket = socket;
        if (this.destroyed) {
            socket.destroy();
        }
    }

    private join(socket: net.Socket): void {
        if (this.destroyed) {
            return;
        }
        socket.on("data", (chunk) => {
            if (!this.push(chunk)) {
                socket.pause();
            }
        });
        socket.on("error", (error) => this.destroy(error));
        socket.on("close", () => this.destroy(this.isEnding ? undefined : connectionLost()));
        this.emit("connect");
    }

    override _read(): void {
        this.socket?.resume();
    }

    override _write(chunk: Buffer, encoding: BufferEncoding, done: Callback): void {
        this.socket?.write(chunk, encoding, done);
    }

    override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: Callback): void {
        this.socket?.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
    }

    override _final(done: Callback): void {
        this.isEnding = true;
        this.clock = setTimeout(() => this.destroy(), END_TIMEOUT_MS);
        this.socket?.end();
        done();
    }

    override _destroy(error: Error | null, done: Callback): void {
        this.stopClock();
        this.socket?.destroy();
        done(error);
    }
}
