/**
 * A TCP proxy in front of a server that makes the network fail on purpose, at a statement of one's choice.
 *
 *     const proxy = await startFaultProxy(server);
 *     connect to proxy.host, proxy.port ...
 *     proxy.killBefore(3);                     // the third statement from now on never reaches the server
 *     proxy.killAfter(1, /^COMMIT/);           // the first COMMIT is run, but the client never hears of it
 *     proxy.failAt(1, { when: "before", meanwhile: () => server.kill() });
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
    /** Lets something else happen at the n-th statement. Once. */
    failAt(n: number, fault: Fault, match?: RegExp): void;
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

/** What happens at a statement. */
export interface Fault {
    /**
     * Before the statement reaches the server, when the server has run it and nothing of its answer has reached the
     * client, or when the client has its answer. "swallowed": from it on nothing is passed on.
     */
    readonly when: "before" | "unanswered" | "answered" | "swallowed";
    /** Done while the statement, or its answer, is held up. */
    readonly meanwhile?: (session: ProxiedSession) => Promise<void>;
    /** Passes everything on after that, instead of cutting the connection. */
    readonly passes?: boolean;
}

/** The session in which a fault happens. */
export interface ProxiedSession {
    /** The server's process; undefined until the server has said it. */
    readonly processId: number | undefined;
}

interface DueFault extends Fault {
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
    let fault: DueFault | undefined;
    let killedAt: string | undefined;

    const cut = (): void => sockets.forEach((socket) => socket.destroy());

    /** Counts a statement, and says what is to happen at it. */
    function faultOf({ statement }: Message): Fault | undefined {
        if (statement === undefined) return undefined;
        statements.push(statement);
        if (!fault?.match.test(statement) || --fault.left > 0) return undefined;
        killedAt = statement;
        const due = fault;
        fault = undefined;
        return due;
    }

    function connect(client: net.Socket): void {
        connectionCount++;
        const server = net.connect(target);
        const frontend = readFrontend();
        const backend = readBackend();
        const waiting: Message[] = [];
        let answers: Buffer[] = [];
        let processId: number | undefined;
        let due: Fault | undefined;
        let isHeld = false;
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
        const send = (bytes: Buffer): void => {
            const write = (): unknown => server.writable && server.write(bytes);
            if (latencyMs) setTimeout(write, latencyMs);
            else write();
        };
        const happen = async ({ meanwhile }: Fault): Promise<void> => {
            isHeld = true;
            await meanwhile?.({ processId });
            isHeld = false;
        };
        const passOn = async (): Promise<void> => {
            for (let message = waiting.shift(); message; message = waiting.shift()) {
                const next = faultOf(message);
                if (next?.when === "swallowed") return void (isBlackHole = true);
                if (next?.when === "before") {
                    await happen(next);
                    if (!next.passes) return cutBoth();
                } else if (next) due = next;
                send(message.bytes);
            }
        };
        const answer = async (fault: Fault): Promise<void> => {
            const bytes = Buffer.concat(answers);
            answers = [];
            due = undefined;
            if (fault.when === "answered") client.write(bytes);
            await happen(fault);
            if (!fault.passes && fault.when === "answered") {
                client.end();
                return void server.destroy();
            }
            if (!fault.passes) return cutBoth();
            if (fault.when === "unanswered") client.write(bytes);
            await passOn();
        };
        client.on("data", (piece: Buffer) => {
            if (isBlackHole) return;
            if (isEncrypted) return send(piece);
            waiting.push(...frontend.read(piece));
            if (!isHeld) void passOn();
        });
        server.on("data", (piece: Buffer) => {
            if (isBlackHole) return;
            const messages = isEncrypted ? [] : backend.read(piece);
            isEncrypted ||= messages.some(({ type, bytes }) => type === undefined && bytes.toString() === "S");
            processId ??= messages.find(({ type }) => type === "K")?.bytes.readInt32BE(5);
            if (!due) return void client.write(piece);
            answers.push(piece);
            // "Z": the server is ready for the next one, so this one is done.
            if (messages.some(({ type }) => type === "Z")) void answer(due);
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
        killBefore: (n, match = /^/) => void (fault = { when: "before", match, left: n }),
        killAfter: (n, match = /^/) => void (fault = { when: "unanswered", match, left: n }),
        failAt: (n, what, match = /^/) => void (fault = { ...what, match, left: n }),
        blackHoleFrom: (n, match = /^/) => void (fault = { when: "swallowed", match, left: n }),
        latency: (ms) => void (latencyMs = ms),
        blackHole: () => void (isBlackHole = true),
        refuse,
        cut,
        heal: async () => {
            if (isBlackHole) cut();
            [isBlackHole, latencyMs, fault] = [false, 0, undefined];
            if (!listener.listening) await listen(port);
        },
        stop: async () => {
            if (listener.listening) await refuse();
        },
    };
}
