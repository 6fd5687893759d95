/** examples/docker, the program of the root Pulumi.yaml, over its whole life: the real CLI on a real Docker engine. */
import { readFileSync } from "node:fs";
import path from "node:path";
import {
    anonymousVolumes,
    deriveImage,
    docker,
    dockerObjects,
    dockerTests,
    loseServer,
    serverName,
} from "../support/docker";
import { openDockerExample, PASSWORD, succeeded, type DockerExample } from "../support/dockerExample";
import type { Result } from "../support/pulumi";
import { TUTORIAL_ROW_COUNT } from "../support/tutorial";

const TIMEOUT_MS = 600_000;
const MEGABYTE = 1024 * 1024;
const MADE = 13;
const DATA_NODES = [1, 2] as const;

jest.setTimeout(TIMEOUT_MS);

/** What was done to the containers, in the order in which it began. */
const containerSteps = ({ steps }: Result, op: string): string[] =>
    steps
        .filter((step) => step.op === op && step.urn.includes("Container::"))
        .map(({ urn }) => urn.split("::").at(-1)!);

for (const { title, reason } of dockerTests.skipped) {
    it.skip(`runs the example on ${title} (skipped: ${reason})`, () => undefined);
}

for (const { title, image, engine, isBrief } of dockerTests.kinds) {
    describe(`the Docker example on ${title}`, () => {
        let project: DockerExample;
        let volumesBefore: string[];

        beforeAll(async () => {
            project = await openDockerExample(image);
            volumesBefore = await anonymousVolumes();
        });

        afterAll(() => project?.end());

        it("makes a cluster that takes the tutorial's rows", async () => {
            expect(succeeded(await project.up()).changes).toMatchObject({ create: MADE });
            expect(await project.outputs()).toMatchObject({ engine, table: "public.conditions" });
            await project.loadRows();
            expect(await project.countRows()).toBe(TUTORIAL_ROW_COUNT);
            const spread = await Promise.all(DATA_NODES.map((node) => project.rowsOnNode(node)));
            expect(Math.min(...spread)).toBeGreaterThan(TUTORIAL_ROW_COUNT / 10);
            expect(spread[0]! + spread[1]!).toBe(TUTORIAL_ROW_COUNT);
        });

        it("asks everybody for the password, also inside the container", async () => {
            const inside = (...options: string[]): Promise<string> =>
                docker(
                    ...["exec", "--env", "PGPASSWORD=wrong", serverName("dn1"), "psql", "-U", "postgres"],
                    ...options,
                    ...["-c", "SELECT 1"],
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
            expect((await project.apply()).realChanges).toEqual({});
            expect((await project.apply(["--refresh"])).realChanges).toEqual({});
        });

        if (!isBrief) {
            it("takes over containers that are replaced by those of another image, the data nodes' first", async () => {
                await project.config({ image: await deriveImage(image), memory: "640" });
                const upgrade = succeeded(await project.up());
                expect(containerSteps(upgrade, "create-replacement").at(-1)).toBe("access");
                expect(upgrade.realChanges).toEqual({ replace: 4 });
                expect(await project.countRows()).toBe(TUTORIAL_ROW_COUNT);
            });

            it("changes the memory of running containers", async () => {
                await project.config({ memory: "700" });
                expect((await project.apply()).realChanges).toEqual({ update: 3 });
                const limit = await docker("inspect", "--format", "{{.HostConfig.Memory}}", serverName("dn2"));
                expect(limit).toBe(String(700 * MEGABYTE));
            });

            it("replaces a container that was killed, which keeps its rows", async () => {
                await docker("kill", serverName("dn1"));
                const healed = await project.apply(["--refresh"]);
                expect(containerSteps(healed, "create-replacement")).toEqual(["dn1"]);
                expect(await project.countRows()).toBe(TUTORIAL_ROW_COUNT);
            });

            it("shows a lost data node in a preview's status, and registers it anew when told to", async () => {
                const kept = await project.rowsOnNode(2);
                await loseServer("dn1");
                expect(succeeded(await project.preview()).output).toContain("failure");
                const { urn } = (await project.state()).find((each) => each.urn.endsWith("DataNode::dn1"))!;
                await project.apply(["--refresh", "--replace", urn]);
                await project.apply(["--refresh"]);
                expect(await project.countRows()).toBe(kept);
                await project.loadRows();
                expect(await project.countRows()).toBe(kept + TUTORIAL_ROW_COUNT);
                expect((await project.apply(["--refresh"])).realChanges).toEqual({});
            });
        }

        it(`destroys everything, rows and all${isBrief ? "" : ", while a data node is lost"}`, async () => {
            if (!isBrief) await loseServer("dn2");
            expect(succeeded(await project.destroy(["--skip-preview"])).changes).toEqual({ delete: MADE });
            expect(await dockerObjects()).toEqual([]);
            expect(await anonymousVolumes()).toEqual(volumesBefore);
            expect(await project.state()).toEqual([]);
        });
    });
}

describe("the root's Pulumi.yaml", () => {
    it("has the Docker example as its program", () => {
        const [root, example] = ["Pulumi.yaml", "examples/docker/Pulumi.yaml"].map((file) =>
            readFileSync(path.resolve(__dirname, "..", "..", file), "utf8"),
        );
        expect(root).toBe(`${example}main: examples/docker/\n`);
    });
});
