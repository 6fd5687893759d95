/**
 * TLS as libpq has it: what each sslmode asks of a server, and the conversation by which a connection becomes encrypted.
 * See https://www.postgresql.org/docs/current/libpq-ssl.html and "SSL Session Encryption" in the protocol's description.
 */
import net from "node:net";
import tls from "node:tls";
import { ProviderError } from "../errors";
import { address, isUnixSocket, type Connection } from "./connection";
import { serverError } from "./sqlState";

/** Length 8, code 80877103. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
/** How long a connection may be silent before the network is asked whether the other side is still there. */
const KEEP_ALIVE_MS = 30_000;
const YES = "S".charCodeAt(0);
const NO = "N".charCodeAt(0);

/**
 * A socket to the server, encrypted as the connection's sslMode wants it, before any message of PostgreSQL's own.
 *
 * @param plain do not ask for TLS; only meant for "prefer" after the server has refused the encrypted session
 * @param own is told every socket that is opened, so that whoever loses patience can destroy it
 */
export async function openSocket(
    connection: Connection,
    plain: boolean,
    own: (socket: net.Socket) => void,
): Promise<net.Socket> {
    const raw = await connect(connection, own);
    if (plain || connection.sslMode === "disable" || isUnixSocket(connection)) {
        return raw;
    }
    const answer = await askForTls(raw, connection);
    if (answer === "refused") {
        if (connection.sslMode === "prefer") {
            return raw;
        }
        raw.destroy();
        throw new ProviderError("TLS_FAILED", `the server at ${address(connection)} does not offer TLS`, {
            remedy: 'Set ssl = on in its postgresql.conf, or sslMode to "prefer" or "disable"',
        });
    }
    try {
        return await encrypt(raw, connection, own);
    } catch (error) {
        raw.destroy();
        if (connection.sslMode === "prefer") {
            return connect(connection, own);
        }
        throw error;
    }
}

function connect(connection: Connection, own: (socket: net.Socket) => void): Promise<net.Socket> {
    const { host, port } = connection;
    const socket = isUnixSocket(connection) ? net.connect(`${host}/.s.PGSQL.${port}`) : net.connect({ host, port });
    own(socket);
    // Whoever waits for the socket hears of its errors; this listener only keeps one that comes later from being fatal.
    socket.on("error", () => undefined);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return settled(socket, "connect");
}

/** Sends the request and reads the one byte that answers it; a second byte could only come from somebody in between. */
async function askForTls(socket: net.Socket, connection: Connection): Promise<"offered" | "refused"> {
    socket.write(SSL_REQUEST);
    await settled(socket, "readable");
    const answer = socket.read() as Buffer | null;
    if (answer === null) {
        throw connectionLost();
    }
    if (answer.length === 1 && (answer[0] === YES || answer[0] === NO)) {
        return answer[0] === YES ? "offered" : "refused";
    }
    socket.destroy();
    throw new ProviderError(
        "TLS_FAILED",
        `what listens at ${address(connection)} does not answer the request for TLS as PostgreSQL does`,
        { remedy: "Check host and port of the connection" },
    );
}

async function encrypt(
    raw: net.Socket,
    connection: Connection,
    own: (socket: net.Socket) => void,
): Promise<net.Socket> {
    try {
        const socket = tls.connect({ ...tlsOptions(connection), socket: raw });
        own(socket);
        return await settled(socket, "secureConnect");
    } catch (error) {
        throw serverError(error)?.origin === "socket" ? error : tlsError(error, connection);
    }
}

/**
 * What a mode verifies. As in libpq, a root certificate makes every mode verify the chain, and only verify-full looks at
 * the name; the verifying modes without a root certificate trust the authorities that Node does.
 */
function tlsOptions(connection: Connection): tls.ConnectionOptions {
    const { host, sslMode, sslRootCert, sslCert, sslKey } = connection;
    return {
        ca: sslRootCert,
        cert: sslCert,
        key: sslKey,
        rejectUnauthorized: sslRootCert !== undefined || sslMode === "verify-ca" || sslMode === "verify-full",
        // The name of a host, never an address (RFC 6066), tells the server which certificate is wanted.
        servername: net.isIP(host) === 0 ? host : undefined,
        checkServerIdentity: (_, certificate) => (sslMode === "verify-full" ? checkHost(host, certificate) : undefined),
    };
}

/** As Node does, and as libpq does for an address that the certificate holds as a name. */
function checkHost(host: string, certificate: tls.PeerCertificate): Error | undefined {
    const mismatch = tls.checkServerIdentity(host, certificate);
    if (mismatch === undefined || net.isIP(host) === 0) {
        return mismatch;
    }
    const names = certificate.subjectaltname?.split(", ") ?? [];
    const hasAddress = names.some((name) => name.startsWith("IP Address:"));
    const isNamed = names.includes(`DNS:${host}`) || (!hasAddress && certificate.subject.CN === host);
    return isNamed ? undefined : mismatch;
}

/** What OpenSSL, Node's checks or an unreadable certificate reported. */
function tlsError(error: unknown, connection: Connection): ProviderError {
    const text = (error as Error).message;
    return new ProviderError(
        "TLS_FAILED",
        `no TLS connection with sslMode "${connection.sslMode}" to ${address(connection)}: ${text}`,
        { remedy: "Check sslMode, sslRootCert, sslCert and sslKey against the server's certificate", cause: error },
    );
}

/** Waits for a socket's event; its error, or its end before that, rejects. */
function settled<T extends net.Socket>(socket: T, event: "connect" | "readable" | "secureConnect"): Promise<T> {
    return new Promise((resolve, reject) => {
        const done = (error?: Error): void => {
            socket.off(event, onEvent).off("error", done).off("close", onClose);
            if (error === undefined) {
                resolve(socket);
            } else {
                reject(error);
            }
        };
        const onEvent = (): void => done();
        const onClose = (): void => done(connectionLost());
        socket.on(event, onEvent).on("error", done).on("close", onClose);
    });
}

/** The error of a connection that the other side ended without a word, in the form in which Node reports a cut one. */
export function connectionLost(): Error {
    return systemError("ECONNRESET", "read", "the server closed the connection");
}

/** An error in the form of Node's system errors. */
export function systemError(code: string, syscall: string, message: string): Error {
    return Object.assign(new Error(message), { code, syscall });
}
