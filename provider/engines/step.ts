/** What a plan is made of: statements, and where and together with what each of them runs. */
import type { ErrorCode } from "../errors";
import type { Secrets } from "./run/secrets";
import type { Place } from "./run/servers";

/** An error in the user's terms. */
export interface Explanation {
    readonly code: ErrorCode;
    readonly reason: string;
    readonly remedy: string;
}

/** One statement of a plan, wherever it runs. */
export interface Statement {
    /** What it does, as `plan` and progress show it: "add column humidity". The same act has one name in both engines. */
    readonly name: string;
    /** Why it is there, in one phrase: "column humidity does not exist". */
    readonly why: string;
    readonly sql: string;
    /** Bound values, cast in the text ($1::interval). */
    readonly values?: readonly unknown[];
    /** What is secret: bound to settings before it runs, from which its SQL reads it; never in sql, values or names. */
    readonly secrets?: Secrets;
    /**
     * SQLSTATEs that do not fail the step: it was done already, or the next round plans another way. Not inside a
     * transaction.
     */
    readonly tolerates?: readonly string[];
    /** What the server's refusal means here, by its SQLSTATE: the error that the user gets, the server's as its cause. */
    readonly explains?: Readonly<Record<string, Explanation>>;
    /** What it destroys, if anything. */
    readonly destroys?: { readonly what: string; readonly rows?: number; readonly bytes?: number };
}

/** A statement and where it runs. */
export interface Step extends Statement {
    readonly on: Place;
    /** Steps that follow each other on one place and bear the same name here share one transaction. */
    readonly transaction?: string;
}

/** Statements as steps on one place, in one transaction where it has a name. */
export function at(on: Place, statements: readonly Statement[], transaction?: string): Step[] {
    return statements.map((statement) => ({ ...statement, on, ...(transaction === undefined ? {} : { transaction }) }));
}

/** What is to be done, in order. An empty list of steps: what was requested is there. */
export interface Plan {
    readonly steps: readonly Step[];
    /**
     * Why the plan stops early: "the database's own settings are read once it is there". The next round plans the rest.
     * Absent: after these steps nothing is left to do.
     */
    readonly continues?: string;
    /** What the user is to be told once: "could not clean up dn2 (server gone): database multinode stays there". */
    readonly warnings: readonly string[];
}

/** The plan where nothing is left to do. */
export const NOTHING_TO_DO: Plan = { steps: [], warnings: [] };

/** {@link Plan.continues} of a plan that leaves a schema which was made for tables: whether it is empty shows only then. */
export function schemaDropFollows(name: string): { readonly continues: string } {
    return { continues: `schema ${name} goes as well if nothing is left in it` };
}
