// @ts-check
/**
 * Finds a Docker engine, or, for root on Debian, installs one and starts it for as long as this process runs.
 *
 *     const engine = await ensureEngine({ log: console.error });
 *     if (engine.kind === "none") skip(engine.reason);
 *     ...
 *     await engine.stop();
 */
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../command.mjs";
import { canInstallPackages, installPackages } from "../debian.mjs";

const QUERY_TIMEOUT_MS = 10_000;
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 500;
const DAEMON = "/usr/sbin/dockerd";

/** Ends the daemon when its standard input is closed, which the kernel does however this process ends. */
const SCRIPT = `
"$0" --log-level=warn > "$1" 2>&1 &
read -r line
kill -TERM "$!"
wait
rm -rf "$(dirname "$1")"
`;

/**
 * @typedef {{ kind: "running", version: string, stop: () => Promise<void> }
 *     | { kind: "none", reason: string, stop: () => Promise<void> }} Engine
 */

/**
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<Engine>}
 */
export async function ensureEngine({ log = () => undefined } = {}) {
    const nothingToStop = async () => undefined;
    const running = await runningVersion();
    if (running) return { kind: "running", version: running, stop: nothingToStop };
    if (!canInstallPackages()) {
        const reason = "no Docker engine answers: start one, or run as root on Debian, where it is installed";
        return { kind: "none", reason, stop: nothingToStop };
    }
    try {
        if (!fs.existsSync(DAEMON)) {
            log("no Docker engine: installing Debian's docker.io");
            await installPackages(["docker.io", "iptables"]);
            // Where there is systemd, the package has started it.
            const started = await runningVersion();
            if (started) return { kind: "running", version: started, stop: nothingToStop };
        }
        return await startEngine();
    } catch (error) {
        const reason = `no Docker engine could be started: ${error instanceof Error ? error.message : String(error)}`;
        return { kind: "none", reason: reason.replaceAll("\n", " "), stop: nothingToStop };
    }
}

/** @returns {Promise<Engine>} */
async function startEngine() {
    const log = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "dockerd-")), "log");
    const child = spawn("/bin/sh", ["-c", SCRIPT, DAEMON, log], {
        cwd: "/",
        detached: true,
        stdio: ["pipe", "ignore", "ignore"],
    });
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.unref();
    /** @type {import("node:net").Socket} */ (child.stdin).unref();
    const stop = async () => {
        child.ref();
        child.stdin.end();
        await gone;
    };
    const end = Date.now() + START_TIMEOUT_MS;
    while (Date.now() < end) {
        const version = await runningVersion();
        if (version) return { kind: "running", version, stop };
        await sleep(POLL_MS);
    }
    const lines = fs.readFileSync(log, "utf8").trim().split("\n");
    await stop();
    throw new Error(`dockerd did not answer within ${START_TIMEOUT_MS / 1_000} s: ${lines.at(-1)}`);
}

/** @returns {Promise<string | undefined>} */
async function runningVersion() {
    try {
        const args = ["version", "--format", "{{.Server.Version}}"];
        return (await run("docker", args, { timeoutMs: QUERY_TIMEOUT_MS })).stdout.trim();
    } catch {
        return undefined;
    }
}
