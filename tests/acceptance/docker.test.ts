/** examples/docker, the program of the root Pulumi.yaml, by the real CLI on a real Docker engine. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
    anonymousVolumes,
    deriveImage,
    docker,
    dockerObjects,
    dockerTests,
    openDockerExample,
    PASSWORD,
    removeDockerObjects,
    serverName,
    type DockerExample,
} from "../support/docker";
import type { Result } from "../support/pulumi";
import { query } from "../support/query";
import { TUTORIAL_ROW_COUNT, tutorialInsert } from "../support/tutorial";

const TIMEOUT_MS = 600_000;
const POLL_MS = 100;
const DATABASE = "multinode";
const MADE = { create: 13 };
const DATA_NODES = [1, 2] as const;

jest.setTimeout(TIMEOUT_MS);

const sql = <Row extends object>(port: number, text: string): Promise<Row[]> =>
    query<Row>({ host: "127.0.0.1", port, user: "postgres", password: PASSWORD }, DATABASE, text);

const countRows = async ({ port }: DockerExample): Promise<number> => {
    const [counted] = await sql<{ count: number }>(port, "SELECT count(*)::integer AS count FROM conditions");
    return counted!.count;
};

const loadRows = ({ port }: DockerExample): Promise<object[]> => sql(port, tutorialInsert("conditions"));

/** How many rows a data node holds itself, by the statistics that its ANALYZE made. */
async function rowsOnNode({ port }: DockerExample, node: number): Promise<number> {
    await sql(port + node, "ANALYZE");
    const [summed] = await sql<{ rows: number }>(
        port + node,
        `SELECT coalesce(sum(reltuples), 0)::integer AS rows FROM pg_class
         WHERE relkind = 'r' AND reltuples > 0 AND relname ~ '^(_dist_hyper_|_hyper_|conditions_s)'`,
    );
    return summed!.rows;
}

function succeeded(result: Result): Result {
    if (result.code !== 0) throw new Error(`pulumi ended with ${result.code}:\n${result.output}`);
    return result;
}

const urnOf = async (project: DockerExample, type: string, name: string): Promise<string> =>
    (await project.state()).find(({ urn }) => urn.endsWith(`${type}::${name}`))!.urn;

/** What was done to the containers, in the order in which it began. */
const containerSteps = ({ steps }: Result, op: string): string[] =>
    steps
        .filter((step) => step.op === op && step.urn.includes("Container::"))
        .map(({ urn }) => urn.split("::").at(-1)!);

async function dispose(project: DockerExample | undefined): Promise<void> {
    await project?.destroy();
    await project?.dispose();
    await removeDockerObjects();
}

if (dockerTests.kinds.length === 0) {
    for (const { title, reason } of dockerTests.skipped) {
        it.skip(`runs the example on ${title} (skipped: ${reason})`, () => undefined);
    }
}

describe.each(dockerTests.kinds)("the Docker example on $title", ({ image, engine }) => {
    let project: DockerExample;
    let volumesBefore: string[];

    beforeAll(async () => {
        await removeDockerObjects();
        volumesBefore = await anonymousVolumes();
        project = await openDockerExample(image);
    });

    afterAll(() => dispose(project));

    it("makes a cluster that takes the tutorial's rows", async () => {
        expect(succeeded(await project.up()).changes).toMatchObject(MADE);
        expect(await project.outputs()).toMatchObject({ engine, table: "public.conditions" });
        await loadRows(project);
        expect(await countRows(project)).toBe(TUTORIAL_ROW_COUNT);
        const spread = await Promise.all(DATA_NODES.map((node) => rowsOnNode(project, node)));
        expect(Math.min(...spread)).toBeGreaterThan(TUTORIAL_ROW_COUNT / 10);
        expect(spread[0]! + spread[1]!).toBe(TUTORIAL_ROW_COUNT);
    });

    it("asks everybody for the password, also inside the container", async () => {
        const inside = (...options: string[]): Promise<string> =>
            docker(
                "exec",
                "--env",
                "PGPASSWORD=wrong",
                serverName("dn1"),
                "psql",
                "-U",
                "postgres",
                ...options,
                "-c",
                "SELECT 1",
            );
        await expect(inside()).rejects.toThrow("password authentication failed");
        await expect(inside("-h", "127.0.0.1")).rejects.toThrow("password authentication failed");
    });

    it("keeps the password out of the state and of the public outputs", async () => {
        const text = await project.stateText();
        expect(text).not.toContain(JSON.stringify(PASSWORD).slice(1, -1));
        expect(text).not.toContain(encodeURIComponent(PASSWORD));
    });

    it("has nothing to do in the next run, also after a refresh", async () => {
        expect(succeeded(await project.up()).realChanges).toEqual({});
        expect(succeeded(await project.up(["--refresh"])).realChanges).toEqual({});
    });

    it("takes over containers that are replaced by those of another image, the data nodes' first", async () => {
        await project.config({ image: await deriveImage(image), memory: "640" });
        const upgrade = succeeded(await project.up());
        expect(containerSteps(upgrade, "create-replacement").at(-1)).toBe("access");
        expect(upgrade.realChanges).toEqual({ replace: 4 });
        expect(await countRows(project)).toBe(TUTORIAL_ROW_COUNT);
    });

    it("changes the memory of running containers", async () => {
        await project.config({ memory: "700" });
        expect(succeeded(await project.up()).realChanges).toEqual({ update: 3 });
        expect(await docker("inspect", "--format", "{{.HostConfig.Memory}}", serverName("dn2"))).toBe(
            String(700 * 1024 * 1024),
        );
    });

    it("replaces a container that was killed, which keeps its rows", async () => {
        await docker("kill", serverName("dn1"));
        const healed = succeeded(await project.up(["--refresh"]));
        expect(containerSteps(healed, "create-replacement")).toEqual(["dn1"]);
        expect(await countRows(project)).toBe(TUTORIAL_ROW_COUNT);
        expect(succeeded(await project.up(["--refresh"])).realChanges).toEqual({});
    });

    it("destroys everything, rows and all", async () => {
        expect(succeeded(await project.destroy()).changes).toEqual({ delete: 13 });
        expect(await dockerObjects()).toEqual([]);
        expect(await anonymousVolumes()).toEqual(volumesBefore);
        expect(await project.state()).toEqual([]);
    });
});

describe.each(dockerTests.kinds.slice(0, 2))("a data node's server that is lost, on $title", ({ image }) => {
    let project: DockerExample;

    beforeAll(async () => {
        await removeDockerObjects();
        project = await openDockerExample(image);
        succeeded(await project.up());
        await loadRows(project);
        await docker("rm", "--force", serverName("dn1"));
        await docker("volume", "rm", serverName("dn1"));
    });

    afterAll(() => dispose(project));

    it("shows in the status of a preview", async () => {
        const preview = succeeded(await project.preview());
        expect(preview.output).toContain("failure");
    });

    it("is made again empty, and registered anew when the program's user says so", async () => {
        const kept = await rowsOnNode(project, 2);
        const urn = await urnOf(project, "DataNode", "dn1");
        succeeded(await project.up(["--refresh", "--replace", urn]));
        succeeded(await project.up(["--refresh"]));
        expect(await countRows(project)).toBe(kept);
        await loadRows(project);
        expect(await countRows(project)).toBe(kept + TUTORIAL_ROW_COUNT);
        expect(succeeded(await project.up(["--refresh"])).realChanges).toEqual({});
    });

    it("does not keep the stack from being destroyed", async () => {
        await docker("rm", "--force", serverName("dn2"));
        await docker("volume", "rm", serverName("dn2"));
        succeeded(await project.destroy());
        expect(await dockerObjects()).toEqual([]);
    });
});

describe.each(dockerTests.kinds.slice(0, 1))("a run that is disturbed, on $title", ({ image }) => {
    let project: DockerExample;

    beforeAll(async () => {
        await removeDockerObjects();
        project = await openDockerExample(image);
    });

    afterAll(() => dispose(project));

    it("is finished by the next one when a container was killed on the way", async () => {
        const running = project.start("up");
        while (!(await docker("ps", "--filter", "health=healthy")).includes(serverName("access"))) await sleep(POLL_MS);
        await docker("kill", serverName("dn2"));
        const disturbed = await running.done;
        if (disturbed.code !== 0) expect(disturbed.output).toContain("dn2");
        succeeded(await project.up(["--refresh"]));
        await loadRows(project);
        expect(await countRows(project)).toBe(TUTORIAL_ROW_COUNT);
        expect(succeeded(await project.up(["--refresh"])).realChanges).toEqual({});
    });

    it("spreads new rows over a data node that was added, and moves them away before it goes", async () => {
        await project.config({ dataNodes: "3" });
        succeeded(await project.up());
        await sql(project.port, "INSERT INTO conditions SELECT time + interval '1 year', device, temp FROM conditions");
        expect(await rowsOnNode(project, 3)).toBeGreaterThan(TUTORIAL_ROW_COUNT / 10);
        await project.config({ dataNodes: "2" });
        succeeded(await project.up());
        expect(await countRows(project)).toBe(2 * TUTORIAL_ROW_COUNT);
        expect((await dockerObjects()).join()).not.toContain("dn3");
    });

    it("refuses to destroy rows that are not to be destroyed", async () => {
        await project.config({ forceDestroy: "false" });
        succeeded(await project.up());
        const refused = await project.destroy();
        expect(refused.code).not.toBe(0);
        expect(refused.output).toContain("HOLDS_DATA");
        expect(await countRows(project)).toBe(2 * TUTORIAL_ROW_COUNT);
        await project.config({ forceDestroy: "true" });
        succeeded(await project.up());
        succeeded(await project.destroy());
        expect(await dockerObjects()).toEqual([]);
    });
});

describe.each(dockerTests.kinds.slice(0, 2))("with a certificate, on $title", ({ image }) => {
    let project: DockerExample;

    beforeAll(async () => {
        await removeDockerObjects();
        const { certificate, key } = makeCertificate();
        project = await openDockerExample(image, { tlsCertificate: certificate }, { tlsKey: key });
    });

    afterAll(() => dispose(project));

    it("encrypts the connections of the provider and those between the servers", async () => {
        succeeded(await project.up());
        await loadRows(project);
        expect(await countRows(project)).toBe(TUTORIAL_ROW_COUNT);
        const sessions = "SELECT count(*)::integer AS count FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)";
        const remote = "client_addr IS NOT NULL AND client_addr <> inet_server_addr() AND pid <> pg_backend_pid()";
        const [plain] = await sql<{ count: number }>(project.port + 1, `${sessions} WHERE NOT ssl AND ${remote}`);
        expect(plain).toEqual({ count: 0 });
        const [row] = await sql<{ ssl: string }>(project.port, "SHOW ssl");
        expect(row).toEqual({ ssl: "on" });
    });

    it("trusts no other certificate", async () => {
        await project.config({ tlsCertificate: makeCertificate().certificate });
        const refused = await project.preview(["--refresh"]);
        expect(refused.output).toMatch(/certificate/);
    });
});

describe("the root's Pulumi.yaml", () => {
    it("has the Docker example as its program", () => {
        const [root, example] = ["Pulumi.yaml", "examples/docker/Pulumi.yaml"].map((file) =>
            readFileSync(path.resolve(__dirname, "..", "..", file), "utf8"),
        );
        expect(root).toBe(`${example}main: examples/docker/\n`);
    });
});

/** By the command that the example's README names. */
function makeCertificate(): { certificate: string; key: string } {
    const folder = mkdtempSync(path.join(os.tmpdir(), "certificate-"));
    try {
        const [command] = /^openssl .*$/m.exec(
            readFileSync(path.resolve(__dirname, "..", "..", "examples", "docker", "README.md"), "utf8"),
        )!;
        execFileSync("/bin/sh", ["-c", command], { cwd: folder, stdio: "ignore" });
        const read = (file: string): string => readFileSync(path.join(folder, file), "utf8");
        return { certificate: read("server.crt"), key: read("server.key") };
    } finally {
        rmSync(folder, { recursive: true });
    }
}
