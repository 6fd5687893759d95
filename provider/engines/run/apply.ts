/**
 * The one executor. Every operation of every resource on both engines goes through {@link converge}, and nothing else
 * changes a server.
 *
 * It observes, plans and applies in rounds until the plan is empty: that is also the post-condition, checked in
 * production. A passing fault starts a new round from what is then there, so no statement is ever repeated blindly.
 */
import { createHash } from "node:crypto";
import { ProviderError } from "../../errors";
import type { Session } from "../../postgres/pool";
import { retryTransient } from "../../postgres/retry";
import { isNoDatabase, SQLSTATE, sqlStateOf } from "../../postgres/sqlState";
import type { Lock, ResourceEngine, Request } from "../engine";
import type { Plan, Step } from "../step";
import { withSecrets } from "./secrets";
import type { Place, Servers } from "./servers";
import { forgetSnapshots } from "./snapshot";

/** More rounds than any plan needs; a plan that goes on beyond them does not converge. */
const MAX_ROUNDS = 12;

/** Where an operation tells what it does. */
export interface Report {
    /** What is being done just now: replaces what was told before. */
    progress(text: string): void;
    /** What the user has to know and is not an error. */
    warn(text: string): void;
}

/** An operation: which resource, on which servers, towards what. */
export interface Operation<Inputs, Computed, Observed> {
    readonly resource: ResourceEngine<Inputs, Computed, Observed>;
    readonly servers: Servers;
    readonly request: Request<Inputs, Computed>;
    readonly plan: (observed: Observed, request: Request<Inputs, Computed>) => Plan;
    /** Default: "change". */
    readonly purpose?: "change" | "delete";
    readonly report: Report;
    /** Called before the first step: from here on something may be half-made. */
    readonly onFirstStep?: () => void;
}

/** Observes, plans and applies until nothing is left to do; returns what is then there. */
export async function converge<Inputs, Computed, Observed>(
    operation: Operation<Inputs, Computed, Observed>,
): Promise<Observed> {
    const warn = once((text) => operation.report.warn(text));
    return retryTransient(() => withLocks(operation, (servers) => rounds({ ...operation, servers }, warn)));
}

async function rounds<Inputs, Computed, Observed>(
    operation: Operation<Inputs, Computed, Observed>,
    warn: (text: string) => void,
): Promise<Observed> {
    const { resource, servers, request, purpose = "change" } = operation;
    let last: Plan | undefined;
    for (let round = 0; ; round++) {
        const observed = await resource.observe(servers, request, purpose);
        const plan = operation.plan(observed, request);
        plan.warnings.forEach(warn);
        if (plan.steps.length === 0) {
            return observed;
        }
        if (round === MAX_ROUNDS || (last !== undefined && sameSteps(last, plan))) {
            throw new ProviderError(
                "NOT_CONVERGED",
                `these steps are left although they ran: ${plan.steps.map(stepText).join("; ")}`,
                { remedy: "Look at the servers' logs for what takes the change back, and report it with these steps" },
            );
        }
        last = plan;
        operation.onFirstStep?.();
        await applySteps(servers, plan.steps, operation.report);
    }
}

/** One line for a step, for messages: `add data node dn1 (dn1 is not registered)`. */
export function stepText(step: Step): string {
    return `${step.name} (${step.why})`;
}

/** Runs steps in their order; those that follow each other in one transaction commit together. */
export async function applySteps(servers: Servers, steps: readonly Step[], report: Report): Promise<void> {
    let done = 0;
    for (const group of transactions(steps)) {
        const first = group[0] as Step;
        forgetSnapshots();
        try {
            await servers.on(
                first.on,
                (session) => applyGroup(session, servers, group, report, done, steps.length),
                true,
            );
        } finally {
            forgetSnapshots();
        }
        done += group.length;
    }
}

async function applyGroup(
    session: Session,
    servers: Servers,
    group: readonly Step[],
    report: Report,
    done: number,
    total: number,
): Promise<void> {
    const inTransaction = group[0]?.transaction !== undefined;
    if (inTransaction) {
        await session.query("BEGIN");
    }
    try {
        for (const [index, step] of group.entries()) {
            report.progress(`${done + index + 1}/${total} ${stepText(step)}`);
            await runStep(session, servers, step, inTransaction);
        }
        if (inTransaction) {
            await session.query("COMMIT");
        }
    } catch (error) {
        if (inTransaction) {
            // The session may be gone, and with it the transaction: the error that matters is the first one.
            await session.query("ROLLBACK").catch(() => undefined);
        }
        throw error;
    }
}

async function runStep(session: Session, servers: Servers, step: Step, inTransaction: boolean): Promise<void> {
    try {
        await withSecrets(session, step.secrets, inTransaction, () => session.query(step.sql, step.values));
    } catch (error) {
        if (step.tolerates?.includes(sqlStateOf(error) ?? "")) {
            return;
        }
        if (!(error instanceof ProviderError)) {
            throw error;
        }
        const where = `${step.name} on ${servers.label(step.on.server)}`;
        throw explained(step, error).inStep(where);
    }
}

function explained({ explains }: Step, error: ProviderError): ProviderError {
    const explanation = explains?.[sqlStateOf(error) ?? ""];
    return explanation === undefined
        ? error
        : new ProviderError(explanation.code, `${explanation.reason} (${error.reason})`, {
              remedy: explanation.remedy,
              cause: error.cause,
          });
}

function transactions(steps: readonly Step[]): Step[][] {
    const groups: Step[][] = [];
    for (const step of steps) {
        const group = groups.at(-1);
        const before = group?.[0];
        if (
            group !== undefined &&
            before?.transaction !== undefined &&
            before.transaction === step.transaction &&
            samePlace(before.on, step.on)
        ) {
            group.push(step);
        } else {
            groups.push([step]);
        }
    }
    return groups;
}

function samePlace(a: Place, b: Place): boolean {
    return a.server === b.server && a.database === b.database;
}

function sameSteps(a: Plan, b: Plan): boolean {
    const shape = (plan: Plan): string =>
        JSON.stringify(plan.steps.map(({ on, sql, values, secrets }) => [on, sql, values, secrets]));
    return shape(a) === shape(b);
}

/**
 * Holds an operation's locks on one session while `work` runs, so that what is observed stays true until it is
 * changed. The same session serves every statement on its place: a second one could wait for the pool for ever.
 */
async function withLocks<Inputs, Computed, Observed, T>(
    operation: Operation<Inputs, Computed, Observed>,
    work: (servers: Servers) => Promise<T>,
): Promise<T> {
    const { resource, servers, request } = operation;
    const { on, locks } = resource.locks(request);
    let connected = false;
    const run = (place: Place): Promise<T> =>
        servers.on(
            place,
            async (session) => {
                connected = true;
                for (const lock of locks) {
                    await takeLock(session, on, lock);
                }
                return work(servers.holding(place, session));
            },
            true,
        );
    try {
        return await run(on);
    } catch (error) {
        // The database to lock is gone, and still there may be something to clean up on other servers.
        if (!connected && isNoDatabase(error)) {
            return run(servers.maintenance(on.server));
        }
        throw error;
    }
}

async function takeLock(session: Session, on: Place, lock: Lock): Promise<void> {
    const key = createHash("sha256").update(`pulumi-timescaledb/${on.database}/${lock.name}`).digest();
    const take = lock.shared ? "pg_advisory_lock_shared" : "pg_advisory_lock";
    try {
        await session.query(`SELECT ${take}($1::bigint)`, [key.readBigInt64BE().toString()]);
    } catch (error) {
        if (sqlStateOf(error) === SQLSTATE.LOCK_NOT_AVAILABLE) {
            const holder = error instanceof ProviderError ? `: ${error.reason}` : "";
            throw new ProviderError("LOCKED", `another run holds the lock of this cluster for too long${holder}`, {
                remedy: "Wait for it, end it, or raise connection.lockTimeoutSeconds",
                cause: error,
            });
        }
        throw error;
    }
}

function once(tell: (text: string) => void): (text: string) => void {
    const told = new Set<string>();
    return (text) => {
        if (!told.has(text)) {
            told.add(text);
            tell(text);
        }
    };
}
