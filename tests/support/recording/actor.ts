/** What stands between a test's sessions and the servers: the recorder or the replayer. */
import type { Answer } from "./answer";

/** A statement, or the request to connect. */
export interface Question {
    /** The server and the database, such as "dn1/postgres". */
    readonly on: string;
    readonly sql: string;
    /** Bound as $1, $2, ... */
    readonly values?: readonly unknown[];
}

/** The use of a session by one task, from the moment the pool lends it until it goes back. Known by its identity. */
export type Lease = object;

/** Answers what sessions ask, case by case. */
export interface Actor {
    /** Whether nobody else hears of what the sessions do. */
    readonly isReplaying: boolean;

    /** From now on questions belong to this case, or to what runs around the cases; it goes on where it was left. */
    enter(scope: string): void;

    /**
     * @param really asks the server; fails never, errors are answers
     */
    ask(lease: Lease, question: Question, really: () => Promise<Answer>): Promise<Answer>;

    /** A session ends or pins its settings: nothing else happens before the server has noticed. */
    meanwhile(end: Promise<void>): void;

    /**
     * The case is over. Throws if it was not as recorded.
     *
     * @param isWhole whether all that was recorded has to have happened
     */
    leave(isWhole?: boolean): void;
}

/** What a session asks first. */
export function connecting(on: string, user: string): Question {
    return { on, sql: `(connect as ${user})` };
}

/** Whether it is the request to connect. */
export function isConnecting({ sql }: Question): boolean {
    return sql.startsWith("(connect as ");
}
