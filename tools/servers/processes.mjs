// @ts-check
/** What node lacks for processes that it did not start itself. */
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../command.mjs";

const POLL_MS = 20;
const GONE_TIMEOUT_MS = 10_000;

/**
 * @param {number} parent
 * @returns {Promise<number[]>}
 */
export async function childrenOf(parent) {
    const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid="]);
    const rows = stdout.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
    return rows.filter(([, ppid]) => ppid === parent).map(([pid]) => Number(pid));
}

/**
 * Ends processes by SIGKILL, and waits until they have ended.
 *
 * @param {readonly number[]} pids
 */
export async function killAll(pids) {
    for (const pid of pids) {
        try {
            process.kill(pid, "SIGKILL");
        } catch {
            // It has ended by itself.
        }
    }
    const end = Date.now() + GONE_TIMEOUT_MS;
    while ((await anyRuns(pids)) && Date.now() < end) await sleep(POLL_MS);
}

/**
 * A TCP port of the loopback that was free a moment ago.
 *
 * @returns {Promise<number>}
 */
export function findFreePort() {
    return new Promise((resolve, reject) => {
        const listener = net.createServer().once("error", reject);
        listener.listen(0, "127.0.0.1", () => {
            const { port } = /** @type {net.AddressInfo} */ (listener.address());
            listener.close(() => resolve(port));
        });
    });
}

/**
 * @param {readonly number[]} pids
 * @returns {Promise<boolean>}
 */
export async function anyRuns(pids) {
    const { stdout } = await run("ps", ["-A", "-o", "pid=,stat="]);
    const rows = stdout.split("\n").map((line) => line.trim().split(/\s+/));
    // A process that nobody has waited for yet is listed as Z, and has ended.
    return rows.some(([pid, state]) => pids.includes(Number(pid)) && !state?.startsWith("Z"));
}
