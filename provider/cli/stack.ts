/** What the pulumi CLI tells of a stack: its state, and what the next `up` will do. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { ProviderError } from "../errors";
import { UNKNOWN } from "../validation/unknown";

/** Which stack. */
export interface StackChoice {
    /** The project's folder. Default: the working directory. */
    readonly cwd?: string | undefined;
    /** Default: the selected one. */
    readonly stack?: string | undefined;
}

/** A resource in a state. */
export interface StateResource {
    readonly urn: string;
    readonly type: string;
    readonly id?: string;
    readonly inputs?: Readonly<Record<string, unknown>>;
    readonly outputs?: Readonly<Record<string, unknown>>;
}

/** One step of a preview. */
export interface PreviewStep {
    readonly op: string;
    readonly urn: string;
    readonly oldState?: StateResource;
    readonly newState?: StateResource;
    readonly replaceReasons?: readonly string[] | null;
}

const MAX_OUTPUT_BYTES = 1 << 30;
const SECRET_KEY = "4dabf18193072939515e22adb298388d";

const runFile = promisify(execFile);

/** The types of this package's resources. */
export const TYPE_PREFIX = "pulumi-nodejs:dynamic/timescaledb:";

/** Whether a folder, or one above it, holds a Pulumi project. */
export function hasProject(folder: string): boolean {
    const above = path.dirname(folder);
    return (
        ["Pulumi.yaml", "Pulumi.yml"].some((name) => fs.existsSync(path.join(folder, name))) ||
        (above !== folder && hasProject(above))
    );
}

/** The resources in the stack's state, secrets in clear. */
export async function readState(choice: StackChoice): Promise<readonly StateResource[]> {
    const exported = (await pulumi(choice, "read the state of the stack", ["stack", "export", "--show-secrets"])) as {
        readonly deployment?: { readonly resources?: readonly StateResource[] } | null;
    };
    return (exported.deployment?.resources ?? []).map((resource) => revealed(resource) as StateResource);
}

/**
 * The steps of the next `up`, secrets in clear. It runs the program.
 *
 * The preview's own JSON masks secrets whatever it is told; its plan file has them, for as long as it is read here.
 *
 * @param state what {@link readState} gave: secrets that do not change are only there
 */
export async function previewSteps(
    choice: StackChoice,
    state: readonly StateResource[],
): Promise<readonly PreviewStep[]> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pulumi-timescaledb-"));
    const file = path.join(folder, "plan.json");
    try {
        const args = ["preview", "--json", "--show-secrets", `--save-plan=${file}`];
        const { steps = [] } = (await pulumi(choice, "preview the stack", args)) as {
            readonly steps?: readonly PreviewStep[];
        };
        const saved = revealed(JSON.parse(fs.readFileSync(file, "utf8"))) as SavedPlan;
        return steps.map((step) => unmasked(step, saved, state));
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
}

/** What of a plan file matters: how the inputs of each resource differ from those in the state. */
interface SavedPlan {
    readonly resourcePlans?: Readonly<
        Record<
            string,
            { readonly goal?: { readonly inputDiff?: { readonly adds?: Values; readonly updates?: Values } } }
        >
    >;
}

type Values = Readonly<Record<string, unknown>>;

const MASK = "[secret]";

function unmasked(step: PreviewStep, { resourcePlans }: SavedPlan, state: readonly StateResource[]): PreviewStep {
    if (step.newState === undefined) {
        return step;
    }
    const before = state.find(({ urn }) => urn === step.urn || urn === step.oldState?.urn)?.inputs;
    const { adds, updates } = resourcePlans?.[step.urn]?.goal?.inputDiff ?? {};
    const inputs = reveal(step.newState.inputs, { ...before, ...adds, ...updates }) as Values | undefined;
    return { ...step, newState: { ...step.newState, inputs } };
}

/** A value with what is masked in it taken from another one of the same form; unknown where that has nothing there. */
function reveal(value: unknown, source: unknown): unknown {
    if (value === MASK) {
        return source ?? UNKNOWN;
    }
    if (typeof value !== "object" || value === null) {
        return value;
    }
    const from = typeof source === "object" && source !== null ? (source as Values) : {};
    return Array.isArray(value)
        ? value.map((item: unknown, at) => reveal(item, from[at]))
        : Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, reveal(inner, from[key])]));
}

async function pulumi({ cwd, stack }: StackChoice, doing: string, args: readonly string[]): Promise<unknown> {
    const all = [...args, "--non-interactive", ...(stack === undefined ? [] : ["--stack", stack])];
    let output: string;
    try {
        const options = { cwd: cwd ?? process.cwd(), maxBuffer: MAX_OUTPUT_BYTES };
        output = (await runFile("pulumi", all, options)).stdout;
    } catch (error) {
        const { code, stderr, stdout, message } = error as NodeJS.ErrnoException & { stderr?: string; stdout?: string };
        const missing = code === "ENOENT";
        throw new ProviderError(
            missing ? "NOT_FOUND" : "PULUMI_FAILED",
            `could not ${doing}: ${missing ? "there is no pulumi on PATH" : failureText(stderr, stdout, message)}`,
            {
                remedy: missing
                    ? "Install the pulumi CLI, or name the access node with --host and --database"
                    : "Run the same `pulumi` command by hand for more",
                cause: error,
            },
        );
    }
    try {
        return JSON.parse(output);
    } catch {
        throw new ProviderError("PULUMI_FAILED", `could not ${doing}: pulumi ${args[0]} gave no JSON`, {
            remedy: "Run the same `pulumi` command by hand for more",
        });
    }
}

/** A preview that fails tells why in its JSON; everything else on standard error. */
function failureText(stderr = "", stdout = "", message = ""): string {
    try {
        const { diagnostics } = JSON.parse(stdout) as { diagnostics?: { severity: string; message: string }[] };
        const errors = (diagnostics ?? []).filter(({ severity }) => severity === "error");
        if (errors.length > 0) {
            return errors.map((error) => error.message.replace(/<\{%[^%]*%\}>/g, "").trim()).join("; ");
        }
    } catch {
        // It was not the JSON of a preview.
    }
    const own = stderr.trim();
    return own === "" ? (message.split("\n")[0] ?? "") : own;
}

/** Secrets come wrapped, with their JSON as text. */
function revealed(value: unknown): unknown {
    if (typeof value !== "object" || value === null) {
        return value;
    }
    if (Array.isArray(value)) {
        return value.map(revealed);
    }
    if (SECRET_KEY in value && "plaintext" in value && typeof value.plaintext === "string") {
        return revealed(JSON.parse(value.plaintext));
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revealed(inner)]));
}
