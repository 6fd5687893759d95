/**
 * The one gate in front of every operation. What Pulumi calls and what `plan` prints both go through it: the same
 * inputs, the same engine, the same refusals, the same preflight, the same plan. So what is printed is what runs.
 */
import type { EngineName } from "../engines/inputs";
import type { Engine, Request, ResourceEngine } from "../engines/engine";
import { engineByName } from "../engines";
import { formatProblems } from "../engines/preflight/checks";
import type { Servers } from "../engines/run/servers";
import type { Plan } from "../engines/step";
import { ProviderError } from "../errors";
import { Exit } from "./exit";
import type { Kind } from "./kind";
import type { ComingCluster } from "./planning/pendingClusters";
import { fillDefaults, pickInputs, secretsIn, withoutProvider, type Values } from "./schema";
import { migrate, type Bookkeeping } from "./state";

/** An operation that Pulumi announces before it runs it. */
export type Announced =
    | { readonly operation: "create"; readonly inputs: Values }
    | { readonly operation: "update"; readonly outputs: Values; readonly inputs: Values }
    | { readonly operation: "delete"; readonly outputs: Values };

/** Every operation that goes through the gate. Without an earlier operation a read has inputs in place of outputs. */
export type Asked = Announced | { readonly operation: "read"; readonly outputs: Values };

/** What a state holds of a resource. */
export type State<Inputs, Computed> = Inputs & Computed & Bookkeeping;

/** Outputs in today's form. */
export function stateOf<Inputs, Computed>(values: Values): State<Inputs, Computed> {
    return migrate(withoutProvider(values)) as unknown as State<Inputs, Computed>;
}

/** The inputs in what Pulumi gave, inputs or outputs, with their defaults. */
export function inputsOf<Inputs, Computed extends { readonly engine: EngineName }>(
    { schema }: Kind<Inputs, Computed>,
    values: object,
): Inputs {
    return pickInputs(schema, fillDefaults(schema, withoutProvider(values as Values)));
}

/** The exit for an operation on these values. */
export function exitOf<Inputs, Computed extends { readonly engine: EngineName }>(
    { schema }: Kind<Inputs, Computed>,
    values: readonly Values[],
): Exit {
    return new Exit(values.flatMap((each) => secretsIn(schema, each)));
}

/** The values that an operation was given; those that name its resource come first. */
export function valuesOf(asked: Asked): readonly [Values, ...Values[]] {
    switch (asked.operation) {
        case "create":
            return [asked.inputs];
        case "update":
            return [asked.inputs, asked.outputs];
        default:
            return [asked.outputs];
    }
}

/** What an operation is about, before any server is asked. */
export interface Subject<Inputs, Computed> {
    readonly inputs: Inputs;
    /** The outputs of the operation before; undefined: there was none. */
    readonly last?: State<Inputs, Computed>;
}

/** Reads what Pulumi gave for an operation. */
export function subjectOf<Inputs, Computed extends { readonly engine: EngineName }>(
    kind: Kind<Inputs, Computed>,
    asked: Asked,
): Subject<Inputs, Computed> {
    if (asked.operation === "create") {
        return { inputs: inputsOf(kind, asked.inputs) };
    }
    const last = stateOf<Inputs, Computed>(asked.outputs);
    const inputs = inputsOf(kind, asked.operation === "update" ? asked.inputs : last);
    // A read without a schema version looks for a resource that has no state yet.
    return asked.operation === "read" && last.schemaVersion === undefined ? { inputs } : { inputs, last };
}

/** An operation that may begin. */
export interface ReadyOperation<Inputs, Computed> {
    readonly engine: Engine;
    readonly resource: ResourceEngine<Inputs, Computed, unknown>;
    readonly servers: Servers;
    readonly request: Request<Inputs, Computed>;
    /** What the preflight advises. */
    readonly advice: readonly string[];
    /** What is to be observed for it. */
    readonly purpose: "change" | "delete";
    /** What there is to do, for a delete towards nothing. Every secret in it is hidden from then on. */
    readonly plan: (observed: unknown) => Plan;
    /** What would remove everything again. */
    readonly planDelete: (observed: unknown) => Plan;
}

/** What the gate is told beside the operation. */
export interface GateOptions {
    /** See {@link Request.newId}. */
    readonly newId: string;
    readonly exit: Exit;
    /** Whether a create waits for servers that are still starting. */
    readonly waits?: boolean;
    /** The cluster that an earlier operation of the same run will make: there is nothing to check in it yet. */
    readonly coming?: ComingCluster | undefined;
}

/**
 * Lets an operation through.
 *
 * @throws PREFLIGHT_FAILED with every failing item, and what the kind and the choice of the engine refuse
 */
export async function operationOf<Inputs, Computed extends { readonly engine: EngineName }>(
    kind: Kind<Inputs, Computed>,
    { operation }: Pick<Asked, "operation">,
    { inputs, last }: Subject<Inputs, Computed>,
    { newId, exit, waits = false, coming }: GateOptions,
): Promise<ReadyOperation<Inputs, Computed>> {
    if (operation === "update" && last !== undefined) {
        kind.refuseUpdate?.(last, inputs);
    }
    const servers = kind.servers(inputs);
    if (waits) {
        await kind.waitForServers(servers, inputs);
    }
    const engine =
        last === undefined ? (coming?.engine ?? (await kind.engine(servers, inputs))) : engineByName(last.engine);
    const resource = kind.resource(engine);
    const request = { inputs, newId, ...(last === undefined ? {} : { last }) };
    const learned = (plan: Plan): Plan => {
        plan.steps.forEach(({ secrets = {} }) => exit.learn(Object.values(secrets)));
        return plan;
    };
    const planDelete = (observed: unknown): Plan => learned(resource.planDelete(observed, request));
    return {
        engine,
        resource,
        servers,
        request,
        advice: operation === "create" && coming === undefined ? await preflight(resource, servers, request) : [],
        purpose: operation === "delete" ? "delete" : "change",
        plan: operation === "delete" ? planDelete : (observed) => learned(resource.plan(observed, request)),
        planDelete,
    };
}

async function preflight<Inputs, Computed>(
    resource: ResourceEngine<Inputs, Computed, unknown>,
    servers: Servers,
    request: Request<Inputs, Computed>,
): Promise<string[]> {
    const problems = await resource.preflight(servers, request);
    const failing = problems.filter(({ severity }) => severity === "error");
    if (failing.length > 0) {
        throw new ProviderError("PREFLIGHT_FAILED", formatProblems(failing));
    }
    return problems.length === 0 ? [] : [formatProblems(problems)];
}
