/** Runs a program against Pulumi's own mocks and tells what it registers. */
import * as pulumi from "@pulumi/pulumi";
import { MockMonitor, type MockResourceArgs } from "@pulumi/pulumi/runtime/mocks";

type Values = Record<string, unknown>;

/** One resource as it reaches Pulumi's engine. */
export interface Registered {
    readonly type: string;
    readonly name: string;
    /** Secrets as `{ secret: value }`, unknowns as Pulumi's text for them. */
    readonly inputs: Values;
    readonly dependencies: readonly string[];
    readonly parent: string;
    readonly aliases: readonly unknown[];
}

/** How the engine answers. */
export interface ProgramOptions {
    readonly preview?: boolean;
    /** The outputs of a resource; its inputs by default. */
    readonly outputs?: (args: MockResourceArgs) => Values;
}

interface RegisterRequest {
    getType(): string;
    getName(): string;
    getObject(): { toJavaScript(): Values } | undefined;
    getDependenciesList(): string[];
    getParent(): string;
    getAliasesList(): { toObject(): unknown }[];
}

type Callback = (error: unknown, response: unknown) => void;
type RegisterResource = (this: MockMonitor, request: RegisterRequest, callback: Callback) => Promise<void>;

/** Runs the program and waits until everything that it made is registered. */
export async function runProgram(
    program: () => readonly pulumi.Resource[] | void,
    { preview = false, outputs = ({ inputs }) => inputs as Values }: ProgramOptions = {},
): Promise<Registered[]> {
    const registered: Registered[] = [];
    const original = Reflect.get(MockMonitor.prototype, "registerResource") as RegisterResource;
    const spy = jest.spyOn(MockMonitor.prototype, "registerResource").mockImplementation(function (
        this: MockMonitor,
        request: RegisterRequest,
        callback: Callback,
    ) {
        registered.push({
            type: request.getType(),
            name: request.getName(),
            inputs: shown(request.getObject()?.toJavaScript() ?? {}) as Values,
            dependencies: request.getDependenciesList(),
            parent: request.getParent(),
            aliases: request.getAliasesList().map((alias) => alias.toObject()),
        });
        return original.call(this, request, callback);
    } as RegisterResource);
    try {
        await pulumi.runtime.setMocks(
            {
                newResource: (args) => ({ id: `id of ${args.name}`, state: outputs(args) }),
                call: () => ({}),
            },
            "shop",
            "dev",
            preview,
        );
        const made = program() ?? [];
        await Promise.all(made.map((resource) => valueOf(resource.urn)));
        await pulumi.runtime.disconnect();
        return registered;
    } finally {
        spy.mockRestore();
    }
}

/** The value of an output; undefined where it is unknown. */
export async function valueOf<T>(output: pulumi.Output<T>): Promise<T | undefined> {
    const inside = output as unknown as { promise(): Promise<T>; isKnown: Promise<boolean> };
    const value = await inside.promise();
    return (await inside.isKnown) ? value : undefined;
}

const SIGNATURE = "4dabf18193072939515e22adb298388d";

function shown(value: unknown): unknown {
    if (typeof value !== "object" || value === null) {
        return value;
    }
    if (Array.isArray(value)) {
        return value.map(shown);
    }
    return SIGNATURE in value
        ? { secret: shown((value as unknown as { value: unknown }).value) }
        : Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, shown(entry)]));
}
