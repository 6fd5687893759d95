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
/** Followed by the id of the process whose tests they are. */
const PREFIX = "timescaledb-test-";

/** What there is to run on. */
export const dockerTests: DockerTests = process.env.DOCKER_TESTS
    ? (JSON.parse(process.env.DOCKER_TESTS) as DockerTests)
    : NOTHING;

/** An unusual one, so that whatever does not quote shows. */
export const PASSWORD = `it's "100%" p/w: $HOME \\ ünï`;

/** The example as a stack, on ports that are free and under names that no other run uses. */
export interface DockerExample extends Project {
    /** The access node's port; the data nodes have those after it. */
    readonly port: number;
}

const NAME = `${PREFIX}${process.pid}`;
const NEXT_IMAGE = `pulumi-timescaledb-test:next-${process.pid}`;

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
        config: { name: NAME, image, port: String(port), memory: "512", ...config },
        secrets: { password: PASSWORD, ...secrets },
        env,
    });
    return { ...project, port };
}

/** What docker prints. */
export async function docker(...args: string[]): Promise<string> {
    return (await run("docker", args, { timeoutMs: COMMAND_TIMEOUT_MS })).stdout.trim();
}

/** The containers, volumes and networks of this process's examples, each as kind and name. */
export async function dockerObjects(): Promise<string[]> {
    return (await allDockerObjects()).filter((object) => ownerOf(object) === process.pid);
}

/** Those of all examples of tests, containers first. */
async function allDockerObjects(): Promise<string[]> {
    const lists = await Promise.all([
        docker("ps", "--all", "--format", "container {{.Names}}"),
        docker("volume", "ls", "--format", "volume {{.Name}}"),
        docker("network", "ls", "--format", "network {{.Name}}"),
    ]);
    return lists.flatMap((list) => list.split("\n")).filter((object) => object.includes(` ${PREFIX}`));
}

/** The volumes that belong to containers and have no name of their own. */
export async function anonymousVolumes(): Promise<string[]> {
    const names = await docker("volume", "ls", "--quiet", "--filter", "dangling=true");
    return names.split("\n").filter((name) => /^[0-9a-f]{64}$/.test(name));
}

/** Removes what this process's examples have left, and those of processes that were killed. */
export async function removeDockerObjects(): Promise<void> {
    for (const object of await allDockerObjects()) {
        const [kind, name] = object.split(" ") as [string, string];
        const owner = ownerOf(object);
        if (owner !== process.pid && isAlive(owner)) continue;
        await docker(kind, "rm", ...(kind === "network" ? [] : ["--force"]), name);
    }
    if (await docker("image", "ls", "--quiet", NEXT_IMAGE)) await docker("image", "rm", NEXT_IMAGE);
}

/** The process whose example it is of. */
function ownerOf(object: string): number {
    return Number.parseInt(object.slice(object.indexOf(PREFIX) + PREFIX.length), 10);
}

function isAlive(pid: number): boolean {
    try {
        return process.kill(pid, 0);
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}

/** The name of a server's container and volume. */
export function serverName(name: string): string {
    return `${NAME}-${name}`;
}

/** Another image that holds the same, as the next version of it would be. */
export async function deriveImage(image: string): Promise<string> {
    const container = await docker("create", image);
    try {
        await docker("commit", "--change", "LABEL version=next", container, NEXT_IMAGE);
    } finally {
        await docker("rm", "--volumes", container);
    }
    return NEXT_IMAGE;
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
