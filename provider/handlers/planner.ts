/**
 * What an operation would do, without doing it: the steps that the resource's engine plans from what is there now. It is
 * the plan that the operation itself would make, so nothing of it is written twice.
 */
import { randomUUID } from "node:crypto";
import type { EngineName } from "../engines/inputs";
import type { Request } from "../engines/engine";
import type { Plan, Step } from "../engines/step";
import { engineByName } from "../engines";
import { formatProblems } from "../engines/preflight/checks";
import type { Servers } from "../engines/run/servers";
import { ProviderError, redact } from "../errors";
import { holdsUnknown } from "../validation/unknown";
import type { Kind } from "./handler";
import { PendingClusters, NEW_CLUSTER_ID } from "./pendingClusters";
import { fillDefaults, pickInputs, secretsIn, withoutProvider, type Values } from "./schema";
import { migrate, type Bookkeeping } from "./state";

/** An operation that Pulumi announces. */
export type Announced =
    | { readonly operation: "create"; readonly inputs: Values }
    | { readonly operation: "update"; readonly outputs: Values; readonly inputs: Values }
    | { readonly operation: "delete"; readonly outputs: Values };

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
 * @param pending of the operations that go before in the same run
 */
export type Planner = (announced: Announced, pending?: PendingClusters) => Promise<PlannedOperation>;

/** Makes the planner of a kind. */
export function planner<Inputs extends object, Computed extends { readonly engine: EngineName }>(
    kind: Kind<Inputs, Computed>,
): Planner {
    type State = Inputs & Computed & Bookkeeping;
    const inputsOf = (values: Values): Inputs =>
        pickInputs(kind.schema, fillDefaults(kind.schema, withoutProvider(values)));

    /** In a cluster that is to come, from what it will be; else from what is there, and on from what that makes. */
    async function plannedCreate(servers: Servers, inputs: Inputs, pending: PendingClusters): Promise<Plan> {
        const request: Request<Inputs, Computed> = { inputs, newId: NEW_CLUSTER_ID };
        const coming = pending.find(inputs);
        const engine = coming?.engine ?? (await kind.engine(servers, inputs));
        const resource = kind.resource(engine);
        if (coming !== undefined) {
            const plan = resource.plan(await resource.foresee(servers, request, coming), request);
            kind.announce?.(pending, engine, inputs);
            return plan;
        }
        const failing = (await resource.preflight(servers, request)).filter(({ severity }) => severity === "error");
        if (failing.length > 0) {
            throw new ProviderError("PREFLIGHT_FAILED", formatProblems(failing));
        }
        const observed = await resource.observe(servers, request, "change");
        const plan = resource.plan(observed, request);
        if (resource.isThere(observed, request)) {
            return plan;
        }
        kind.announce?.(pending, engine, inputs);
        const made = pending.find(inputs);
        return made === undefined
            ? plan
            : followed(plan, resource.plan(await resource.foresee(servers, request, made), request));
    }

    async function planned(
        announced: Announced,
        servers: Servers,
        inputs: Inputs,
        pending: PendingClusters,
    ): Promise<Plan> {
        if (announced.operation === "create") {
            return plannedCreate(servers, inputs, pending);
        }
        const last = migrate(withoutProvider(announced.outputs)) as unknown as State;
        const resource = kind.resource(engineByName(last.engine));
        const request: Request<Inputs, Computed> = { inputs, last, newId: randomUUID() };
        if (announced.operation === "update") {
            kind.refuseUpdate?.(last, inputs);
        }
        const observed = await resource.observe(servers, request, "change");
        return announced.operation === "update"
            ? resource.plan(observed, request)
            : resource.planDelete(observed, request);
    }

    return async (announced, pending = new PendingClusters()) => {
        const values = announced.operation === "delete" ? migrate(announced.outputs) : announced.inputs;
        const inputs = pending.settle(inputsOf(values));
        const nothing = {
            resource: kind.label(inputs),
            steps: [],
            warnings: [],
            continues: null,
            refusal: null,
        } as const;
        if (holdsUnknown(inputs)) {
            return {
                ...nothing,
                unknown: `${unknownPaths(inputs).join(", ")}: not known before other resources are made`,
            };
        }
        const secrets = [values, announced.operation === "update" ? announced.outputs : {}].flatMap((each) =>
            secretsIn(kind.schema, each),
        );
        const hide = (text: string): string => redact(text, secrets);
        const servers = kind.servers(inputs);
        try {
            const plan = await planned(announced, servers, inputs, pending);
            return {
                ...nothing,
                steps: plan.steps.map((step) => shown(step, servers, secrets)),
                warnings: plan.warnings.map(hide),
                continues: plan.continues ?? null,
                unknown: null,
            };
        } catch (error) {
            if (!(error instanceof ProviderError)) {
                throw error;
            }
            return UNSEEN.has(error.code)
                ? { ...nothing, unknown: hide(error.reason) }
                : { ...nothing, unknown: null, refusal: hide(error.message) };
        }
    };
}

/** A plan, and what is left to do after it. */
function followed(first: Plan, next: Plan): Plan {
    return {
        steps: [...first.steps, ...next.steps],
        warnings: [...new Set([...first.warnings, ...next.warnings])],
        ...(next.continues === undefined ? {} : { continues: next.continues }),
    };
}

/** By these codes a server was not seen, which says nothing of what the operation will meet. */
const UNSEEN: ReadonlySet<string> = new Set(["SERVER_UNREACHABLE", "AUTHENTICATION_FAILED", "TLS_FAILED", "NOT_FOUND"]);

function shown(step: Step, servers: Servers, secrets: readonly string[]): PlannedStep {
    const all = [...secrets, ...(step.secrets ?? [])];
    const hide = (text: string): string => redact(text, all);
    return {
        name: step.name,
        why: hide(step.why),
        server: servers.label(step.on.server),
        database: step.on.database,
        sql: hide(step.sql),
        values: (step.values ?? []).map((value) => hideDeeply(value, hide)),
        transaction: step.transaction ?? null,
        destroys: step.destroys ?? null,
    };
}

function hideDeeply(value: unknown, hide: (text: string) => string): unknown {
    if (typeof value === "string") {
        return hide(value);
    }
    return Array.isArray(value) ? value.map((item: unknown) => hideDeeply(item, hide)) : value;
}

/** `accessNode.id`, for every leaf that is not known. */
function unknownPaths(value: unknown, path = ""): string[] {
    if (typeof value !== "object" || value === null) {
        return holdsUnknown(value) ? [path] : [];
    }
    return Object.entries(value).flatMap(([key, inner]) => unknownPaths(inner, path === "" ? key : `${path}.${key}`));
}
