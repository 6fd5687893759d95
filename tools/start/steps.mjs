// @ts-check
/** How `npm start` says what it does, and what it leaves behind with --keep. Needs no package. */
import fs from "node:fs";
import path from "node:path";
import { cacheFolder } from "../cache.mjs";

/**
 * Runs one step and says what came of it and how long it took.
 *
 * @param {string} name
 * @param {() => Promise<string>} work answers with what there is now
 */
export async function step(name, work) {
    const start = Date.now();
    process.stdout.write(`${name}: `);
    try {
        console.log(`${await work()} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
    } catch (error) {
        console.log("failed");
        throw error;
    }
}

/** A line that stands out. @param {string} text */
export function heading(text) {
    console.log(`\n--- ${text}`);
}

/**
 * A bar that grows on a terminal, and one line at the end elsewhere.
 *
 * @param {number} done
 * @param {number} total
 * @param {string} what
 */
export function progressBar(done, total, what) {
    const width = 32;
    const filled = Math.round((width * done) / total);
    const line = `[${"=".repeat(filled)}${" ".repeat(width - filled)}] ${done} of ${total} ${what}`;
    if (process.stdout.isTTY) process.stdout.write(`\r${line}${done === total ? "\n" : ""}`);
    else if (done === total) console.log(line);
}

/** What --keep left: the servers' processes and every folder. @typedef {{ pids: number[], folders: string[] }} Kept */

const keptFile = () => path.join(cacheFolder(), "kept.json");

/** @param {Kept} kept */
export function rememberKept(kept) {
    fs.mkdirSync(cacheFolder(), { recursive: true });
    fs.writeFileSync(keptFile(), JSON.stringify(kept));
}

/** Stops what --keep left. */
export async function stopKept() {
    if (!fs.existsSync(keptFile())) {
        console.log("nothing was kept");
        return;
    }
    /** @type {Kept} */
    const { pids, folders } = JSON.parse(fs.readFileSync(keptFile(), "utf8"));
    for (const pid of pids) {
        try {
            process.kill(pid, "SIGINT");
            while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 100));
            console.log(`stopped the server with process id ${pid}`);
        } catch {
            console.log(`the server with process id ${pid} was gone already`);
        }
    }
    for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
    fs.rmSync(keptFile());
}

/** @param {number} pid */
function isAlive(pid) {
    try {
        process.kill(pid, 0);
        return true;
    } catch {
        return false;
    }
}
