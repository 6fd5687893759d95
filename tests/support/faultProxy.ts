/**
 * A TCP proxy in front of a server that makes the network fail on purpose, at a statement of one's choice.
 *
 *     const proxy = await startFaultProxy(server);
 *     connect to proxy.host, proxy.port ...
 *     proxy.killBefore(3);                     // the third statement from now on never reaches the server
 *     proxy.killAfter(1, /^COMMIT/);           // the first COMMIT is run, but the client never hears of it
 *     proxy.latency(20); proxy.blackHole(); await proxy.refuse(); await proxy.heal();
 *     await proxy.stop();
 *
 * It understands plain connections; under TLS it can delay and cut, but not count.
 */
import net from "node:net";
import { readBackend, readFrontend, type Message } from "./wireProtocol";

/** A proxy that runs. */
export interface FaultProxy {
    readonly host: "127.0.0.1";
    readonly port: number;
    /** The text of every statement that clients have sent, in order, over all connections. */
    readonly statements: readonly string[];
    /** How many connections clients have made. */
    readonly connectionCount: number;
    /** The statement at which killBefore or killAfter cut; undefined until then. */
    readonly killedAt: string | undefined;
    /** Cuts the connection when the n-th statement (from 1, of those that match) is about to be sent. Once. */
    killBefore(n: number, match?: RegExp): void;
    /** Cuts the connection when the server has run the n-th statement and is about to say so. Once. */
    killAfter(n: number, match?: RegExp): void;
    /** Swallows everything from the n-th statement (from 1, of those that match) on, itself included. */
    blackHoleFrom(n: number, match?: RegExp): void;
    /** Delays what clients send. */
    latency(ms: number): void;
    /** Swallows everything from now on: connections hang, new ones too. */
    blackHole(): void;
    /** Cuts all connections and takes no new ones. */
    refuse(): Promise<void>;
    /** Cuts all connections, once. */
    cut(): void;
    /** Ends every fault. Connections that have hung are cut. */
    heal(): Promise<void>;
    stop(): Promise<void>;
}

interface Kill {
    readonly when: "before" | "after" | "hole";
    readonly match: RegExp;
    left: number;
}

/** Starts a proxy on a free port. */
export async function startFaultProxy(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
    const sockets = new Set<net.Socket>();
    const statements: string[] = [];
    let connectionCount = 0;
    let latencyMs = 0;
    let isBlackHole = false;
    let kill: Kill | undefined;
    let killedAt: string | undefined;

    const cut = (): void => sockets.forEach((socket) => socket.destroy());

    /** Counts a statement, and says whether it is the one to kill at. */
    function isToKill({ statement }: Message): Kill | undefined {
        if (statement === undefined) return undefined;
        statements.push(statement);
        if (!kill?.match.test(statement) || --kill.left > 0) return undefined;
        killedAt = statement;
        const due = kill;
        kill = undefined;
        return due;
    }

    function connect(client: net.Socket): void {
        connectionCount++;
        const server = net.connect(target);
        const frontend = readFrontend();
        const backend = readBackend();
        let isDying = false;
        let isEncrypted = false;
        const cutBoth = (): void => [client, server].forEach((socket) => socket.destroy());
        for (const [socket, other] of [
            [client, server],
            [server, client],
        ] as const) {
            sockets.add(socket);
            socket.setNoDelay(true);
            socket.on("error", cutBoth).on("close", () => {
                sockets.delete(socket);
                other.end();
            });
        }
        client.on("data", (piece: Buffer) => {
            if (isBlackHole) return;
            const delayMs = latencyMs;
            const send = (bytes: Buffer): void => {
                if (delayMs) setTimeout(() => server.writable && server.write(bytes), delayMs);
                else server.write(bytes);
            };
            if (isEncrypted) return send(piece);
            for (const message of frontend.read(piece)) {
                const due = isToKill(message);
                if (due?.when === "before") return cutBoth();
                if (due?.when === "after") isDying = true;
                if (due?.when === "hole") return void (isBlackHole = true);
                send(message.bytes);
            }
        });
        server.on("data", (piece: Buffer) => {
            if (isBlackHole) return;
            const messages = isEncrypted ? [] : backend.read(piece);
            isEncrypted ||= messages.some(({ type, bytes }) => type === undefined && bytes.toString() === "S");
            // "Z": the server is ready for the next one, so this one is done.
            if (isDying && messages.some(({ type }) => type === "Z")) return cutBoth();
            client.write(piece);
        });
    }

    const listener = net.createServer(connect);
    const listen = (port: number): Promise<void> =>
        new Promise((resolve, reject) => listener.once("error", reject).listen(port, "127.0.0.1", resolve));
    await listen(0);
    const { port } = listener.address() as net.AddressInfo;
    const refuse = async (): Promise<void> => {
        const closed = new Promise((resolve) => listener.close(resolve));
        cut();
        await closed;
    };

    return {
        host: "127.0.0.1",
        port,
        statements,
        get connectionCount() {
            return connectionCount;
        },
        get killedAt() {
            return killedAt;
        },
        killBefore: (n, match = /^/) => void (kill = { when: "before", match, left: n }),
        killAfter: (n, match = /^/) => void (kill = { when: "after", match, left: n }),
        blackHoleFrom: (n, match = /^/) => void (kill = { when: "hole", match, left: n }),
        latency: (ms) => void (latencyMs = ms),
        blackHole: () => void (isBlackHole = true),
        refuse,
        cut,
        heal: async () => {
            if (isBlackHole) cut();
            [isBlackHole, latencyMs, kill] = [false, 0, undefined];
            if (!listener.listening) await listen(port);
        },
        stop: async () => {
            if (listener.listening) await refuse();
        },
    };
}
