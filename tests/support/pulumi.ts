/**
 * The real pulumi CLI on a program, as a user runs it, with a state, a home and a configuration of its own.
 *
 *     const project = await openProject("examples/cluster", { config: { port: "5432" }, secrets: { password: "..." } });
 *     const first = await project.up();       // first.code, first.changes.create, first.output
 *     await project.config({ port: "5433" });
 *     const running = project.start("up");    // running.kill(), running.interrupt(), await running.done
 *     await project.dispose();                // in afterAll, always
 *
 * The package must be built (npm run build): programs import what a user would, through a link to the repository.
 */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { ensurePulumi } from "../../tools/pulumi-cli/ensure.mjs";
import { run } from "../../tools/command.mjs";
import { killAll } from "../../tools/servers/processes.mjs";
import { readEvents, type Events } from "./pulumiEvents";

const REPOSITORY = path.resolve(__dirname, "..", "..");
const STACK = "test";
const PASSPHRASE = "passphrase of the tests";

/** The commands that run the program or act on what it made. */
export type Operation = "up" | "preview" | "refresh" | "destroy";

/** How a command went. */
export interface Result extends Events {
    /** The exit code; undefined when a signal ended it. */
    readonly code: number | undefined;
    /** Standard output and standard error as they came. */
    readonly output: string;
}

/** A command that runs. */
export interface Running {
    /** Ctrl-C: the CLI finishes what has begun, and ends. */
    interrupt(): void;
    /** SIGKILL to the CLI alone: the provider process lives on, as it does for a user. */
    killCli(): void;
    /** SIGKILL to the CLI and to all that it started. */
    kill(): Promise<void>;
    /** Resolves when the CLI has ended, however it went. */
    readonly done: Promise<Result>;
}

/** A resource as the state has it. */
export interface StateResource {
    readonly urn: string;
    readonly type: string;
    readonly id?: string;
    readonly inputs?: Readonly<Record<string, unknown>>;
    readonly outputs?: Readonly<Record<string, unknown>>;
    readonly initErrors?: readonly string[];
}

/** What openProject takes besides the folder. */
export interface ProjectOptions {
    /** Plain configuration, as `pulumi config set` takes it. */
    readonly config?: Readonly<Record<string, string>>;
    /** Secret configuration. */
    readonly secrets?: Readonly<Record<string, string>>;
    /** Environment variables for the CLI and the program. */
    readonly env?: Readonly<Record<string, string>>;
    /** Makes the program's node_modules; links to the repository and to its packages by default. */
    readonly install?: (folder: string) => void | Promise<void>;
}

/** One stack of one program. */
export interface Project {
    /** The copy of the program: write to it to change the program. */
    readonly folder: string;
    /** The environment of its commands, for other programs that call pulumi. */
    readonly env: NodeJS.ProcessEnv;
    up(args?: readonly string[]): Promise<Result>;
    preview(args?: readonly string[]): Promise<Result>;
    refresh(args?: readonly string[]): Promise<Result>;
    destroy(args?: readonly string[]): Promise<Result>;
    /** Starts a command without waiting for its end. */
    start(operation: Operation, args?: readonly string[]): Running;
    /** Unlocks the stack after a killed run. */
    cancel(): Promise<void>;
    /** Sets configuration values; the others stay. */
    config(values: Readonly<Record<string, string>>, options?: { secret?: boolean }): Promise<void>;
    /** The resources of the state, secrets encrypted. */
    state(): Promise<readonly StateResource[]>;
    /** The state as it is stored, for those who look for what must not be in it. */
    stateText(): Promise<string>;
    /** The outputs of the program, secrets in clear. */
    outputs(): Promise<Readonly<Record<string, unknown>>>;
    /** Ends every process of the project and removes its folders; the resources stay. */
    dispose(): Promise<void>;
}

/** Copies a program without what is installed in it; several copies can run at once. */
function copyProgram(folder: string, target: string): void {
    const source = path.resolve(REPOSITORY, folder);
    cpSync(source, target, { recursive: true, filter: (file) => path.basename(file) !== "node_modules" });
}

/** Makes a program find the package and the SDK as this repository has them. */
function linkPackages(folder: string): void {
    if (!existsSync(path.join(REPOSITORY, "dist", "index.js"))) throw new Error("dist/ is missing: npm run build");
    const modules = path.join(folder, "node_modules");
    mkdirSync(modules, { recursive: true });
    symlinkSync(REPOSITORY, path.join(modules, "pulumi-timescaledb"));
    for (const name of ["@pulumi", "@types", "typescript", "ts-node"]) {
        symlinkSync(path.join(REPOSITORY, "node_modules", name), path.join(modules, name));
    }
}

/** A new stack of the program in `folder` (relative to the repository), with nothing deployed. */
export async function openProject(folder: string, options: ProjectOptions = {}): Promise<Project> {
    const { bin } = await ensurePulumi();
    const base = mkdtempSync(path.join(os.tmpdir(), "pulumi-project-"));
    const [program, home, backend] = ["program", "home", "state"].map((name) => path.join(base, name)) as [
        string,
        string,
        string,
    ];
    for (const each of [program, home, backend]) mkdirSync(each);
    copyProgram(folder, program);
    const cli = path.join(bin, "pulumi");
    const env: NodeJS.ProcessEnv = {
        ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PULUMI_"))),
        PATH: `${bin}${path.delimiter}${process.env.PATH}`,
        PULUMI_HOME: home,
        PULUMI_BACKEND_URL: `file://${backend}`,
        PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
        PULUMI_SKIP_UPDATE_CHECK: "true",
        // Without it the CLI does not know --event-log.
        PULUMI_DEBUG_COMMANDS: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        ...options.env,
    };
    const command = (...args: string[]): Promise<{ stdout: string }> =>
        run(cli, [...args, "--non-interactive", "--color", "never", "--stack", STACK], { cwd: program, env });

    const start = (operation: Operation, args: readonly string[] = []): Running => {
        const log = path.join(mkdtempSync(path.join(base, "events-")), "events.json");
        const all = [operation, ...(operation === "preview" ? [] : ["--yes"]), "--event-log", log, ...args];
        all.push("--non-interactive", "--color", "never", "--stack", STACK);
        const child = spawn(cli, all, { cwd: program, env, stdio: ["ignore", "pipe", "pipe"] });
        let output = "";
        for (const stream of [child.stdout, child.stderr])
            stream.on("data", (data: Buffer) => (output += data.toString()));
        const done = new Promise<Result>((resolve, reject) => {
            child.on("error", reject);
            // Not "close": what the CLI started and a signal spared holds its output open.
            child.on("exit", (code) =>
                setImmediate(() => resolve({ code: code ?? undefined, output, ...readEvents(log) })),
            );
        });
        return {
            interrupt: () => void child.kill("SIGINT"),
            killCli: () => void child.kill("SIGKILL"),
            kill: async () => killAll(await processesOf(home)),
            done,
        };
    };

    const project: Project = {
        folder: program,
        env,
        up: (args) => start("up", args).done,
        preview: (args) => start("preview", args).done,
        refresh: (args) => start("refresh", args).done,
        destroy: (args) => start("destroy", args).done,
        start,
        cancel: async () => void (await command("cancel", "--yes")),
        config: async (values, { secret = false } = {}) => {
            const pairs = Object.entries(values).flatMap(([key, value]) => [
                secret ? "--secret" : "--plaintext",
                `${key}=${value}`,
            ]);
            if (pairs.length) await command("config", "set-all", ...pairs);
        },
        state: async () => {
            const { deployment } = JSON.parse(await project.stateText()) as {
                deployment: { resources?: StateResource[] };
            };
            return deployment.resources ?? [];
        },
        stateText: async () => (await command("stack", "export")).stdout,
        outputs: async () =>
            JSON.parse((await command("stack", "output", "--json", "--show-secrets")).stdout) as Record<
                string,
                unknown
            >,
        dispose: async () => {
            await killAll(await processesOf(home));
            rmSync(base, { recursive: true, force: true, maxRetries: 10 });
        },
    };

    try {
        await (options.install ?? linkPackages)(program);
        await run(cli, ["stack", "init", STACK, "--non-interactive"], { cwd: program, env });
        await project.config(options.config ?? {});
        await project.config(options.secrets ?? {}, { secret: true });
    } catch (error) {
        await project.dispose();
        throw error;
    }
    return project;
}

/** The CLI puts plugins into process groups of their own, and they outlive it: they are known by their environment. */
async function processesOf(home: string): Promise<number[]> {
    const { stdout } = await run("ps", ["axeww", "-o", "pid=,command="]);
    const lines = stdout.split("\n").filter((line) => line.includes(`PULUMI_HOME=${home}`));
    return lines.map((line) => Number.parseInt(line, 10));
}
