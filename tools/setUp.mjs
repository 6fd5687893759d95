// @ts-check
/** What a fresh clone needs before anything of it can run. Each step answers with what there is now. */
import fs from "node:fs";
import path from "node:path";
import { run } from "./command.mjs";

/** The checkout. */
export const REPOSITORY = path.join(import.meta.dirname, "..");

/** The packages of the lock. */
export async function installDependencies() {
    const lock = fs.statSync(path.join(REPOSITORY, "package-lock.json"));
    const installed = fs.statSync(path.join(REPOSITORY, "node_modules", ".package-lock.json"), {
        throwIfNoEntry: false,
    });
    if (installed && installed.mtimeMs >= lock.mtimeMs) return "as the lock has them";
    await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: REPOSITORY });
    return "installed by npm ci";
}

/** dist/, which programs import and which the provider process loads. */
export async function build() {
    await run("npm", ["run", "build"], { cwd: REPOSITORY });
    return "dist/";
}
