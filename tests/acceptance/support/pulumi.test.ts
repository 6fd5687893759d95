import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { anyRuns } from "../../../tools/servers/processes.mjs";
import { openProject, type Project } from "../../support/pulumi";

const SETUP_TIMEOUT_MS = 1_800_000;
const RUN_TIMEOUT_MS = 240_000;

/** A resource that appends to a file what is called, so that the test sees it from outside. */
const PROGRAM = `
const pulumi = require("@pulumi/pulumi");
const config = new pulumi.Config();
const provider = {
    async create(inputs) {
        require("node:fs").appendFileSync(inputs.file, "create " + process.pid + "\\n");
        await new Promise((resolve) => setTimeout(resolve, inputs.waitMs));
        return { id: "one", outs: inputs };
    },
    async diff(id, olds, news) {
        return { changes: olds.value !== news.value };
    },
    async update(id, olds, news) {
        if (news.value === "bad") throw new Error("this value is bad");
        return { outs: news };
    },
    async delete(id, props) {
        require("node:fs").appendFileSync(props.file, "delete\\n");
    },
};
class Noted extends pulumi.dynamic.Resource {
    constructor(name, args) {
        super(provider, name, args);
    }
}
new Noted("noted", { file: config.require("file"), value: config.require("value"), waitMs: config.requireNumber("waitMs") });
exports.secret = config.getSecret("secret");
`;

describe("the real pulumi CLI", () => {
    let folder: string;
    let file: string;
    let project: Project;

    beforeAll(async () => {
        folder = mkdtempSync(path.join(os.tmpdir(), "pulumi-noted-"));
        file = path.join(folder, "calls.txt");
        writeFileSync(path.join(folder, "Pulumi.yaml"), "name: noted\nruntime: nodejs\n");
        writeFileSync(path.join(folder, "package.json"), '{ "name": "noted", "main": "index.js" }');
        writeFileSync(path.join(folder, "index.js"), PROGRAM);
        project = await openProject(folder, {
            config: { file, value: "1", waitMs: "0" },
            secrets: { secret: "hunter2" },
        });
    }, SETUP_TIMEOUT_MS);

    afterAll(async () => {
        await project.dispose();
        rmSync(folder, { recursive: true });
        expect(existsSync(project.folder)).toBe(false);
    });

    it(
        "makes, shows, changes and destroys, and counts what it does",
        async () => {
            expect(await project.preview()).toMatchObject({ code: 0, changes: { create: 2 } });
            expect(await project.up()).toMatchObject({ code: 0, changes: { create: 2 }, diagnostics: [] });
            expect(await project.up()).toMatchObject({ code: 0, changes: { same: 2 }, realChanges: {} });
            expect(await project.outputs()).toEqual({ secret: "hunter2" });
            expect(await project.stateText()).not.toContain("hunter2");
            expect(await project.state()).toContainEqual(expect.objectContaining({ id: "one" }));

            await project.config({ value: "2" });
            const changed = await project.preview();
            expect(changed).toMatchObject({ code: 0, realChanges: { update: 1 } });
            expect(changed.steps).toContainEqual(
                expect.objectContaining({ op: "update", diffs: ["value"], failed: false }),
            );

            await project.config({ value: "bad" });
            const failed = await project.up();
            expect(failed.code).toBeGreaterThan(0);
            expect(failed.output).toContain("this value is bad");
            expect(failed.steps).toContainEqual(expect.objectContaining({ op: "update", failed: true }));
            expect(failed.diagnostics).toContainEqual(
                expect.objectContaining({ severity: "error", message: "this value is bad" }),
            );

            expect(await project.refresh()).toMatchObject({ code: 0 });
            expect(await project.destroy()).toMatchObject({ code: 0, realChanges: { delete: 2 } });
            expect(readFileSync(file, "utf8").trim().split("\n").at(-1)).toBe("delete");
            expect(await project.state()).toEqual([]);
        },
        RUN_TIMEOUT_MS,
    );

    it(
        "leaves the provider alive when the CLI alone is killed, and nothing when all are",
        async () => {
            writeFileSync(file, "");
            await project.config({ waitMs: "60000" });
            const running = project.start("up");
            while (!readFileSync(file, "utf8").includes("\n")) await sleep(50);
            const provider = Number(readFileSync(file, "utf8").trim().split(" ")[1]);

            running.killCli();
            expect(await running.done).toMatchObject({ code: undefined });
            expect(await anyRuns([provider])).toBe(true);

            await running.kill();
            expect(await anyRuns([provider])).toBe(false);
            await project.cancel();
            expect(await project.destroy()).toMatchObject({ code: 0 });
        },
        RUN_TIMEOUT_MS,
    );
});
