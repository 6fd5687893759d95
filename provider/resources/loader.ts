/**
 * The only thing that Pulumi stores of this provider, in every state and for ever: a constant text that loads the
 * handlers. Never change it: states of any age are read and deleted by the text they hold.
 */
import * as pulumi from "@pulumi/pulumi";

/** The handlers that a text can load. */
export type HandlerName = "accessNode" | "dataNode" | "distributedHypertable";

/** The text that loads a handler. */
export function loaderText(handler: HandlerName): string {
    return `exports.handler = () => require("pulumi-timescaledb/handlers").${handler};`;
}

/** The type token of a resource class, for example `pulumi-nodejs:dynamic/timescaledb:DataNode`. */
export function typeToken(className: string): string {
    return `pulumi-nodejs:dynamic/timescaledb:${className}`;
}

/** What a resource class hands over to Pulumi. */
export interface Registration {
    readonly type: string;
    readonly handler: HandlerName;
    /** Inputs, and every output that is no input as undefined: without a key an output is never resolved. */
    readonly properties: pulumi.Inputs;
}

/**
 * What each of the resource classes extends. pulumi.dynamic.Resource does nothing more than this, but for serialising
 * a provider object into every resource.
 */
export abstract class TimescaleResource extends pulumi.CustomResource {
    protected constructor(
        name: string,
        { type, handler, properties }: Registration,
        opts?: pulumi.CustomResourceOptions,
    ) {
        refuseLoneSurrogates(properties, "");
        const logicalUrn = withoutDependencies(pulumi.createUrn(name, type, opts?.parent));
        super(type, name, { ...properties, logicalUrn, incomplete: undefined, __provider: loaderText(handler) }, opts);
    }
}

/**
 * Half a character gets lost on the way to the engine, and with it a name becomes another one before any check sees it.
 *
 * @throws InputPropertyError for one in what the program wrote as it is; outputs are not known yet
 */
function refuseLoneSurrogates(value: unknown, path: string): void {
    if (typeof value === "string") {
        if (/\p{Surrogate}/u.test(value)) {
            throw new pulumi.InputPropertyError({
                propertyPath: path,
                reason: "expected whole characters, got a lone surrogate, which is half of one",
            });
        }
    } else if (Array.isArray(value)) {
        value.forEach((entry, index) => refuseLoneSurrogates(entry, `${path}[${index}]`));
    } else if (Object.getPrototypeOf(value ?? 0) === Object.prototype) {
        for (const [name, entry] of Object.entries(value as object)) {
            refuseLoneSurrogates(entry, path === "" ? name : `${path}.${name}`);
        }
    }
}

/**
 * A value that does not depend on where it comes from. The URN of a child depends on its parent, and a component on all
 * its children: two that depend on one another would wait for each other for ever.
 */
function withoutDependencies<T>(output: pulumi.Output<T>): Promise<T> {
    return new Promise((resolve) => output.apply(resolve));
}

/** Options with dependencies added to the user's own. */
export function dependingOn(
    resources: readonly pulumi.Resource[],
    opts: pulumi.CustomResourceOptions | undefined,
): pulumi.CustomResourceOptions {
    return pulumi.mergeOptions({ dependsOn: [...resources] }, opts);
}
