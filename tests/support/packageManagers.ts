/**
 * npm, pnpm and Yarn, as users install the package with them. All but npm are in the cache, as tests/package/managers
 * names them; what they download is kept there as well.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cacheFolder } from "../../tools/cache.mjs";
import { run } from "../../tools/command.mjs";
import { ensureNpmPackages, environmentWithoutNpm } from "../../tools/npmPackages.mjs";

const WORKSPACE = path.resolve(__dirname, "..", "package", "managers");
const INSTALL_TIMEOUT_MS = 120_000;

/** The package managers. */
export const PACKAGE_MANAGERS = ["npm", "pnpm", "Yarn classic", "Yarn with node_modules"] as const;

/** One of them. */
export type PackageManager = (typeof PACKAGE_MANAGERS)[number];

/** The dependencies of a package.json, and what else is to be written into it. */
export interface Manifest {
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly [name: string]: unknown;
}

/** Adds to the dependencies of the package.json in `folder`, and installs them all. */
export async function install(
    manager: PackageManager,
    folder: string,
    dependencies: Readonly<Record<string, string>>,
): Promise<void> {
    const file = path.join(folder, "package.json");
    const manifest = JSON.parse(readFileSync(file, "utf8")) as Manifest;
    const all = { ...manifest.dependencies, ...dependencies };
    writeFileSync(file, JSON.stringify({ ...manifest, dependencies: all }, undefined, 4));
    await INSTALLERS[manager](folder);
}

const INSTALLERS: Readonly<Record<PackageManager, (folder: string) => Promise<void>>> = {
    npm: (folder) => runIn(folder, "npm", ["install", "--no-audit", "--no-fund"]),
    pnpm: async (folder) =>
        runNode(folder, "pnpm/bin/pnpm.cjs", ["install", "--no-frozen-lockfile"], {
            npm_config_store_dir: kept("pnpm"),
        }),
    "Yarn classic": async (folder) =>
        runNode(folder, "yarn/bin/yarn.js", ["install", "--non-interactive", "--no-lockfile"], {
            YARN_CACHE_FOLDER: kept("yarn-classic"),
        }),
    "Yarn with node_modules": async (folder) => {
        const { stdout: registry } = await run("npm", ["config", "get", "registry"], { cwd: folder });
        await runNode(folder, "yarn-berry/bin/yarn.js", ["install"], {
            YARN_NODE_LINKER: "node-modules",
            YARN_ENABLE_GLOBAL_CACHE: "true",
            YARN_GLOBAL_FOLDER: kept("yarn-berry"),
            YARN_ENABLE_TELEMETRY: "false",
            YARN_ENABLE_IMMUTABLE_INSTALLS: "false",
            YARN_NPM_REGISTRY_SERVER: registry.trim().replace(/\/$/, ""),
        });
    },
};

function kept(name: string): string {
    return path.join(cacheFolder(), "package-managers", name);
}

async function runNode(folder: string, program: string, args: string[], env: NodeJS.ProcessEnv): Promise<void> {
    const packages = await ensureNpmPackages("package-managers", WORKSPACE);
    await runIn(folder, process.execPath, [path.join(packages, "node_modules", program), ...args], env);
}

async function runIn(cwd: string, command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
    await run(command, args, { cwd, env: { ...environmentWithoutNpm(), ...env }, timeoutMs: INSTALL_TIMEOUT_MS });
}
