/**
 * The Docker engine of the tests, as `npm run test:docker` or `npm test` found it and told in DOCKER_TESTS. Runs side by
 * side keep to what is their own: all names hold the process's id.
 */
import { run } from "../../tools/command.mjs";
import type { DockerTests } from "../../tools/docker/ensureDocker.mjs";

const NOTHING: DockerTests = {
    kinds: [],
    skipped: [{ title: "Docker", reason: "DOCKER_TESTS is not set: npm run test:docker" }],
    plugin: "stand-in",
};
const COMMAND_TIMEOUT_MS = 120_000;
/** Followed by the id of the process whose tests they are. */
const PREFIX = "timescaledb-test-";
const NEXT_IMAGE = `pulumi-timescaledb-test:next-${process.pid}`;

/** What there is to run on. */
export const dockerTests: DockerTests = process.env.DOCKER_TESTS
    ? (JSON.parse(process.env.DOCKER_TESTS) as DockerTests)
    : NOTHING;

/** The name of this process's network, and in front of those of its containers and volumes. */
export const DOCKER_NAME = `${PREFIX}${process.pid}`;

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
        const removed = docker(kind, "rm", ...(kind === "network" ? [] : ["--force"]), name);
        // Another run may be at the same, and what it is at is of no other interest.
        await (owner === process.pid ? removed : removed.catch(() => undefined));
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
    return `${DOCKER_NAME}-${name}`;
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

/** A server's container and volume are gone, as when its machine is. */
export async function loseServer(name: string): Promise<void> {
    await docker("rm", "--force", serverName(name));
    await docker("volume", "rm", serverName(name));
}
