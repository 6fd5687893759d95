/** Clusters inside a larger program, by the real CLI; and the package's own commands on its stack. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { run } from "../../tools/command.mjs";
import type { ClusterStatus } from "../../provider";
import type { StackPlan } from "../../provider/cli/plan";
import { openProject, type Project } from "../support/pulumi";
import { query } from "../support/query";
import { describeNewestServers, startCluster, START_TIMEOUT_MS, type TestCluster } from "../support/servers";

jest.setTimeout(240_000);

const PASSWORD = "only for the composed example";
const CLI = path.resolve(__dirname, "..", "..", "dist", "cli", "index.js");

interface Ran {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
}

describe.each(["multinode", "fdw"] as const)("the composed example with the engine %s", (engine) => {
    describeNewestServers(engine, (kind) => {
        let cluster: TestCluster;
        let project: Project;
        let env: NodeJS.ProcessEnv;

        const command = (...args: string[]): Promise<Ran> =>
            new Promise((resolve) => {
                execFile(process.execPath, [CLI, ...args], { cwd: project.folder, env }, (error, stdout, stderr) =>
                    resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
                );
            });
        const plan = async (): Promise<StackPlan> => {
            const { code, stdout, stderr } = await command("plan", "--json", "--stack", "test");
            expect([code, stderr]).toEqual([0, ""]);
            return JSON.parse(stdout) as StackPlan;
        };
        const countOf = async (name: string): Promise<number> =>
            (await project.state()).filter(({ type }) => type.endsWith(`:${name}`)).length;

        beforeAll(async () => {
            cluster = await startCluster(kind, { nodes: 2, password: PASSWORD });
            project = await openProject("examples/composed", { secrets: { password: PASSWORD } });
            env = project.env;
            const machines = cluster.all.flatMap(({ host, port }, at) => [
                `--plaintext=servers[${at}].host=${host}`,
                `--plaintext=servers[${at}].port=${port}`,
            ]);
            await run("pulumi", ["config", "set-all", "--path", ...machines, "--stack", "test"], {
                cwd: project.folder,
                env,
            });
        }, START_TIMEOUT_MS);

        afterAll(async () => {
            await project?.dispose();
            await cluster?.stop();
        }, START_TIMEOUT_MS);

        it("plans the whole of it before anything is there", async () => {
            const { operations } = await plan();
            expect(operations).toHaveLength(9);
            for (const planned of operations) {
                expect(planned).toMatchObject({ operation: "create", unknown: null, refusal: null, continues: null });
                expect(planned.steps.map(({ name }) => name)).toContainEqual(
                    expect.stringMatching(
                        /^(createDatabase|create database .*|addDataNode|add data node .*|create table .*)$/,
                    ),
                );
            }
        });

        it("makes two clusters and what is built on them, and then nothing more", async () => {
            const first = await project.up();
            expect([first.code, first.output]).toEqual([0, expect.anything()]);
            const outputs = await project.outputs();
            expect(outputs).toMatchObject({
                tables: { conditions: "public.conditions", events: "log.events" },
                trail: "public.trail",
                environment: { TABLE_EVENTS: "log.events" },
            });
            expect(outputs.status).toBe(`${engine}, 3 servers`);
            expect(await countOf("DistributedHypertable")).toBe(3);
            const again = await project.up();
            expect([again.code, again.changes.update, again.changes.replace]).toEqual([0, undefined, undefined]);
        });

        it("keeps every password out of the state in clear", async () => {
            const text = await project.stateText();
            expect(text).not.toContain(PASSWORD);
        });

        it("gives the application a URL that works", async () => {
            const { databaseUrl, environment } = await project.outputs();
            expect((environment as Record<string, string>).DATABASE_URL).toBe(databaseUrl);
            const url = new URL(String(databaseUrl));
            const server = {
                host: url.hostname,
                port: Number(url.port),
                user: url.username,
                password: decodeURIComponent(url.password),
            };
            await query(
                server,
                url.pathname.slice(1),
                "INSERT INTO conditions SELECT '2026-01-01'::timestamptz + n * interval '1 hour', n % 9, n FROM generate_series(1, 500) n",
            );
        });

        it("shows the status of both clusters of the stack", async () => {
            const { code, stdout } = await command("status", "--json", "--stack", "test");
            expect(code).toBe(0);
            const statuses = JSON.parse(stdout) as ClusterStatus[];
            expect(statuses.map(({ database }) => database).sort()).toEqual(["audit", "metrics"]);
            expect(statuses.every(({ nodes }) => nodes.every(({ answers }) => answers === "provider"))).toBe(true);
            const text = await command("status", "--stack", "test");
            expect(text.stdout).toMatch(/^Cluster (metrics|audit), engine .*: healthy/);
        });

        it("keeps everything when the component is called otherwise", async () => {
            const program = path.join(project.folder, "index.ts");
            const renaming = /new timescaledb\.TimescaleCluster\(\s*"metrics"/;
            const text = readFileSync(program, "utf8");
            expect(text).toMatch(renaming);
            writeFileSync(program, text.replace(renaming, 'new timescaledb.TimescaleCluster("measurements"'));
            const renamed = await project.up();
            expect([renamed.code, renamed.output]).toEqual([0, expect.anything()]);
            expect([renamed.changes.create, renamed.changes.delete, renamed.changes.replace]).toEqual([
                undefined,
                undefined,
                undefined,
            ]);
        });

        it("protects what is protected, with all that is below it", async () => {
            await project.config({ protect: "true", forceDestroy: "true" });
            expect((await project.up()).code).toBe(0);
            const refused = await project.destroy();
            expect(refused.code).not.toBe(0);
            expect(refused.output).toContain("protected");
        });

        it("says before the destruction of rows what will be lost", async () => {
            await project.config({ protect: "false", keepAudit: "true", endsMachines: "true" });
            expect((await project.up()).code).toBe(0);
            writeFileSync(
                path.join(project.folder, "index.ts"),
                readFileSync(path.join(project.folder, "index.ts"), "utf8").replace(/conditions: \{/, "other: {"),
            );
            const { operations } = await plan();
            const losing = operations.filter(({ steps }) => steps.some(({ destroys }) => destroys !== null));
            expect(losing.map(({ operation, resource }) => `${operation} ${resource}`)).toEqual([
                'delete distributed hypertable "public.conditions"',
            ]);
            expect(losing[0]?.steps.flatMap(({ destroys }) => destroys?.rows ?? [])).not.toEqual([]);
            const { stdout } = await command("plan", "--stack", "test");
            expect(stdout).toMatch(/DESTROYS .*about 500 rows|DESTROYS .*rows/);
            expect(stdout).not.toContain(PASSWORD);
        });

        it("keeps what is to be kept, and leaves alone what goes with its machine", async () => {
            const gone = await project.destroy();
            expect([gone.code, gone.output]).toEqual([0, expect.anything()]);
            const databases = async (at: number): Promise<string[]> =>
                (
                    await query<{ name: string }>(
                        cluster.all[at]!,
                        "postgres",
                        "SELECT datname AS name FROM pg_database WHERE datname IN ('audit', 'metrics') ORDER BY 1",
                    )
                ).map(({ name }) => name);
            expect(await databases(0)).toEqual(["audit"]);
            // multinode's access node takes its nodes' databases along; fdw's tells which ones stay.
            expect(await databases(1)).toEqual(engine === "multinode" ? ["audit"] : ["audit", "metrics"]);
            await query(cluster.access, "audit", "INSERT INTO trail VALUES (now(), 'somebody', '{}')");
        });
    });
});
