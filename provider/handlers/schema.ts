/**
 * One table a resource: each property with its shape, default, effect of a change and one line for the docs. check,
 * diff, defaults and the property tables in docs/resources/ all come from it.
 */
import { isDeepStrictEqual } from "node:util";
import { object, type Failure, type Shape } from "../validation/shapes";
import { holdsUnknown } from "../validation/unknown";

/** What a change of a property does. */
export type Effect = "replaces" | "updates" | "acts only at create";

/** One property of a resource's inputs. */
export interface Property {
    readonly shape: Shape;
    readonly required?: boolean;
    readonly default?: unknown;
    readonly effect: Effect;
    /** The part of the value whose change has the effect; absent: the whole value. */
    readonly identity?: (value: unknown) => unknown;
    /** The output under which the value is kept where the output of its own name holds something else. */
    readonly keptAs?: string;
    /** For the docs: what an absent value means where there is no default. */
    readonly absent?: string;
    /** One line for the docs; empty for plumbing that users do not write. */
    readonly doc: string;
}

/** The table of a resource's inputs. */
export type Schema<Inputs> = { readonly [Name in keyof Required<Inputs>]: Property };

/** The loader text travels with the inputs and is no property of the resource. */
export const PROVIDER_KEY = "__provider";

/** Values as Pulumi hands them over. */
export type Values = Readonly<Record<string, unknown>>;

/** A failure as Pulumi takes it. */
export interface CheckFailure {
    readonly property: string;
    readonly reason: string;
}

/** The inputs, without what Pulumi adds. */
export function withoutProvider(values: Values): Values {
    const { [PROVIDER_KEY]: _text, ...rest } = values;
    return rest;
}

/** The values with the schema's defaults filled in, at every depth. */
export function fillDefaults<Inputs>(schema: Schema<Inputs>, values: Values): Values {
    return object(schema).fill(values) as Values;
}

/** The values of all secrets in the values; they may be inputs or outputs, and no check needs to have seen them. */
export function secretsIn<Inputs>(schema: Schema<Inputs>, values: Values): string[] {
    return object(schema).secretsIn(values);
}

/** Every failure of the values, in the form that shows no secret. */
export function checkValues<Inputs>(schema: Schema<Inputs>, values: Values): CheckFailure[] {
    return object(schema).check(values, "").map(toCheckFailure);
}

/**
 * Pulumi prints the value of the property that a failure names, secret or not, and `<nil>` for a nested path. So only
 * a top-level property without a secret is named; everything else is named in the reason.
 */
export function toCheckFailure(failure: Failure): CheckFailure {
    const plain = !failure.secret && /^\w+$/.test(failure.path);
    return plain
        ? { property: failure.path, reason: failure.reason }
        : { property: "", reason: `${failure.path}: ${failure.reason}` };
}

/** The inputs in inputs or outputs: what the schema names, and nothing else. */
export function pickInputs<Inputs>(schema: Schema<Inputs>, values: Values): Inputs {
    return Object.fromEntries(
        Object.entries<Property>(schema)
            .map(([name, { keptAs = name }]) => [name, values[keptAs] ?? values[name]])
            .filter(([, value]) => value !== undefined && value !== null),
    ) as Inputs;
}

/** The outputs that keep an input which the output of its own name does not show. */
export function keptInputs<Inputs extends object>(schema: Schema<Inputs>, inputs: Inputs): Values {
    return Object.fromEntries(
        Object.entries<Property>(schema).flatMap(([name, { keptAs }]) =>
            keptAs === undefined ? [] : [[keptAs, inputs[name as keyof Inputs]] as const],
        ),
    );
}

/**
 * The properties whose change makes a new resource. What is not known yet never does: a child whose diff asks for a
 * replacement because of an unknown would be deleted with its data although its value never changed.
 */
export function replacedBy<Inputs>(schema: Schema<Inputs>, olds: Values, news: Values): string[] {
    return Object.entries<Property>(schema)
        .filter(([name, { effect, identity = same }]) => {
            return effect === "replaces" && isChanged(identity(olds[name]), identity(news[name]));
        })
        .map(([name]) => name);
}

const same = (value: unknown): unknown => value;

/** Whether a value changed, both being known. */
export function isChanged(before: unknown, after: unknown): boolean {
    return !holdsUnknown(after) && !isDeepStrictEqual(before ?? undefined, after ?? undefined);
}
