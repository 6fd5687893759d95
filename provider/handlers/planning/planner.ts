/**
 * What an operation would do, without doing it: the steps that the resource's engine plans from what is there now. It
 * goes through the same gate as the operation itself, see operation.ts.
 */
import { randomUUID } from "node:crypto";
import type { EngineName } from "../../engines/inputs";
import type { Plan, Step } from "../../engines/step";
import type { Servers } from "../../engines/run/servers";
import { ProviderError } from "../../errors";
import { holdsUnknown } from "../../validation/unknown";
import type { Exit } from "../exit";
import type { Kind } from "../kind";
import { exitOf, operationOf, subjectOf, valuesOf, type Announced, type Subject } from "../operation";
import { PendingClusters, NEW_CLUSTER_ID } from "./pendingClusters";

/** A step, ready to be shown: without secrets, its server by its label. */
export interface PlannedStep {
    readonly name: string;
    readonly why: string;
    /** `data node dn1 (data1.example.com:5432)`. */
    readonly server: string;
    readonly database: string;
    readonly sql: string;
    /** What is bound as $1, $2, ... */
    readonly values: readonly unknown[];
    /** Steps that follow each other with the same name here commit together; null: on its own. */
    readonly transaction: string | null;
    readonly destroys: Step["destroys"] | null;
}

/** What an operation would do. */
export interface PlannedOperation {
    /** `data node "dn1" (data1.example.com:5432)`. */
    readonly resource: string;
    readonly steps: readonly PlannedStep[];
    readonly warnings: readonly string[];
    /** Why more steps will follow that cannot be known yet; null: these are all. */
    readonly continues: string | null;
    /** Why the operation will fail before it does anything, as it would say it; null: it will not. */
    readonly refusal: string | null;
    /** Why nothing can be known; null: it is known. */
    readonly unknown: string | null;
}

/**
 * Plans operations of one kind of resource.
 *
 * @param pending the clusters that earlier operations of the same run will make
 */
export type Planner = (announced: Announced, pending?: PendingClusters) => Promise<PlannedOperation>;

/** Makes the planner of a kind. */
export function planner<Inputs extends object, Computed extends { readonly engine: EngineName }>(
    kind: Kind<Inputs, Computed>,
): Planner {
    return async (announced, pending = new PendingClusters()) => {
        const given = subjectOf(kind, announced);
        const subject = { ...given, inputs: pending.settle(given.inputs) };
        const nothing = {
            resource: kind.label(subject.inputs),
            steps: [],
            warnings: [],
            continues: null,
            refusal: null,
        } as const;
        if (holdsUnknown(subject.inputs)) {
            const paths = unknownPaths(subject.inputs).join(", ");
            return { ...nothing, unknown: `${paths}: not known before other resources are created` };
        }
        const exit = exitOf(kind, valuesOf(announced));
        try {
            const { servers, plan } = await planned(kind, announced, subject, exit, pending);
            return {
                ...nothing,
                steps: plan.steps.map((step) => shown(step, servers, exit)),
                warnings: plan.warnings.map((warning) => exit.message(warning)),
                continues: plan.continues ?? null,
                unknown: null,
            };
        } catch (error) {
            if (!(error instanceof ProviderError)) {
                throw error;
            }
            return UNSEEN.has(error.code)
                ? { ...nothing, unknown: exit.message(error.reason) }
                : { ...nothing, unknown: null, refusal: exit.message(error.message) };
        }
    };
}

/** In a pending cluster the plan starts from what that will be; else from what is there, and goes on from what it makes. */
async function planned<Inputs extends object, Computed extends { readonly engine: EngineName }>(
    kind: Kind<Inputs, Computed>,
    announced: Announced,
    subject: Subject<Inputs, Computed>,
    exit: Exit,
    pending: PendingClusters,
): Promise<{ readonly servers: Servers; readonly plan: Plan }> {
    const creates = announced.operation === "create";
    const coming = creates ? pending.find(subject.inputs) : undefined;
    const newId = creates ? NEW_CLUSTER_ID : randomUUID();
    const operation = await operationOf(kind, announced, subject, { newId, exit, coming });
    const { engine, resource, servers, request } = operation;
    const observed =
        coming === undefined
            ? await resource.observe(servers, request, operation.purpose)
            : await resource.foresee(servers, request, coming);
    const first = operation.plan(observed);
    const plan = { ...first, warnings: [...operation.advice, ...first.warnings] };
    if (!creates || (coming === undefined && resource.isThere(observed, request))) {
        return { servers, plan };
    }
    kind.announce?.(pending, engine, subject.inputs);
    const made = coming === undefined ? pending.find(subject.inputs) : undefined;
    return made === undefined
        ? { servers, plan }
        : { servers, plan: followed(plan, operation.plan(await resource.foresee(servers, request, made))) };
}

/** A plan, and what is left to do after it. */
function followed(first: Plan, next: Plan): Plan {
    return {
        steps: [...first.steps, ...next.steps],
        warnings: [...new Set([...first.warnings, ...next.warnings])],
        ...(next.continues === undefined ? {} : { continues: next.continues }),
    };
}

/** With these codes a server could not be looked at, so nobody knows yet what the operation will find. */
const UNSEEN: ReadonlySet<string> = new Set(["SERVER_UNREACHABLE", "AUTHENTICATION_FAILED", "TLS_FAILED", "NOT_FOUND"]);

function shown(step: Step, servers: Servers, exit: Exit): PlannedStep {
    return {
        name: exit.hide(step.name),
        why: exit.hide(step.why),
        server: servers.label(step.on.server),
        database: step.on.database,
        sql: exit.hide(step.sql),
        values: (step.values ?? []).map((value) => exit.value(value)),
        transaction: step.transaction ?? null,
        destroys: step.destroys ?? null,
    };
}

/** `accessNode.id`, for every leaf that is not known. */
function unknownPaths(value: unknown, path = ""): string[] {
    if (typeof value !== "object" || value === null) {
        return holdsUnknown(value) ? [path] : [];
    }
    return Object.entries(value).flatMap(([key, inner]) => unknownPaths(inner, path === "" ? key : `${path}.${key}`));
}
