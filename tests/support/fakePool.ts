/**
 * Stands in for provider/postgres/pool.ts in unit tests: sessions that answer as a test says, and a log of everything
 * that was sent, in order. Use it with
 *
 *     jest.mock("../../../provider/postgres/pool", () => jest.requireActual("../../support/fakePool"));
 */
import { ProviderError, type ErrorCode } from "../../provider/errors";
import type { Connection } from "../../provider/postgres/connection";
import type { Session } from "../../provider/postgres/pool";

/** One thing that happened: a statement, or a session that was lent, kept or ended. */
export interface Event {
    readonly session: number;
    /** `access/postgres`: host and database. */
    readonly place: string;
    readonly text: string;
    readonly values?: readonly unknown[];
}

type Answer = (event: Event) => readonly object[] | undefined | void;

/** What a test sees and says. */
class FakePool {
    events: Event[] = [];
    /** Answers a statement, or throws. */
    answer: Answer = () => [];
    /** Called when a session is asked for; may throw. */
    connect: (place: string) => void = () => undefined;
    private sessions = 0;

    reset(): void {
        this.events = [];
        this.answer = () => [];
        this.connect = () => undefined;
        this.sessions = 0;
    }

    /** The statements, without the advisory locks. */
    get statements(): string[] {
        return this.events.map(({ text }) => text).filter((text) => !text.startsWith("--") && !isLock(text));
    }

    /** `access/multinode: COMMIT`, one line an event. */
    get lines(): string[] {
        return this.events.map(({ place, text }) => `${place}: ${isLock(text) ? "lock" : text}`);
    }

    async lend<T>(
        { host }: Connection,
        database: string,
        use: (session: Session) => Promise<T>,
        discard: boolean,
    ): Promise<T> {
        const place = `${host}/${database}`;
        const session = ++this.sessions;
        const tell = (text: string, values?: readonly unknown[]): Event => {
            const event = { session, place, text, ...(values === undefined ? {} : { values }) };
            this.events.push(event);
            return event;
        };
        this.connect(place);
        tell("-- lent");
        try {
            const query = async <Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]> =>
                [...(this.answer(tell(text, values)) ?? [])] as Row[];
            return await use({
                query,
                one: async <Row extends object>(text: string, values?: readonly unknown[]): Promise<Row> =>
                    (await query<Row>(text, values))[0] as Row,
                copyIn: async (text) => (tell(text), 0),
                takeNotices: () => [],
            });
        } finally {
            tell(discard ? "-- ended" : "-- kept");
        }
    }
}

function isLock(text: string): boolean {
    return text.includes("pg_advisory_lock");
}

/** The one stand-in of a test file; reset it before each test. */
export const fakePool = new FakePool();

export async function withSession<T>(
    connection: Connection,
    database: string,
    use: (session: Session) => Promise<T>,
    options: { readonly discard?: boolean } = {},
): Promise<T> {
    return fakePool.lend(connection, database, use, options.discard ?? false);
}

/** Whether a server is ready is decided by {@link FakePool.connect}. */
export async function waitUntilReady({ host }: Connection, database: string): Promise<void> {
    fakePool.connect(`${host}/${database}`);
}

export async function closePool(): Promise<void> {}

export async function closePools(): Promise<void> {}

/** An error as the real session throws it: with the server's own as its cause. */
export function sqlError(
    sqlState: string,
    message: string,
    options: { readonly code?: ErrorCode; readonly transient?: boolean } = {},
): ProviderError {
    const cause = Object.assign(new Error(message), { code: sqlState, severity: "ERROR" });
    return new ProviderError(options.code ?? "SERVER_ERROR", `${message} (SQLSTATE ${sqlState})`, {
        cause,
        transient: options.transient ?? false,
    });
}
