/**
 * The one handler: what Pulumi calls, for any kind of resource. A kind says what is particular to it; observing,
 * planning, applying, drift, half-made states, errors and secrets are handled here for all of them.
 *
 * It knows the shapes of Pulumi's calls but nothing of Pulumi's packages.
 */
import { randomUUID } from "node:crypto";
import { converge, stepText, type Report } from "../engines/run/apply";
import type { EngineName } from "../engines/inputs";
import { limitReason } from "../engines/engine";
import { engineByName } from "../engines";
import { ProviderError } from "../errors";
import { retryTransient, type RetryOptions } from "../postgres/retry";
import type { Exit } from "./exit";
import { HalfMadeError, Interrupted, messageOf } from "./failure";
import type { Kind } from "./kind";
import {
    exitOf,
    inputsOf,
    operationOf,
    stateOf,
    subjectOf,
    valuesOf,
    type Asked,
    type ReadyOperation,
} from "./operation";
import { reportFor } from "./report";
import {
    checkValues,
    fillDefaults,
    isChanged,
    keptInputs,
    PROVIDER_KEY,
    replacedBy,
    withoutProvider,
    type CheckFailure,
    type Values,
} from "./schema";
import { SCHEMA_VERSION } from "./state";

/** A lost connection must not fail a refresh, and a server that is down must not hold up the rest of it. */
const READ_RETRIES: RetryOptions = { attempts: 3, limitSeconds: 10 };

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
export function handler<Inputs extends object, Computed extends Made>(kind: Kind<Inputs, Computed>): Handler {
    return {
        check: (_olds, news) => guarded(kind, "check", [news], async () => check(kind, news)),
        diff: (_id, olds, news) => guarded(kind, "compare", [news, olds], async () => diff(kind, olds, news)),
        create: (inputs) => operate(kind, { operation: "create", inputs }, randomUUID(), create),
        read: (id, outputs) => operate(kind, { operation: "read", outputs }, id, read),
        update: (id, outputs, inputs) =>
            operate(kind, { operation: "update", outputs, inputs }, randomUUID(), (live) => update(live, id)),
        delete: (id, outputs) => operate(kind, { operation: "delete", outputs }, id, remove),
    };
}

/** What the handler needs of the outputs of every kind. */
interface Made {
    readonly engine: EngineName;
}

/** An operation that the gate let through, with everything it was given. */
interface Live<Inputs, Computed extends Made> extends ReadyOperation<Inputs, Computed> {
    readonly kind: Kind<Inputs, Computed>;
    readonly given: Values;
    readonly report: Report;
    readonly exit: Exit;
}

/** Runs work on the values that Pulumi gave for it; the first ones name the resource. Errors leave by the exit. */
async function guarded<Inputs extends object, Computed extends Made, T>(
    kind: Kind<Inputs, Computed>,
    verb: string,
    values: readonly [Values, ...Values[]],
    work: (exit: Exit) => Promise<T>,
): Promise<T> {
    const exit = exitOf(kind, values);
    try {
        return await work(exit);
    } catch (error) {
        const label = kind.label(inputsOf(kind, values[0]));
        if (error instanceof Interrupted) {
            const { message } = exit.error(error.cause, `finish ${label}`);
            throw new HalfMadeError(error.id, { ...error.outs, incomplete: exit.message(error.message) }, [message]);
        }
        throw exit.error(error, `${verb} ${label}`);
    }
}

async function operate<Inputs extends object, Computed extends Made, T>(
    kind: Kind<Inputs, Computed>,
    asked: Asked,
    newId: string,
    work: (live: Live<Inputs, Computed>) => Promise<T>,
): Promise<T> {
    const values = valuesOf(asked);
    return guarded(kind, asked.operation, values, async (exit) => {
        const report = reportFor(values[0], exit);
        const waits = asked.operation === "create";
        const ready = await operationOf(kind, asked, subjectOf(kind, asked), { newId, exit, waits });
        ready.advice.forEach((advice) => report.warn(advice));
        return work({ ...ready, kind, given: values[0], report, exit });
    });
}

function check<Inputs extends object, Computed extends Made>(
    kind: Kind<Inputs, Computed>,
    news: Values,
): { inputs: Values; failures: CheckFailure[] } {
    const values = withoutProvider(news);
    const inputs = fillDefaults(kind.schema, values);
    const failures = [
        ...checkValues(kind.schema, values),
        ...(kind.checkTogether?.(inputs) ?? []),
        ...checkLimits(kind, values, inputs),
    ];
    return { inputs: withText(news, inputs), failures };
}

/** What the server would refuse later, where the inputs prove it. */
function checkLimits<Inputs extends object, Computed extends Made>(
    kind: Kind<Inputs, Computed>,
    values: Values,
    inputs: Values,
): CheckFailure[] {
    const engine = kind.namedEngine?.(values);
    if (engine === undefined) {
        return [];
    }
    const limits = kind.resource(engineByName(engine)).limits?.(inputs as Partial<Inputs>) ?? [];
    return limits.map((limit) => ({ property: limit.property, reason: limitReason(limit, engine) }));
}

function diff<Inputs extends object, Computed extends Made>(
    kind: Kind<Inputs, Computed>,
    olds: Values,
    news: Values,
): DiffAnswer {
    const state = stateOf(olds) as unknown as Values;
    const requested = withoutProvider(news);
    const replaces = [...replacedBy(kind.schema, state, requested), ...(kind.replaces?.(state, requested) ?? [])];
    return {
        changes: state.incomplete === undefined ? undefined : true,
        replaces: [...new Set(replaces)],
        deleteBeforeReplace: replaces.length > 0 && kind.deletesFirst,
    };
}

async function create<Inputs extends object, Computed extends Made>(
    live: Live<Inputs, Computed>,
): Promise<{ id: string; outs: Values }> {
    const { kind, given, engine, report } = live;
    const { inputs } = live.request;
    let started = false;
    try {
        const computed = await makeAndDescribe(live, () => (started = true));
        return { id: kind.id(inputs, computed), outs: outputsOf(kind, inputs, computed) };
    } catch (error) {
        if (!started) {
            throw error;
        }
        const known = (await describeAfterFailure(live)) ?? kind.halfMade(inputs, engine.name);
        if (known === undefined) {
            await converge({ ...live, purpose: "delete", plan: live.planDelete }).catch((left: unknown) =>
                report.warn(`could not remove everything again: ${messageOf(left)}`),
            );
            throw error;
        }
        throw new Interrupted(kind.id(inputs, known), withText(given, outputsOf(kind, inputs, known)), error);
    }
}

async function read<Inputs extends object, Computed extends Made>(
    live: Live<Inputs, Computed>,
): Promise<{ id?: string; props?: Values; inputs?: Values }> {
    const { kind, given, resource, servers, request, exit } = live;
    const observed = await retryTransient(() => resource.observe(servers, request, "read"), READ_RETRIES);
    if (!resource.isThere(observed, request)) {
        if (request.last !== undefined) {
            return {};
        }
        throw new ProviderError("NOT_FOUND", "it does not exist");
    }
    const found = resource.describe(observed, request);
    const drift = invisibleDrift(live, observed, found.inputs);
    const incomplete = drift === undefined ? undefined : exit.message(drift);
    return {
        id: request.last === undefined ? kind.id(found.inputs, found.computed) : request.newId,
        props: withText(given, outputsOf(kind, found.inputs, found.computed, incomplete)),
        inputs: withText(given, plain(found.inputs)),
    };
}

async function update<Inputs extends object, Computed extends Made>(
    live: Live<Inputs, Computed>,
    id: string,
): Promise<{ outs: Values }> {
    const { kind, given } = live;
    const { inputs } = live.request;
    const last = live.request.last as Inputs & Computed & { readonly incomplete?: string };
    let started = false;
    try {
        const computed = await makeAndDescribe(live, () => (started = true));
        return { outs: outputsOf(kind, inputs, computed) };
    } catch (error) {
        if (!started && last.incomplete === undefined) {
            throw error;
        }
        const known = (await describeAfterFailure(live)) ?? last;
        throw new Interrupted(id, withText(given, outputsOf(kind, inputsOf(kind, last), known)), error);
    }
}

async function remove<Inputs extends object, Computed extends Made>(live: Live<Inputs, Computed>): Promise<void> {
    await converge(live);
}

async function makeAndDescribe<Inputs extends object, Computed extends Made>(
    live: Live<Inputs, Computed>,
    onFirstStep: () => void,
): Promise<Computed> {
    const observed = await converge({ ...live, onFirstStep });
    return live.resource.describe(observed, live.request).computed;
}

/** What is known after a failure; a second failure must not hide the first. */
async function describeAfterFailure<Inputs extends object, Computed extends Made>({
    resource,
    servers,
    request,
}: Live<Inputs, Computed>): Promise<Computed | undefined> {
    try {
        return resource.describe(await resource.observe(servers, request, "change"), request).computed;
    } catch {
        return undefined;
    }
}

function outputsOf<Inputs extends object, Computed extends Made>(
    { schema }: Kind<Inputs, Computed>,
    inputs: Inputs,
    computed: Computed,
    incomplete?: string,
): Values {
    return plain({
        ...inputs,
        ...computed,
        ...keptInputs(schema, inputs),
        schemaVersion: SCHEMA_VERSION,
        ...(incomplete === undefined ? {} : { incomplete }),
    });
}

/**
 * Steps that the server needs although every input is as it should be: a lost guard, mark or view. Drift of an input
 * shows in the inputs themselves.
 */
function invisibleDrift<Inputs extends object, Computed>(
    { request, plan }: Pick<ReadyOperation<Inputs, Computed>, "request" | "plan">,
    observed: unknown,
    found: Inputs,
): string | undefined {
    if (isChanged(plain(request.inputs), plain(found))) {
        return undefined;
    }
    try {
        const { steps } = plan(observed);
        return steps.length === 0 ? undefined : `left to do: ${steps.map(stepText).join("; ")}`;
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
