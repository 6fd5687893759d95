/** examples/docker under the real CLI, on ports that are free and under names that no other run uses. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { ensurePulumi } from "../../tools/pulumi-cli/ensure.mjs";
import { DOCKER_NAME, dockerTests, removeDockerObjects } from "./docker";
import { openProject, type Project, type Result } from "./pulumi";
import { query } from "./query";
import { tutorialInsert } from "./tutorial";

const README = path.resolve(__dirname, "..", "..", "examples", "docker", "README.md");
const STAND_IN = path.resolve(__dirname, "dockerPlugin");
const DATABASE = "multinode";
const HIGHEST_FIRST_PORT = 30_000;
const LOWEST_FIRST_PORT = 20_000;

/** An unusual one, so that whatever does not quote shows. */
export const PASSWORD = `it's "100%" p/w: $HOME \\ ünï`;

/** The example as a stack. */
export interface DockerExample extends Project {
    /** The access node's port; the data nodes have those after it. */
    readonly port: number;
    /** `pulumi up` without the preview before it, which takes as long again. Throws unless it succeeds. */
    apply(args?: readonly string[]): Promise<Result>;
    /** Rows of a statement on the access node (0), or on a data node by its number. */
    sql<Row extends object>(text: string, node?: number): Promise<Row[]>;
    /** Puts the tutorial's rows into the table. */
    loadRows(): Promise<void>;
    countRows(): Promise<number>;
    /** How many rows a data node holds itself, by the statistics that its ANALYZE made. */
    rowsOnNode(node: number): Promise<number>;
    /** Destroys the stack if it still holds anything, and removes what is left. */
    end(): Promise<void>;
}

/** Opens the example; nothing is deployed yet. */
export async function openDockerExample(
    image: string,
    config: Readonly<Record<string, string>> = {},
    secrets: Readonly<Record<string, string>> = {},
): Promise<DockerExample> {
    await removeDockerObjects();
    const port = await findFreePorts(4);
    const project = await openProject("examples/docker", {
        config: { name: DOCKER_NAME, image, port: String(port), memory: "512", ...config },
        secrets: { password: PASSWORD, ...secrets },
        // The linter compiles the example as well: here it would take most of each run.
        env: { PULUMI_NODEJS_TRANSPILE_ONLY: "true", ...(await pluginEnvironment()) },
    });
    const sql: DockerExample["sql"] = (text, node = 0) =>
        query({ host: "127.0.0.1", port: port + node, user: "postgres", password: PASSWORD }, DATABASE, text);
    return {
        ...project,
        port,
        sql,
        apply: async (args = []) => succeeded(await project.up(["--skip-preview", ...args])),
        loadRows: async () => void (await sql(tutorialInsert("conditions"))),
        countRows: async () => {
            const [counted] = await sql<{ count: number }>("SELECT count(*)::integer AS count FROM conditions");
            return counted!.count;
        },
        rowsOnNode: async (node) => {
            await sql("ANALYZE", node);
            const [summed] = await sql<{ rows: number }>(
                `SELECT coalesce(sum(reltuples), 0)::integer AS rows FROM pg_class
                 WHERE relkind = 'r' AND reltuples > 0 AND relname ~ '^(_dist_hyper_|_hyper_|conditions_s)'`,
                node,
            );
            return summed!.rows;
        },
        end: async () => {
            if ((await project.state()).length) await project.destroy(["--skip-preview"]);
            await project.dispose();
            await removeDockerObjects();
        },
    };
}

/** The result of a command that has to succeed. */
export function succeeded(result: Result): Result {
    if (result.code !== 0) throw new Error(`pulumi ended with ${result.code}:\n${result.output}`);
    return result;
}

/** A certificate and its key as PEM text, by the command that the example's README names. */
export function makeCertificate(): { certificate: string; key: string } {
    const folder = mkdtempSync(path.join(os.tmpdir(), "certificate-"));
    try {
        const [command] = /^openssl .*$/m.exec(readFileSync(README, "utf8"))!;
        execFileSync("/bin/sh", ["-c", command], { cwd: folder, stdio: "ignore" });
        const read = (file: string): string => readFileSync(path.join(folder, file), "utf8");
        return { certificate: read("server.crt"), key: read("server.key") };
    } finally {
        rmSync(folder, { recursive: true });
    }
}

async function pluginEnvironment(): Promise<Record<string, string>> {
    const { plugin } = dockerTests;
    if (plugin === "real") return { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "false" };
    const { bin } = await ensurePulumi();
    const folder = plugin === "stand-in" ? STAND_IN : plugin.folder;
    return { PATH: [folder, bin, process.env.PATH].join(path.delimiter) };
}

/** The first of as many ports of the loopback in a row that were free a moment ago. */
async function findFreePorts(count: number): Promise<number> {
    for (;;) {
        const first = LOWEST_FIRST_PORT + Math.floor(Math.random() * (HIGHEST_FIRST_PORT - LOWEST_FIRST_PORT));
        const ports = Array.from({ length: count }, (_, index) => first + index);
        if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first;
    }
}

function isFree(port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const listener = net.createServer().once("error", () => resolve(false));
        listener.listen(port, "127.0.0.1", () => listener.close(() => resolve(true)));
    });
}
