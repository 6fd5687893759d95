/** The programs of the docs, as they stand there but for the servers' addresses, by the real CLI on real servers. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { run } from "../../tools/command.mjs";
import { openProject, type Project, type Result } from "../support/pulumi";
import { query } from "../support/query";
import { expectNoResidue, residueOf, type Residue } from "../support/residue";
import { describeServers, newestFdwServer, startCluster, START_TIMEOUT_MS, type TestCluster } from "../support/servers";
import { blocksOf } from "./blocks";
import { pages, ROOT } from "./pages";

jest.setTimeout(300_000);

/** By hand in the story of getting-started. */
const STORY = "docs/getting-started.md";
/** Such a resource is not destroyed. */
const PROTECTED = "protect: true";
/** Not a program: it has a unit test of its own. */
const UNIT_TEST = "docs/operations/testing.md";

const programs = pages()
    .filter(({ path }) => ![STORY, UNIT_TEST].includes(path))
    .flatMap(({ path, text }) => blocksOf(text, "ts").map(({ number, code }) => ({ name: `${path}#${number}`, code })))
    .filter(({ code }) => code.includes("new timescaledb."));

/** The first line of the errors, for a readable failure. */
const errorsOf = ({ diagnostics }: Result): readonly string[] =>
    diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);

describe.each(["fdw", "multinode"] as const)("with the engine %s", (engine) => {
    describeServers(engine, (kind) => {
        if (engine === "fdw" && kind !== newestFdwServer) {
            return;
        }
        let cluster: TestCluster;
        let before: Residue[];
        let project: Project;

        const residue = async (): Promise<Residue[]> => Promise.all(cluster.all.map(residueOf));

        /** The code on this test's servers. */
        const onServers = (code: string): string => {
            const names = ["access", "data1", "data2"];
            const there = names.reduce(
                (text, name, at) =>
                    text.replaceAll(
                        `host: "${name}.example.com"`,
                        `host: "${cluster.all[at]?.host}", port: ${cluster.all[at]?.port}`,
                    ),
                code,
            );
            expect(there).not.toContain("example.com");
            return there;
        };

        const use = (code: string): void => writeFileSync(path.join(project.folder, "index.ts"), onServers(code));

        beforeAll(async () => {
            cluster = await startCluster(kind, { nodes: 2, auth: "trust" });
            before = await residue();
            project = await openProject("examples/local", {
                secrets: { password: "trusted anyway" },
                // Their types are checked by another test.
                env: { PULUMI_NODEJS_TRANSPILE_ONLY: "true" },
            });
        }, START_TIMEOUT_MS);

        afterAll(async () => {
            await project?.dispose();
            await cluster?.stop();
        });

        // What the engines make of the same resources is for other tests: here it is the pages that are tested.
        if (engine === "fdw") {
            it.each(programs)(
                "$name runs, has nothing to do a second time, leaves nothing behind",
                async ({ code }) => {
                    use(code);
                    const up = await project.up(["--skip-preview"]);
                    expect([errorsOf(up), up.code]).toEqual([[], 0]);
                    expect((await project.up(["--skip-preview"])).realChanges).toEqual({});
                    const isProtected = code.includes(PROTECTED);
                    const refused = isProtected ? errorsOf(await project.destroy(["--skip-preview"])).join() : "";
                    expect(refused.includes("protected")).toBe(isProtected);
                    use(code.replaceAll(PROTECTED, ""));
                    const freed = isProtected ? await project.up(["--skip-preview"]) : up;
                    expect(freed.code).toBe(0);
                    const destroy = await project.destroy(["--skip-preview"]);
                    expect([errorsOf(destroy), destroy.code]).toEqual([[], 0]);
                    expectNoResidue(before, await residue());
                },
            );
        }

        /** A script of a page, run by node itself; what it printed. */
        const script = async (page: string): Promise<string> => {
            const [block] = blocksOf(readFileSync(path.join(ROOT, page), "utf8"), "ts");
            const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 };
            const file = path.join(project.folder, "script.mjs");
            writeFileSync(
                file,
                ts.transpileModule(onServers(block?.code ?? ""), { compilerOptions: options }).outputText,
            );
            return (await run(process.execPath, [file], { cwd: project.folder, env: project.env })).stdout;
        };

        it("getting-started goes as it is told", async () => {
            const story = readFileSync(path.join(ROOT, STORY), "utf8");
            const [program, change] = blocksOf(story, "ts").map(({ code }) => code);
            const [insert, questions] = blocksOf(story, "sql").map(({ code }) => code);
            const ask = <Row extends object>(text: string): Promise<Row[]> => query(cluster.access, "multinode", text);
            if (!program || !change || !insert || !questions) throw new Error("the story has other blocks than this");

            expect(await script("docs/operations/preflight.md")).not.toMatch(/^error/m);
            use(program);
            expect(errorsOf(await project.up())).toEqual([]);

            await ask(insert);
            const counted = "SELECT count(*)::integer AS rows FROM conditions";
            expect(await ask(counted)).toEqual([{ rows: rowsTold(story) }]);
            const asked = {
                multinode: async (): Promise<void> => {
                    for (const question of statements(questions)) {
                        expect((await ask(question)).length).toBeGreaterThan(0);
                    }
                },
                fdw: async (): Promise<void> => {
                    expect(await script("docs/engines/fdw-queries.md")).toMatch(/^1 rows, \w+ of them on dn1$/m);
                    await ask("DELETE FROM conditions WHERE time > '2021-01-01'");
                },
            };
            await asked[engine]();
            expect(await command("status")).toMatchObject({ code: 0, stdout: expect.stringContaining("dn2") });

            // The page shows the changed statement only, and declares what it builds on.
            const start = program.slice(0, program.indexOf("new timescaledb.DistributedHypertable"));
            const changed = start + change.slice(change.indexOf("new timescaledb.DistributedHypertable"));
            use(changed);
            const plan = await command("plan");
            expect(plan).toMatchObject({ code: 0, stdout: expect.stringMatching(/ADD COLUMN.*humidity/) });
            const up = await project.up();
            expect([errorsOf(up), up.realChanges]).toEqual([[], { update: 1 }]);
            expect(await ask("SELECT humidity FROM conditions LIMIT 1")).toEqual([{ humidity: null }]);

            const refused = await project.destroy();
            expect(errorsOf(refused).join()).toContain("HOLDS_DATA");
            expect(await ask(counted)).toEqual([{ rows: rowsTold(story) }]);
            use(changed.replace('chunkTimeInterval: "1 day",', "$&\n    forceDestroy: true,"));
            expect((await project.up()).realChanges).toEqual({ update: 1 });
            expect(errorsOf(await project.destroy())).toEqual([]);
            expectNoResidue(before, await residue());
        });

        const command = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
            new Promise((resolve) => {
                const cli = path.join(ROOT, "dist", "cli", "index.js");
                const { folder: cwd, env } = project;
                execFile(process.execPath, [cli, ...args], { cwd, env }, (error, stdout, stderr) =>
                    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
                );
            });
    });
});

/** "44,641 of them" in the story. */
function rowsTold(story: string): number {
    return Number(/([\d,]+) of them/.exec(story)?.[1]?.replaceAll(",", ""));
}

function statements(sql: string): string[] {
    return sql
        .split(/;\s*$/m)
        .map((each) => each.trim())
        .filter((each) => each !== "");
}
