// @ts-check
/** The process of a server that PostgreSQL calls postmaster: started, signalled, and known to be ready. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { serverEnvironment } from "./dataFolder.mjs";
import { childrenOf, killAll } from "./processes.mjs";

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const POLL_MS = 20;

/**
 * @param {object} options
 * @param {import("./programs.mjs").Programs} options.programs
 * @param {string} options.dataFolder
 * @param {ReturnType<typeof import("./watchdog.mjs").startWatchdog>} options.watchdog
 */
export function mainProcess({ programs, dataFolder, watchdog }) {
    const logFile = path.join(dataFolder, "server.log");
    /** What we started: the server itself, or the client of the Docker engine that runs it. @type {import("node:child_process").ChildProcess | undefined} */
    let child;
    /** @type {number | undefined} */
    let serverPid;

    const isRunning = () => child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
    const pid = () => (isRunning() ? serverPid : undefined);

    /**
     * Sends it, and waits for the end.
     *
     * @param {NodeJS.Signals} name
     */
    async function signal(name) {
        const running = child;
        if (!running || !isRunning()) return;
        running.ref();
        const ended = new Promise((resolve) => running.once("exit", resolve));
        /** @param {NodeJS.Signals} each */
        const send = (each) => (serverPid === undefined ? running.kill(each) : killQuietly(serverPid, each));
        send(name);
        const timer = setTimeout(() => send("SIGKILL"), STOP_TIMEOUT_MS);
        await ended;
        clearTimeout(timer);
        watchdog.watch(undefined);
        serverPid = undefined;
    }

    /** SIGKILL to all processes of the server. */
    async function kill() {
        const main = pid();
        // They would live on for a while, and the server refuses to start again while they do.
        const children = main === undefined ? [] : await childrenOf(main);
        await signal("SIGKILL");
        await killAll(children);
    }

    /** @param {number} port */
    async function start(port) {
        const log = fs.openSync(logFile, "a");
        const logStart = fs.fstatSync(log).size;
        const earlier = readState(dataFolder).pid;
        const { file, firstArgs, user } = programs.invocation("postgres");
        const started = spawn(file, [...firstArgs, "-D", dataFolder, "-p", String(port)], {
            ...user,
            cwd: dataFolder,
            // Of its own process group: Ctrl-C is for the program that uses the server, which may need it to clean up.
            detached: true,
            stdio: ["ignore", log, log],
            env: serverEnvironment(),
        });
        fs.closeSync(log);
        /** @type {Error | undefined} */
        let failure;
        started.on("error", (error) => (failure = error));
        started.unref();
        child = started;
        serverPid = undefined;
        watchdog.watch(started.pid);
        const isReady = () => {
            const state = readState(dataFolder);
            return state.isReady && state.pid !== earlier;
        };
        await waitUntil(() => isReady() || !isRunning(), READY_TIMEOUT_MS);
        if (isReady() && isRunning()) {
            serverPid = readState(dataFolder).pid;
            return watchdog.watch(serverPid);
        }
        await signal("SIGKILL");
        throw failure ?? new Error(`PostgreSQL in ${dataFolder} did not start:\n${readFrom(logFile, logStart).trim()}`);
    }

    /** Makes the running server read its files again. */
    async function reload() {
        const logStart = fs.statSync(logFile).size;
        const main = pid();
        if (main !== undefined) killQuietly(main, "SIGHUP");
        await waitUntil(() => readFrom(logFile, logStart).includes("reloading configuration files"), READY_TIMEOUT_MS);
    }

    return { logFile, pid, signal, kill, start, reload };
}

/**
 * What the server writes for pg_ctl.
 *
 * @param {string} dataFolder
 */
function readState(dataFolder) {
    try {
        const lines = fs.readFileSync(path.join(dataFolder, "postmaster.pid"), "utf8").split("\n");
        return { pid: Number(lines[0]), isReady: lines[7]?.trim() === "ready" };
    } catch {
        return { pid: undefined, isReady: false };
    }
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} name
 */
function killQuietly(pid, name) {
    try {
        process.kill(pid, name);
    } catch {
        // It has ended by itself.
    }
}

/**
 * @param {() => boolean} condition
 * @param {number} timeoutMs
 */
async function waitUntil(condition, timeoutMs) {
    const end = Date.now() + timeoutMs;
    while (!condition() && Date.now() < end) await sleep(POLL_MS);
}

/**
 * @param {string} file
 * @param {number} start
 */
function readFrom(file, start) {
    return fs.readFileSync(file).subarray(start).toString("utf8");
}
