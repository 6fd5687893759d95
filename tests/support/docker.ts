/**
 * The Docker example under the real CLI, on a real Docker engine; `npm run test:docker`, or `npm test`, which put what there
 * is to run on into DOCKER_TESTS.
 */
import net from "node:net";
import path from "node:path";
import { run } from "../../tools/command.mjs";
import type { DockerTests } from "../../tools/docker/ensureDocker.mjs";
import { ensurePulumi } from "../../tools/pulumi-cli/ensure.mjs";
import { openProject, type Project } from "./pulumi";

const NOTHING: DockerTests = {
    kinds: [],
    skipped: [{ title: "Docker", reason: "DOCKER_TESTS is not set: npm run test:docker" }],
    plugin: "stand-in",
};
const COMMAND_TIMEOUT_MS = 120_000;
const HIGHEST_FIRST_PORT = 30_000;
const LOWEST_FIRST_PORT = 20_000;
/** The names of all that the example makes in the stack of the tests begin with it. */
const PREFIX = "timescaledb-test";

/** What there is to run on. */
export const dockerTests: DockerTests = process.env.DOCKER_TESTS
    ? (JSON.parse(process.env.DOCKER_TESTS) as DockerTests)
    : NOTHING;

/** An unusual one, so that whatever does not quote shows. */
export const PASSWORD = `it's "100%" p/w: $HOME \\ ünï`;

/** The example as a stack, on ports that are free. */
export interface DockerExample extends Project {
    /** The access node's port; the data nodes have those after it. */
    readonly port: number;
}

/** Opens the example; nothing is deployed yet. */
export async function openDockerExample(
    image: string,
    config: Readonly<Record<string, string>> = {},
    secrets: Readonly<Record<string, string>> = {},
): Promise<DockerExample> {
    const port = await findFreePorts(4);
    const { bin } = await ensurePulumi();
    const standIn = path.resolve(__dirname, "dockerPlugin");
    const env: Record<string, string> =
        dockerTests.plugin === "stand-in"
            ? { PATH: [standIn, bin, process.env.PATH].join(path.delimiter) }
            : { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "false" };
    const project = await openProject("examples/docker", {
        config: { image, port: String(port), memory: "512", ...config },
        secrets: { password: PASSWORD, ...secrets },
        env,
    });
    return { ...project, port };
}

/** What docker prints. */
export async function docker(...args: string[]): Promise<string> {
    return (await run("docker", args, { timeoutMs: COMMAND_TIMEOUT_MS })).stdout.trim();
}

/** The containers, volumes and networks of the example, by name. */
export async function dockerObjects(): Promise<string[]> {
    const lists = await Promise.all([
        docker("ps", "--all", "--format", "container {{.Names}}"),
        docker("volume", "ls", "--format", "volume {{.Name}}"),
        docker("network", "ls", "--format", "network {{.Name}}"),
    ]);
    return lists
        .flatMap((list) => list.split("\n"))
        .filter((line) => line.includes(` ${PREFIX}`))
        .sort();
}

/** How many volumes there are, the ones without a name included. */
export async function countVolumes(): Promise<number> {
    return (await docker("volume", "ls", "--quiet")).split("\n").filter(Boolean).length;
}

/** Removes what a run that failed has left. */
export async function removeDockerObjects(): Promise<void> {
    for (const object of await dockerObjects()) {
        const [kind, name] = object.split(" ") as [string, string];
        await docker(kind, "rm", "--force", name);
    }
}

/** The name of a server's container and volume. */
export function serverName(name: string): string {
    return `${PREFIX}-${name}`;
}

/** Another image that holds the same, as the next version of it would be. */
export async function deriveImage(image: string): Promise<string> {
    const derived = "pulumi-timescaledb-test:next";
    const container = await docker("create", image);
    try {
        await docker("commit", "--change", "LABEL version=next", container, derived);
    } finally {
        await docker("rm", "--volumes", container);
    }
    return derived;
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
