/**
 * Looks after a statement under way, so that none is waited for without a limit. A server may work on a statement for
 * hours, so a long time is no fault; but another connection has to show that the server lives and that the session's
 * process is still at it. The same look finds out who holds the lock that the process waits for.
 */
import { ProviderError } from "../errors";
import { address } from "./connection";
import { GRACE_SECONDS, LAST_WORD_SECONDS, LOOK_SECONDS, SILENCE_SECONDS } from "./limits";
import { serverError, SQLSTATE, sqlStateOf, type SessionPlace } from "./sqlState";

/** The answers of a server that is going away or coming up: they are no sign of life of a statement. */
const RESTARTING: ReadonlySet<string> = new Set([
    SQLSTATE.ADMIN_SHUTDOWN,
    SQLSTATE.CRASH_SHUTDOWN,
    SQLSTATE.CANNOT_CONNECT_NOW,
]);

/** How often in a row the server has to have nothing to do for a statement until its answer counts as lost. */
const LOST_LOOKS = 3;

const LOOK = `
SELECT a.state, a.wait_event_type AS "waitType", pg_catalog.pg_blocking_pids(a.pid) AS pids,
       (SELECT coalesce(json_agg(json_build_object('pid', b.pid, 'user', b.usename, 'application', b.application_name,
                                                   'statement', pg_catalog.left(b.query, 200))), '[]')
          FROM pg_catalog.pg_stat_activity b WHERE b.pid = ANY (pg_catalog.pg_blocking_pids(a.pid))) AS blockers,
       (SELECT l.relation::pg_catalog.regclass::text FROM pg_catalog.pg_locks l
         WHERE l.pid = a.pid AND NOT l.granted AND l.relation IS NOT NULL LIMIT 1) AS relation
  FROM pg_catalog.pg_stat_activity a WHERE a.pid = $1`;

interface Blocker {
    readonly pid: number;
    readonly user: string | null;
    readonly application: string | null;
    readonly statement: string | null;
}

interface Sight {
    readonly state: string | null;
    readonly waitType: string | null;
    readonly pids: readonly number[];
    readonly blockers: readonly Blocker[];
    readonly relation: string | null;
}

/** Runs one statement on a connection of its own, within a limit. */
export type Ask = <Row extends object>(text: string, values: readonly unknown[]) => Promise<Row[]>;

/** A session whose statements are looked after. */
export interface Patient {
    readonly place: SessionPlace;
    /** The server's process; undefined: it cannot be looked after. */
    readonly backend: number | undefined;
    /** Asks the same server over another connection. */
    readonly ask: Ask;
    /** Ends the connection, and the statement with this error. */
    abort(error: Error): void;
}

/**
 * Runs a statement and looks after it until it is done.
 *
 * @param isFeeding whether the server waits for what only this program can give, as in a COPY of slow data
 * @throws TIMED_OUT, SERVER_UNREACHABLE where it is given up; LOCKED with who holds the lock
 */
export async function watched<T>(
    patient: Patient,
    run: () => Promise<T>,
    isFeeding: () => boolean = () => false,
): Promise<T> {
    const watch = new Watch(patient, isFeeding);
    try {
        return await run();
    } catch (error) {
        throw watch.explained(error);
    } finally {
        watch.stop();
    }
}

class Watch {
    private readonly startedAt = performance.now();
    private lifeAt = this.startedAt;
    private lostLooks = 0;
    private blocked: Sight | undefined;
    private isOver = false;
    private readonly limit: NodeJS.Timeout | undefined;
    private next: NodeJS.Timeout | undefined;

    constructor(
        private readonly patient: Patient,
        private readonly isFeeding: () => boolean,
    ) {
        const { statementTimeoutSeconds } = patient.place.connection;
        if (statementTimeoutSeconds > 0) {
            this.limit = setTimeout(
                () =>
                    this.giveUp(
                        "TIMED_OUT",
                        `nor ended it after statementTimeoutSeconds (${statementTimeoutSeconds} s)`,
                    ),
                (statementTimeoutSeconds + GRACE_SECONDS) * 1_000,
            );
        }
        this.lookIn(this.pauseSeconds());
    }

    stop(): void {
        this.isOver = true;
        clearTimeout(this.limit);
        clearTimeout(this.next);
    }

    /** The server's error, with who held the lock where it was one that was waited for. */
    explained(error: unknown): unknown {
        if (sqlStateOf(error) !== SQLSTATE.LOCK_NOT_AVAILABLE || this.blocked === undefined) {
            return error;
        }
        const { relation, blockers, pids } = this.blocked;
        const what = relation === null ? "a lock" : `a lock on ${relation}`;
        const holders = [...blockers.map(blockerText), ...(pids.includes(0) ? [PREPARED] : [])].join(" and ");
        const text = error instanceof Error ? error.message : "";
        return new ProviderError(
            "LOCKED",
            `${text} (SQLSTATE ${SQLSTATE.LOCK_NOT_AVAILABLE}, at ${this.where()}): it waited ${this.seconds(this.startedAt)} s for ${what} that is held by ${holders}`,
            {
                remedy: "Wait until the holder is done or end it (SELECT pg_terminate_backend(...)), or raise lockTimeoutSeconds",
                cause: error,
            },
        );
    }

    /** Often enough that who holds a lock is known before the server ends the wait. */
    private pauseSeconds(): number {
        const { lockTimeoutSeconds } = this.patient.place.connection;
        return lockTimeoutSeconds > 0 ? Math.min(LOOK_SECONDS, lockTimeoutSeconds / 2) : LOOK_SECONDS;
    }

    private lookIn(seconds: number): void {
        if (this.patient.backend !== undefined && !this.isOver) {
            this.next = setTimeout(() => void this.look(), seconds * 1_000);
        }
    }

    private async look(): Promise<void> {
        let sight: Sight | undefined;
        try {
            [sight] = await this.patient.ask<Sight>(LOOK, [this.patient.backend]);
        } catch (error) {
            if (!this.isOver) {
                this.missed(error);
            }
            return;
        }
        if (this.isOver) {
            return;
        }
        this.lifeAt = performance.now();
        this.lostLooks = this.isLost(sight) ? this.lostLooks + 1 : 0;
        this.blocked = sight !== undefined && sight.pids.length > 0 ? sight : this.blocked;
        if (this.lostLooks >= LOST_LOOKS) {
            this.giveUp(
                "SERVER_UNREACHABLE",
                "although it has nothing to do for it any more: the connection is broken",
            );
        } else {
            this.lookIn(this.lostLooks > 0 ? LAST_WORD_SECONDS : this.pauseSeconds());
        }
    }

    /** A look that failed: a server that refuses this one session lives; silence lasts only so long. */
    private missed(error: unknown): void {
        const found = serverError(error);
        if (found?.origin === "server" && !RESTARTING.has(found.code)) {
            this.lifeAt = performance.now();
        }
        if (performance.now() - this.lifeAt >= SILENCE_SECONDS * 1_000) {
            const why = error instanceof Error ? error.message : String(error);
            this.giveUp("SERVER_UNREACHABLE", `and does not take another session either (${why})`);
        } else {
            this.lookIn(LAST_WORD_SECONDS);
        }
    }

    private isLost(sight: Sight | undefined): boolean {
        return (
            sight === undefined ||
            sight.state?.startsWith("idle") === true ||
            (sight.waitType === "Client" && !this.isFeeding())
        );
    }

    private giveUp(code: "TIMED_OUT" | "SERVER_UNREACHABLE", why: string): void {
        this.stop();
        const text = `the server has not answered a statement for ${this.seconds(this.startedAt)} s, ${why} (at ${this.where()})`;
        this.patient.abort(
            new ProviderError(code, text, {
                remedy: "Look for what cuts the network between here and the server, then run pulumi up again: it goes on from what is then there",
                transient: true,
            }),
        );
    }

    private where(): string {
        const { connection, database } = this.patient.place;
        return `${address(connection)}/${database}`;
    }

    private seconds(since: number): string {
        return ((performance.now() - since) / 1_000).toFixed(0);
    }
}

const PREPARED = "a prepared transaction (see pg_prepared_xacts)";

function blockerText({ pid, user, application, statement }: Blocker): string {
    const facts = [
        ...(user ? [`user ${user}`] : []),
        ...(application ? [`application ${application}`] : []),
        ...(statement ? [`statement "${statement.replace(/\s+/g, " ").trim()}"`] : []),
    ];
    return `process ${pid}${facts.length === 0 ? "" : ` (${facts.join(", ")})`}`;
}
