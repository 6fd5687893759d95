/**
 * Sessions on servers. All work of the process on one database with the same settings shares one small pool; who finds
 * it in use waits for as long as it takes.
 */
import { createHash } from "node:crypto";
import { Pool, type ClientBase, type PoolClient, type QueryResult } from "pg";
import { ProviderError } from "../errors";
import { clientClass, type ServerClient } from "./client";
import { address, type Connection } from "./connection";
import { retryTransient } from "./retry";
import { PooledSession, type Session } from "./session";
import { systemError } from "./tls";
import { asProviderError, isNotReadyYet, SQLSTATE, sqlStateOf, type SessionPlace } from "./sqlState";

export type { Notice, Session } from "./session";

const SESSIONS_PER_DATABASE = 2;
/** Short, because an idle session keeps others from dropping or renaming its database. */
const IDLE_TIMEOUT_MS = 3_000;
const READY_POLL_SECONDS = 1;

type PooledClient = PoolClient & ServerClient;

interface SharedPool {
    readonly place: SessionPlace;
    readonly pool: Pool;
    /** The sessions that nobody has, whether they are kept or being ended. */
    readonly unused: Set<ClientBase>;
    /** Set where "prefer" found that the server takes this user without TLS only. */
    isPlain: boolean;
}

const pools = new Map<string, SharedPool>();
const readiness = new Map<string, Promise<void>>();

/**
 * Lends a session on a database. It is kept for the next user if all went well; a session on which anything failed is
 * ended, and with it what the failure left there, such as an open transaction, a lock or a setting.
 *
 * @param options.discard end the session afterwards in any case
 * @throws SERVER_UNREACHABLE, AUTHENTICATION_FAILED, TLS_FAILED
 */
export async function withSession<T>(
    connection: Connection,
    database: string,
    use: (session: Session) => Promise<T>,
    options: { readonly discard?: boolean } = {},
): Promise<T> {
    const place = { connection, database };
    const client = await connect(place);
    const session = new PooledSession(client, place, (text, values) => ask(place, text, values));
    let isKept = false;
    try {
        const result = await use(session);
        isKept = !options.discard && !session.hasFailed;
        return result;
    } finally {
        session.end();
        client.release(!isKept);
    }
}

/**
 * Waits until a server takes sessions, for up to the connection's readyTimeoutSeconds; with 0 it is tried once.
 *
 * It waits for what a starting server or container shows: an unknown name, a closed port, connections that are cut, the
 * answer that the server is starting. A refused user and a missing database fail at once: the official images listen
 * on the network only when both are there, and waiting would hide the mistake for two minutes.
 */
export async function waitUntilReady(connection: Connection, database: string): Promise<void> {
    const { readyTimeoutSeconds } = connection;
    const key = `${poolKey({ connection, database })} ${readyTimeoutSeconds}`;
    const ready =
        readiness.get(key) ??
        retryTransient(
            () => withSession(connection, database, async (session) => void (await session.query("SELECT 1"))),
            {
                attempts: readyTimeoutSeconds === 0 ? 1 : Infinity,
                limitSeconds: readyTimeoutSeconds,
                longestDelaySeconds: READY_POLL_SECONDS,
                isRetryable: isNotReadyYet,
            },
        ).finally(() => readiness.delete(key));
    readiness.set(key, ready);
    return ready;
}

/**
 * Ends this process's sessions on a database, so that it can be dropped or renamed. One that is in use ends when it is
 * given back; whoever asks for a session from now on gets a new one.
 */
export async function closePool(connection: Pick<Connection, "host" | "port">, database: string): Promise<void> {
    await close(
        ({ place }) =>
            place.connection.host === connection.host &&
            place.connection.port === connection.port &&
            place.database === database,
    );
}

/** Ends all sessions of this process, as {@link closePool} does. */
export async function closePools(): Promise<void> {
    await close(() => true);
}

async function close(isMeant: (shared: SharedPool) => boolean): Promise<void> {
    const meant = [...pools].filter(([, shared]) => isMeant(shared));
    for (const [key] of meant) {
        pools.delete(key);
    }
    await Promise.all(meant.map(([, shared]) => retire(shared)));
}

async function retire({ pool, unused }: SharedPool): Promise<void> {
    const ended = [...unused].map((client) => new Promise<void>((resolve) => client.once("end", resolve)));
    // pg's pool never answers those who are waiting when it ends.
    const endWhenServed = (): void => {
        if (pool.waitingCount === 0 && !pool.ending) {
            void pool.end();
        }
    };
    pool.on("acquire", endWhenServed);
    endWhenServed();
    await Promise.all(ended);
}

/** Runs one statement on a connection beside the pool, whose sessions may all be in use, within twice the connect time-out. */
async function ask<Row extends object>(place: SessionPlace, text: string, values: readonly unknown[]): Promise<Row[]> {
    const client = new (clientClass(place, () => poolOf(place).isPlain))();
    client.on("error", ignore);
    const limit = setTimeout(
        () => client.abort(systemError("ETIMEDOUT", "read", "no answer")),
        2 * place.connection.connectTimeoutSeconds * 1_000,
    );
    try {
        await client.connect();
        await client.prepare();
        const { rows }: QueryResult<Row> = await client.query<Row>(text, [...values]);
        return rows;
    } finally {
        clearTimeout(limit);
        void client.end().catch(ignore);
    }
}

function ignore(): void {
    // A connection that is lost shows in the statement that uses it.
}

async function connect(place: SessionPlace): Promise<PooledClient> {
    const shared = poolOf(place);
    const wasPlain = shared.isPlain;
    try {
        return (await shared.pool.connect()) as PooledClient;
    } catch (error) {
        if (wasPlain || place.connection.sslMode !== "prefer" || sqlStateOf(error) !== SQLSTATE.INVALID_AUTHORIZATION) {
            throw connectError(error, place);
        }
        // As libpq does: the server's pg_hba.conf may let this user in without TLS only.
        shared.isPlain = true;
        return shared.pool.connect().then(
            (client) => client as PooledClient,
            () => {
                shared.isPlain = false;
                throw connectError(error, place);
            },
        );
    }
}

/**
 * The servers' errors, the sockets' and TLS's are known by their codes. What is left is raised by pg itself, and while
 * it connects it raises errors of its own only about the authentication, such as a wrong signature of the server.
 */
function connectError(error: unknown, place: SessionPlace): unknown {
    const known = asProviderError(error, place);
    if (known instanceof ProviderError || !(error instanceof Error)) {
        return known;
    }
    return new ProviderError("AUTHENTICATION_FAILED", `${error.message} (at ${address(place.connection)})`, {
        cause: error,
    });
}

function poolOf(place: SessionPlace): SharedPool {
    const key = poolKey(place);
    const known = pools.get(key);
    if (known !== undefined) {
        return known;
    }
    const unused = new Set<ClientBase>();
    const options = {
        max: SESSIONS_PER_DATABASE,
        idleTimeoutMillis: IDLE_TIMEOUT_MS,
        allowExitOnIdle: true,
        Client: clientClass(place, () => shared.isPlain),
        onConnect: (client: ClientBase): Promise<void> => (client as ServerClient).prepare(),
    };
    const pool = new Pool(options);
    const shared: SharedPool = { place, pool, unused, isPlain: false };
    pool.on("error", ignore);
    pool.on("connect", (client) => client.on("error", ignore));
    pool.on("acquire", (client) => unused.delete(client));
    pool.on("release", (_, client) => unused.add(client));
    pool.on("remove", (client) => unused.delete(client));
    pools.set(key, shared);
    return shared;
}

/** Everything that makes a session differ; hashed, because a password is among it. */
function poolKey({ connection, database }: SessionPlace): string {
    const { readyTimeoutSeconds, maintenanceDatabase, ...settings } = connection;
    const text = JSON.stringify([database, Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))]);
    return createHash("sha256").update(text).digest("hex");
}
