// @ts-check
/**
 * The folder outside the checkout that keeps what is expensive to make (the pulumi CLI, PostgreSQL), so that the second
 * run of anything costs nothing.
 *
 *     const folder = await buildOnce("pulumi-3.259.0", async (folder) => { ... fill folder ... });
 */
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const LOCK_POLL_MS = 200;

/**
 * Where everything is kept: PULUMI_TIMESCALEDB_CACHE, else the user's cache folder. PostgreSQL refuses to run as root,
 * and the user it then runs as cannot enter root's home: root's things are in /var/cache.
 *
 * @returns {string}
 */
export function cacheFolder() {
    if (process.env.PULUMI_TIMESCALEDB_CACHE) return path.resolve(process.env.PULUMI_TIMESCALEDB_CACHE);
    if (process.env.XDG_CACHE_HOME) return path.join(process.env.XDG_CACHE_HOME, "pulumi-timescaledb");
    if (process.getuid?.() === 0) return "/var/cache/pulumi-timescaledb";
    return path.join(os.homedir(), ".cache", "pulumi-timescaledb");
}

/**
 * The folder `name` of the cache, made by `build` if it is not there. It appears complete or not at all, and two
 * processes that want it at once build it once.
 *
 * @param {string} name holds whatever the content depends on, such as a version: what is there is never built again
 * @param {(folder: string) => Promise<void>} build fills the empty folder it is given; paths in it must survive a rename
 * @returns {Promise<string>}
 */
export async function buildOnce(name, build) {
    const folder = path.join(cacheFolder(), name);
    if (fs.existsSync(folder)) return folder;
    fs.mkdirSync(path.dirname(folder), { recursive: true });
    const unlock = await lock(`${folder}.lock`);
    try {
        if (fs.existsSync(folder)) return folder;
        const unfinished = fs.mkdtempSync(`${folder}.tmp-`);
        fs.chmodSync(unfinished, 0o755);
        try {
            await build(unfinished);
            fs.renameSync(unfinished, folder);
        } catch (error) {
            // Another process was quicker, see lock().
            if (!fs.existsSync(folder)) throw error;
        } finally {
            fs.rmSync(unfinished, { recursive: true, force: true });
        }
        return folder;
    } finally {
        unlock();
    }
}

/**
 * @param {string} file holds the process id of the owner, so that a lock whose owner died is taken over
 * @returns {Promise<() => void>}
 */
async function lock(file) {
    // Linked into place, for a lock that is there without its owner's number would never be taken over.
    const mine = `${file}.${randomUUID()}`;
    fs.writeFileSync(mine, String(process.pid));
    try {
        for (;;) {
            try {
                fs.linkSync(mine, file);
                return () => fs.rmSync(file, { force: true });
            } catch (error) {
                if (codeOf(error) !== "EEXIST") throw error;
            }
            const owner = readOwner(file);
            // Two that find a dead owner at once may both go on: that costs a second build and harms nothing.
            if (owner !== undefined && !isAlive(owner)) fs.rmSync(file, { force: true });
            else await sleep(LOCK_POLL_MS);
        }
    } finally {
        fs.rmSync(mine, { force: true });
    }
}

/** @param {string} file */
function readOwner(file) {
    try {
        return Number(fs.readFileSync(file, "utf8")) || undefined;
    } catch {
        return undefined;
    }
}

/** @param {number} pid */
function isAlive(pid) {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return codeOf(error) === "EPERM";
    }
}

/**
 * Not by instanceof: under jest, errors of Node's own modules are no instances of the test's Error.
 *
 * @param {unknown} error
 */
function codeOf(error) {
    return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
