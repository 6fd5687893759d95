// @ts-check
/**
 * Runs a command to its end.
 *
 *     const { stdout } = await run("go", ["version"]);
 */
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

const SHOWN_LINES = 30;

/**
 * What the command printed; rejects with the end of that when it fails or takes too long.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions & { input?: string, timeoutMs?: number }} [options]
 * @returns {Promise<{ stdout: string, stderr: string }>}
 */
export function run(command, args, { input, timeoutMs, ...options } = {}) {
    return new Promise((resolve, reject) => {
        const child = spawn(command, args, { ...options, stdio: "pipe", timeout: timeoutMs });
        let stdout = "";
        let stderr = "";
        child.stdout?.on("data", (data) => (stdout += data));
        child.stderr?.on("data", (data) => (stderr += data));
        child.stdin?.on("error", () => undefined);
        child.stdin?.end(input);
        child.on("error", reject);
        child.on("close", (code, signal) => {
            if (code === 0) return resolve({ stdout, stderr });
            const output = `${stdout}${stderr}`.trim().split("\n").slice(-SHOWN_LINES).join("\n");
            reject(new Error(`${command} ${args.join(" ")}: ended with ${signal ?? code}\n${output}`));
        });
    });
}

/**
 * The files of that name on PATH, and in further folders after it, the first one first.
 *
 * @param {string} command
 * @param {readonly string[]} [more]
 * @returns {string[]}
 */
export function findCommand(command, more = []) {
    return [...(process.env.PATH ?? "").split(path.delimiter), ...more]
        .filter((folder) => folder !== "")
        .map((folder) => path.join(folder, command))
        .filter((file) => fs.existsSync(file));
}
