/** The plan of a stack: each resource's own plan, in the order in which Pulumi will come to it. */
import { PendingClusters } from "../handlers/planning/pendingClusters";
import { planners } from "../handlers/planning/planners";
import type { Announced } from "../handlers/operation";
import type { PlannedOperation } from "../handlers/planning/planner";
import { TYPE_PREFIX, type PreviewStep, type StateResource } from "./stack";

/** One operation of the next `up` on one of this package's resources. */
export interface StackOperation extends PlannedOperation {
    readonly urn: string;
    readonly operation: Announced["operation"];
    /** Properties whose change replaces the resource; empty: it is not replaced. */
    readonly replacedFor: readonly string[];
}

/** What the next `up` will do. */
export interface StackPlan {
    readonly operations: readonly StackOperation[];
}

/** Pulumi's names of steps, and what they call of a resource. Others call nothing that changes a server. */
const OPERATIONS: Readonly<Record<string, Announced["operation"]>> = {
    create: "create",
    "create-replacement": "create",
    update: "update",
    delete: "delete",
    "delete-replaced": "delete",
};

/**
 * Plans every step of a preview, from what the servers hold now.
 *
 * @param steps of `pulumi preview --json`
 * @param state of `pulumi stack export`: the outputs that updates and deletes start from
 */
export async function planStack(steps: readonly PreviewStep[], state: readonly StateResource[]): Promise<StackPlan> {
    const operations: StackOperation[] = [];
    const pending = new PendingClusters();
    for (const step of steps) {
        const operation = OPERATIONS[step.op];
        const type = (step.newState ?? step.oldState)?.type ?? "";
        const plan = planners[type.slice(TYPE_PREFIX.length)];
        if (operation === undefined || plan === undefined || !type.startsWith(TYPE_PREFIX)) {
            continue;
        }
        const before = state.find(({ urn, id }) => urn === step.urn && (id === undefined || id === step.oldState?.id));
        const outputs = before?.outputs ?? step.oldState?.outputs ?? {};
        const inputs = step.newState?.inputs ?? {};
        const announced: Announced =
            operation === "create"
                ? { operation, inputs }
                : operation === "update"
                  ? { operation, outputs, inputs }
                  : { operation, outputs };
        operations.push({
            ...(await plan(announced, pending)),
            urn: step.urn,
            operation,
            replacedFor: step.replaceReasons ?? [],
        });
    }
    return { operations };
}
