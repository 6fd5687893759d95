/** What the pulumi CLI tells of a stack: its state, and what the next `up` will do. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { ProviderError } from "../errors";

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

/** The steps of the next `up`, secrets in clear. It runs the program. */
export async function previewSteps(choice: StackChoice): Promise<readonly PreviewStep[]> {
    const preview = (await pulumi(choice, "preview the stack", ["preview", "--json", "--show-secrets"])) as {
        readonly steps?: readonly PreviewStep[];
    };
    return (preview.steps ?? []).map((step) => revealed(step) as PreviewStep);
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
