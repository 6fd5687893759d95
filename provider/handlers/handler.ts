/**
 * The one handler: what Pulumi calls, for any kind of resource. A kind says what is particular to it; observing,
 * planning, applying, drift, half-made states, errors and secrets are handled here for all of them.
 *
 * It knows the shapes of Pulumi's calls but nothing of Pulumi's packages.
 */
import { randomUUID } from "node:crypto";
import { converge, stepText, type Operation, type Report } from "../engines/run/apply";
import type { EngineName } from "../engines/inputs";
import { limitReason, type Engine, type ResourceEngine, type Request } from "../engines/engine";
import { type Plan } from "../engines/step";
import { engineByName } from "../engines";
import { formatProblems } from "../engines/preflight/checks";
import type { Servers } from "../engines/run/servers";
import { ProviderError, redact } from "../errors";
import { retryTransient, type RetryOptions } from "../postgres/retry";
import type { PendingClusters } from "./pendingClusters";
import { Interrupted, messageOf, presentable } from "./failure";
import { report as engineReport } from "./report";
import {
    checkValues,
    fillDefaults,
    isChanged,
    keptInputs,
    pickInputs,
    PROVIDER_KEY,
    replacedBy,
    secretsIn,
    withoutProvider,
    type CheckFailure,
    type Schema,
    type Values,
} from "./schema";
import { migrate, SCHEMA_VERSION, type Bookkeeping } from "./state";

/** One lost connection must not end a refresh, and a server that is down must not hold up the whole of it. */
const READ_RETRIES: RetryOptions = { attempts: 3, limitSeconds: 10 };

/** What is particular to one kind of resource. */
export interface Kind<Inputs, Computed extends { readonly engine: EngineName }> {
    readonly schema: Schema<Inputs>;
    /** Names one resource in messages: `data node "dn1"`. Also called with values that no check has seen. */
    label(inputs: Inputs): string;
    /** Failures that take more than one property to see. */
    checkTogether?(inputs: Values): CheckFailure[];
    /** The engine that the program names for it, as far as the inputs tell. */
    namedEngine?(inputs: Values): EngineName | undefined;
    /** Replacements that take more than one property, or the outputs, to see. */
    replaces?(olds: Values, news: Values): string[];
    /** Whether the old one goes before the new one comes: where both would bear the same name. */
    deletesFirst: boolean;
    servers(inputs: Inputs): Servers;
    /** The engine of a resource that has no outputs yet. */
    engine(servers: Servers, inputs: Inputs): Promise<Engine>;
    /** Waits, at create, for servers that are still starting. */
    waitForServers(servers: Servers, inputs: Inputs): Promise<void>;
    resource(engine: Engine): ResourceEngine<Inputs, Computed, unknown>;
    id(inputs: Inputs, computed: Computed): string;
    /** What is known of a resource whose making was cut before it could be described; undefined: too little. */
    halfMade(inputs: Inputs, engine: EngineName): Computed | undefined;
    /** Notes what its create makes of a cluster to come. */
    announce?(pending: PendingClusters, engine: Engine, inputs: Inputs): void;
    /** Refuses an update that neither the server nor the check can refuse. */
    refuseUpdate?(last: Inputs & Computed, inputs: Inputs): void;
}

/** What Pulumi calls. Every answer is plain data. */
export interface Handler {
    check(olds: Values, news: Values): Promise<{ inputs: Values; failures: CheckFailure[] }>;
    diff(id: string, olds: Values, news: Values): Promise<DiffAnswer>;
    create(inputs: Values): Promise<{ id: string; outs: Values }>;
    read(id: string, props: Values): Promise<{ id?: string; props?: Values; inputs?: Values }>;
    update(id: string, olds: Values, news: Values): Promise<{ outs: Values }>;
    delete(id: string, props: Values): Promise<void>;
}

/** undefined changes: the engine compares the inputs itself and shows each property that differs. */
export interface DiffAnswer {
    readonly changes: true | undefined;
    readonly replaces: string[];
    readonly deleteBeforeReplace: boolean;
}

/** Makes the handler of a kind. */
export function handler<Inputs extends object, Computed extends { readonly engine: EngineName }>(
    kind: Kind<Inputs, Computed>,
): Handler {
    type State = Inputs & Computed & Bookkeeping;
    type Operate = Pick<Operation<Inputs, Computed, unknown>, "resource" | "servers" | "request" | "report">;

    const stateOf = (values: Values): State => migrate(withoutProvider(values)) as unknown as State;
    const inputsOf = (values: object): Inputs =>
        pickInputs(kind.schema, fillDefaults(kind.schema, withoutProvider(values as Values)));

    const outputs = (inputs: Inputs, computed: Computed, incomplete?: string): Values =>
        plain({
            ...inputs,
            ...computed,
            ...keptInputs(kind.schema, inputs),
            schemaVersion: SCHEMA_VERSION,
            ...(incomplete === undefined ? {} : { incomplete }),
        });

    /** Runs an operation on the values that Pulumi gave for it; the first ones name it. */
    async function guarded<T>(
        verb: string,
        values: readonly [Values, ...Values[]],
        work: (report: Report, redacted: (text: string) => string) => Promise<T>,
    ): Promise<T> {
        const secrets = values.flatMap((each) => secretsIn(kind.schema, each));
        const redacted = (text: string): string => redact(text, secrets);
        try {
            return await work(engineReport(values[0], redacted), redacted);
        } catch (error) {
            throw presentable(error, { verb, label: kind.label(inputsOf(values[0])), secrets });
        }
    }

    /** What the server would refuse later, where the inputs prove it. */
    function checkLimits(values: Values, inputs: Values): CheckFailure[] {
        const engine = kind.namedEngine?.(values);
        if (engine === undefined) {
            return [];
        }
        const limits = kind.resource(engineByName(engine)).limits?.(inputs as Partial<Inputs>) ?? [];
        return limits.map((limit) => ({ property: limit.property, reason: limitReason(limit, engine) }));
    }

    /** What is known after a failure; the failure itself must not be hidden by a second one. */
    async function describeAfterFailure({ resource, servers, request }: Operate): Promise<Computed | undefined> {
        try {
            return resource.describe(await resource.observe(servers, request, "change"), request).computed;
        } catch {
            return undefined;
        }
    }

    async function makeAndDescribe(operate: Operate, onFirstStep: () => void): Promise<Computed> {
        const { resource, request } = operate;
        const plan = (observed: unknown, requested: Request<Inputs, Computed>): Plan =>
            resource.plan(observed, requested);
        const observed = await converge({ ...operate, plan, onFirstStep });
        return resource.describe(observed, request).computed;
    }

    async function remove(operate: Operate): Promise<void> {
        const { resource } = operate;
        await converge({ ...operate, plan: (observed, requested) => resource.planDelete(observed, requested) });
    }

    return {
        async check(_olds, news) {
            return guarded("check", [news], async () => {
                const values = withoutProvider(news);
                const inputs = fillDefaults(kind.schema, values);
                const failures = [
                    ...checkValues(kind.schema, values),
                    ...(kind.checkTogether?.(inputs) ?? []),
                    ...checkLimits(values, inputs),
                ];
                return { inputs: withText(news, inputs), failures };
            });
        },

        async diff(_id, olds, news) {
            return guarded("compare", [news, olds], async () => {
                const state = stateOf(olds) as unknown as Values;
                const wanted = withoutProvider(news);
                const replaces = [...replacedBy(kind.schema, state, wanted), ...(kind.replaces?.(state, wanted) ?? [])];
                return {
                    changes: state.incomplete === undefined ? undefined : true,
                    replaces: [...new Set(replaces)],
                    deleteBeforeReplace: replaces.length > 0 && kind.deletesFirst,
                };
            });
        },

        async create(values) {
            return guarded("create", [values], async (report) => {
                const inputs = inputsOf(values);
                const servers = kind.servers(inputs);
                await kind.waitForServers(servers, inputs);
                const engine = await kind.engine(servers, inputs);
                const resource = kind.resource(engine);
                const request: Request<Inputs, Computed> = { inputs, newId: randomUUID() };
                const problems = await resource.preflight(servers, request);
                const failing = problems.filter(({ severity }) => severity === "error");
                if (failing.length > 0) {
                    throw new ProviderError("PREFLIGHT_FAILED", formatProblems(failing));
                }
                if (problems.length > 0) {
                    report.warn(formatProblems(problems));
                }
                const operate = { resource, servers, request, report };
                let started = false;
                try {
                    const computed = await makeAndDescribe(operate, () => (started = true));
                    return { id: kind.id(inputs, computed), outs: outputs(inputs, computed) };
                } catch (error) {
                    if (!started) {
                        throw error;
                    }
                    const known = (await describeAfterFailure(operate)) ?? kind.halfMade(inputs, engine.name);
                    if (known === undefined) {
                        await remove(operate).catch((left: unknown) =>
                            report.warn(`something is left: ${messageOf(left)}`),
                        );
                        throw error;
                    }
                    throw new Interrupted(kind.id(inputs, known), withText(values, outputs(inputs, known)), error);
                }
            });
        },

        async read(id, props) {
            return guarded("read", [props], async (_report, redacted) => {
                const state = stateOf(props);
                const inputs = inputsOf(state);
                const managed = state.schemaVersion !== undefined;
                const servers = kind.servers(inputs);
                const engine = managed ? engineByName(state.engine) : await kind.engine(servers, inputs);
                const resource = kind.resource(engine);
                const request: Request<Inputs, Computed> = { inputs, newId: id, ...(managed ? { last: state } : {}) };
                const observed = await retryTransient(() => resource.observe(servers, request, "read"), READ_RETRIES);
                if (!resource.isThere(observed, request)) {
                    if (managed) {
                        return {};
                    }
                    throw new ProviderError("NOT_FOUND", "it does not exist");
                }
                const found = resource.describe(observed, request);
                const drift = invisibleDrift(resource, observed, request, found.inputs);
                return {
                    id: managed ? id : kind.id(found.inputs, found.computed),
                    props: withText(props, outputs(found.inputs, found.computed, drift && redacted(drift))),
                    inputs: withText(props, plain(found.inputs)),
                };
            });
        },

        async update(id, olds, news) {
            return guarded("update", [news, olds], async (report) => {
                const last = stateOf(olds);
                const inputs = inputsOf(news);
                kind.refuseUpdate?.(last, inputs);
                const resource = kind.resource(engineByName(last.engine));
                const request = { inputs, last, newId: randomUUID() };
                const operate = { resource, servers: kind.servers(inputs), request, report };
                let started = false;
                try {
                    const computed = await makeAndDescribe(operate, () => (started = true));
                    return { outs: outputs(inputs, computed) };
                } catch (error) {
                    if (!started && last.incomplete === undefined) {
                        throw error;
                    }
                    const known = (await describeAfterFailure(operate)) ?? last;
                    throw new Interrupted(id, withText(news, outputs(inputsOf(last), known)), error);
                }
            });
        },

        async delete(id, props) {
            return guarded("delete", [props], async (report) => {
                const last = stateOf(props);
                const inputs = inputsOf(last);
                const resource = kind.resource(engineByName(last.engine));
                await remove({ resource, servers: kind.servers(inputs), request: { inputs, last, newId: id }, report });
            });
        },
    };
}

/**
 * Steps that the server needs although every input is as it should be: a lost guard, mark or view. Drift of an input
 * is seen in the inputs themselves.
 */
function invisibleDrift<Inputs extends object, Computed>(
    resource: ResourceEngine<Inputs, Computed, unknown>,
    observed: unknown,
    request: Request<Inputs, Computed>,
    found: Inputs,
): string | undefined {
    if (isChanged(plain(request.inputs), plain(found))) {
        return undefined;
    }
    try {
        const { steps } = resource.plan(observed, request);
        return steps.length === 0 ? undefined : `to be mended: ${steps.map(stepText).join("; ")}`;
    } catch (error) {
        return messageOf(error);
    }
}

function withText(values: Values, outs: Values): Values {
    const text = values[PROVIDER_KEY];
    return text === undefined ? outs : { ...outs, [PROVIDER_KEY]: text };
}

/** JSON-like data without undefined: anything else in an answer fails after the SQL has run, and leaves an orphan. */
function plain<T extends object>(values: T): Values {
    const text = JSON.stringify(values, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value));
    return JSON.parse(text) as Values;
}
