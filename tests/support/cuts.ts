/**
 * Operations that are cut after each transaction, as a kill does it, and then run again as the next `up` does.
 */
import { applySteps, converge } from "../../provider/engines/run/apply";
import type { ResourceEngine, Request } from "../../provider/engines/engine";
import type { Plan, Step } from "../../provider/engines/step";
import type { Servers } from "../../provider/engines/run/servers";

const silent = { progress: () => undefined, warn: () => undefined };

/** One operation of one resource. */
export interface CutOperation<Inputs, Computed, Observed> {
    readonly resource: ResourceEngine<Inputs, Computed, Observed>;
    readonly servers: Servers;
    readonly request: Request<Inputs, Computed>;
    readonly toNothing?: boolean;
}

/** Runs the operation until so many transactions have committed; says whether it came to its end before. */
export async function runUntilCut<Inputs, Computed, Observed>(
    operation: CutOperation<Inputs, Computed, Observed>,
    transactions: number,
): Promise<boolean> {
    let left = transactions;
    for (;;) {
        const { resource, servers, request } = operation;
        const purpose = operation.toNothing ? "delete" : "change";
        const { steps } = planOf(operation)(await resource.observe(servers, request, purpose), request);
        if (steps.length === 0) {
            return true;
        }
        for (const group of groups(steps)) {
            if (left-- === 0) {
                return false;
            }
            await applySteps(servers, group, silent);
        }
    }
}

/** Runs the operation to its end, from whatever is there. */
export async function finish<Inputs, Computed, Observed>(
    operation: CutOperation<Inputs, Computed, Observed>,
): Promise<Inputs & Computed> {
    const { resource, servers, request } = operation;
    const purpose = operation.toNothing ? "delete" : "change";
    const observed = await converge({ resource, servers, request, purpose, plan: planOf(operation), report: silent });
    if (operation.toNothing || !resource.isThere(observed, request)) {
        return { ...request.inputs, ...request.last } as Inputs & Computed;
    }
    return { ...request.inputs, ...resource.describe(observed, request).computed };
}

function planOf<Inputs, Computed, Observed>({
    resource,
    toNothing,
}: CutOperation<Inputs, Computed, Observed>): (observed: Observed, request: Request<Inputs, Computed>) => Plan {
    return (observed, request) =>
        toNothing ? resource.planDelete(observed, request) : resource.plan(observed, request);
}

function groups(steps: readonly Step[]): Step[][] {
    const result: Step[][] = [];
    for (const step of steps) {
        const last = result.at(-1)?.[0];
        const together =
            last?.transaction !== undefined &&
            last.transaction === step.transaction &&
            last.on.server === step.on.server &&
            last.on.database === step.on.database;
        if (together) {
            result.at(-1)?.push(step);
        } else {
            result.push([step]);
        }
    }
    return result;
}
