/** The packed package in an empty project, as users get it: installed by a package manager, run by the real CLI. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { run } from "../../tools/command.mjs";
import { pack, type Packed } from "../support/packed";
import { install, PACKAGE_MANAGERS, type PackageManager } from "../support/packageManagers";
import { openProject, type Project } from "../support/pulumi";
import { query } from "../support/query";
import { expectNoResidue, residueOf, type Residue } from "../support/residue";
import { newestFdwServer, skipReasons, startCluster, START_TIMEOUT_MS, type TestCluster } from "../support/servers";

jest.setTimeout(300_000);

const PASSWORD = "only for the installed package";

/** The oldest that the package allows, the last before `read` tells of inputs, the first that does, and the newest. */
const SDKS = [
    { sdk: "3.200.0", seesDrift: false },
    { sdk: "3.216.0", seesDrift: true },
    { sdk: "3.270.0", seesDrift: true },
] as const;

const kind = newestFdwServer;
const describeServer = kind === undefined ? describe.skip : describe;

describeServer(`the package in an empty project, on ${kind?.name ?? `(skipped: ${skipReasons.fdw})`}`, () => {
    let packed: Packed;
    let cluster: TestCluster;
    let before: Residue[];

    const residue = async (): Promise<Residue[]> => Promise.all(cluster.all.map(residueOf));

    beforeAll(async () => {
        packed = await pack();
        if (kind !== undefined) {
            cluster = await startCluster(kind, { nodes: 1, password: PASSWORD });
            before = await residue();
        }
    }, START_TIMEOUT_MS);

    afterAll(async () => {
        packed?.remove();
        await cluster?.stop();
    });

    /** A stack of one of the programs, with the package and what else is named installed. */
    const open = (
        program: string,
        manager: PackageManager,
        dependencies: Readonly<Record<string, string>> = {},
    ): Promise<Project> =>
        openProject(`tests/package/programs/${program}`, {
            config: {
                accessPort: String(cluster.access.port),
                nodePort: String(cluster.nodes[0]?.port),
            },
            secrets: { password: PASSWORD },
            install: (folder) =>
                install(manager, folder, { "pulumi-timescaledb": `file:${packed.tarball}`, ...dependencies }),
        });

    /** up, what is to be done in between, up again, destroy. */
    async function live(project: Project, meanwhile: () => Promise<void> = async () => undefined): Promise<void> {
        try {
            expect(filesBelow(path.join(project.folder, "node_modules", "pulumi-timescaledb"))).toEqual(
                [...packed.files].sort(),
            );
            const up = await project.up(["--skip-preview"]);
            expect([up.realChanges, up.output]).toEqual([{ create: 3 }, expect.anything()]);
            expect(up.diagnostics.map(({ message }) => message)).toEqual([expect.stringContaining("the engine fdw")]);
            expect(await project.outputs()).toMatchObject({ engine: "fdw", node: "dn1" });
            await meanwhile();
            expect((await project.up()).realChanges).toEqual({});
            const destroy = await project.destroy(["--skip-preview"]);
            expect([destroy.realChanges, destroy.output]).toEqual([{ delete: 3 }, expect.anything()]);
            expectNoResidue(before, await residue());
        } finally {
            await project.dispose();
        }
    }

    it.each(PACKAGE_MANAGERS)("is installed by %s, makes a cluster, and shows it by its command", async (manager) => {
        const project = await open("javascript", manager);
        await live(project, async () => {
            const command = path.join(project.folder, "node_modules", ".bin", "pulumi-timescaledb");
            const { stdout } = await run(command, ["status"], { cwd: project.folder, env: project.env });
            expect(stdout).toMatch(/^Cluster installed, engine fdw.*: healthy/);
        });
    });

    it("makes a cluster by a TypeScript program, whose compiler finds nothing wrong with its types", async () => {
        const project = await open("typescript", "npm");
        await live(project, async () => {
            const compiler = path.join(project.folder, "node_modules", "typescript", "bin", "tsc");
            await run(process.execPath, [compiler, "--noEmit"], { cwd: project.folder });
        });
    });

    it("makes a cluster by an ES module, which imports it as a whole and by names", async () => {
        const project = await open("esModule", "npm");
        await live(project, async () => expect(await project.outputs()).toMatchObject({ isOneModule: true }));
    });

    it.each(SDKS)("works with @pulumi/pulumi $sdk; a refresh sees drift: $seesDrift", async ({ sdk, seesDrift }) => {
        const project = await open("javascript", "npm", { "@pulumi/pulumi": sdk });
        const manifest = path.join(project.folder, "node_modules", "@pulumi", "pulumi", "package.json");
        expect(JSON.parse(readFileSync(manifest, "utf8"))).toMatchObject({ version: sdk });
        await live(project, async () => {
            const options = (): Promise<unknown> =>
                query(cluster.access, "installed", "SELECT srvname, srvoptions FROM pg_foreign_server");
            const intended = await options();
            await query(cluster.access, "installed", "ALTER SERVER dn1 OPTIONS (SET fetch_size '7')");
            expect(await options()).not.toEqual(intended);
            expect((await project.up(["--refresh", "--skip-preview"])).code).toBe(0);
            expect(isDeepStrictEqual(await options(), intended)).toBe(seesDrift);
        });
    });
});

function filesBelow(folder: string): string[] {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
        .filter((file) => !file.startsWith("node_modules"))
        .sort();
}
