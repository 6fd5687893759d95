// @ts-check
/**
 * A PostgreSQL server of one's own, on 127.0.0.1, ready in less than a second and gone with the process that started it.
 *
 *     const server = await startServer({ major: 16 });                                // from npm
 *     const server = await startServer({ binFolder: "/usr/lib/postgresql/15/bin" });  // an installed one
 *     ... server.port, server.password ...
 *     await server.stop();
 *
 * Root's servers run as another user, see serverUser.mjs.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { addSettings, initialise, serverEnvironment, writeHba } from "./dataFolder.mjs";
import { ensureEmbedded } from "./embedded.mjs";
import { childrenOf, findFreePort, killAll } from "./processes.mjs";
import { serverUser } from "./serverUser.mjs";
import { startWatchdog } from "./watchdog.mjs";

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const POLL_MS = 20;
const PORT_ATTEMPTS = 5;
const STOP_SIGNALS = /** @type {const} */ ({ smart: "SIGTERM", fast: "SIGINT", immediate: "SIGQUIT" });

/**
 * @typedef {object} ServerOptions
 * @property {number} [major] of the PostgreSQL from npm; or give binFolder
 * @property {string} [binFolder] the folder of initdb and postgres of an installed PostgreSQL
 * @property {string} [dataFolder] kept at the end, and used again when it holds a cluster; default: a temporary one
 * @property {number} [port] default 0 = a free one
 * @property {string} [password] of the role postgres; default: a random one with scram, none with trust
 * @property {"scram-sha-256" | "trust"} [auth] default "scram-sha-256"
 * @property {readonly string[]} [hba] the lines of pg_hba.conf; default: everybody on this machine, by `auth`
 * @property {Readonly<Record<string, string>>} [settings] of postgresql.conf
 * @property {string} [encoding] default "UTF8"
 * @property {string} [locale] default "C"
 * @property {readonly string[]} [initdbArgs] more of what initdb takes
 * @property {{ cert: string, key: string, ca?: string }} [ssl] PEM texts
 */

/**
 * @typedef {object} Server
 * @property {"127.0.0.1"} host
 * @property {number} port
 * @property {"postgres"} user
 * @property {string | undefined} password
 * @property {number} major
 * @property {string} binFolder
 * @property {string} dataFolder also the folder of the unix socket
 * @property {string} logFile
 * @property {string} psqlUrl of the database postgres
 * @property {() => number | undefined} pid of the main process, while it runs
 * @property {(mode?: "smart" | "fast" | "immediate") => Promise<void>} halt stops the server, for a later restart(); default "fast"
 * @property {() => Promise<void>} kill SIGKILL to all its processes, for a later restart()
 * @property {(changes?: { settings?: Readonly<Record<string, string>>, hba?: readonly string[] }) => Promise<void>} restart on the same port, running or not
 * @property {(hba: readonly string[]) => Promise<void>} setHba replaces the lines of pg_hba.conf in the running server
 * @property {() => Promise<void>} stop for good; a temporary data folder is removed
 * @property {() => void} release lets the server outlive this process
 */

/**
 * Starts a server and returns when it takes connections.
 *
 * @param {ServerOptions} options
 * @returns {Promise<Server>}
 */
export async function startServer(options) {
    const { auth = "scram-sha-256" } = options;
    const password = options.password ?? (auth === "trust" ? undefined : randomBytes(12).toString("hex"));
    const binFolder = options.binFolder ?? (await embeddedFolder(options.major));
    const temporary = options.dataFolder === undefined;
    const dataFolder = options.dataFolder ?? fs.mkdtempSync(path.join(os.tmpdir(), "pulumi-timescaledb-"));
    const watchdog = startWatchdog({ folder: temporary ? dataFolder : undefined });
    const main = mainProcess({ binFolder, dataFolder, watchdog });
    let port = options.port ?? 0;

    async function start() {
        for (let attempt = 1; ; attempt++) {
            const candidate = port || (await findFreePort());
            try {
                await main.start(candidate);
                port = candidate;
                return;
            } catch (error) {
                const taken = error instanceof Error && error.message.includes("could not bind IPv4 address");
                if (port || !taken || attempt === PORT_ATTEMPTS) throw error;
            }
        }
    }

    async function stop() {
        await main.signal(STOP_SIGNALS[temporary ? "immediate" : "fast"]);
        watchdog.leave();
        if (temporary) fs.rmSync(dataFolder, { recursive: true, force: true, maxRetries: 10 });
    }

    try {
        await initialise(dataFolder, { ...options, auth, password, binFolder });
        await start();
    } catch (error) {
        await stop();
        throw error;
    }

    return {
        host: "127.0.0.1",
        port,
        user: "postgres",
        password,
        major: Number(fs.readFileSync(path.join(dataFolder, "PG_VERSION"), "utf8")),
        binFolder,
        dataFolder,
        logFile: main.logFile,
        psqlUrl: `postgresql://postgres${password ? `:${encodeURIComponent(password)}` : ""}@127.0.0.1:${port}/postgres`,
        pid: main.pid,
        halt: (mode = "fast") => main.signal(STOP_SIGNALS[mode]),
        async kill() {
            const pid = main.pid();
            // They would live on for a while, and the server refuses to start again while they do.
            const children = pid === undefined ? [] : await childrenOf(pid);
            await main.signal("SIGKILL");
            await killAll(children);
        },
        async restart({ settings, hba } = {}) {
            await main.signal(STOP_SIGNALS.fast);
            if (settings) addSettings(dataFolder, settings);
            if (hba) writeHba(dataFolder, hba);
            await start();
        },
        async setHba(hba) {
            writeHba(dataFolder, hba);
            await main.reload();
        },
        stop,
        release: watchdog.leave,
    };
}

/** @param {number | undefined} major */
async function embeddedFolder(major) {
    if (major === undefined) throw new Error("startServer needs a major version or a binFolder");
    return /** @type {string} */ ((await ensureEmbedded([major])).get(major));
}

/**
 * The process that PostgreSQL calls postmaster.
 *
 * @param {{ binFolder: string, dataFolder: string, watchdog: ReturnType<typeof startWatchdog> }} options
 */
function mainProcess({ binFolder, dataFolder, watchdog }) {
    const logFile = path.join(dataFolder, "server.log");
    /** @type {import("node:child_process").ChildProcess | undefined} */
    let child;

    const pid = () => (child && child.exitCode === null && child.signalCode === null ? child.pid : undefined);

    /** @param {NodeJS.Signals} name */
    async function signal(name) {
        const running = child;
        if (!running || pid() === undefined) return;
        running.ref();
        const ended = new Promise((resolve) => running.once("exit", resolve));
        running.kill(name);
        const timer = setTimeout(() => running.kill("SIGKILL"), STOP_TIMEOUT_MS);
        await ended;
        clearTimeout(timer);
        watchdog.watch(undefined);
    }

    /** @param {number} port */
    async function start(port) {
        const log = fs.openSync(logFile, "a");
        const logStart = fs.fstatSync(log).size;
        const started = spawn(path.join(binFolder, "postgres"), ["-D", dataFolder, "-p", String(port)], {
            ...serverUser(),
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
        watchdog.watch(started.pid);
        child = started;
        await waitUntil(() => isReady(dataFolder, started.pid) || pid() === undefined, READY_TIMEOUT_MS);
        if (isReady(dataFolder, pid())) return;
        await signal("SIGKILL");
        throw failure ?? new Error(`PostgreSQL in ${dataFolder} did not start:\n${readFrom(logFile, logStart).trim()}`);
    }

    async function reload() {
        const logStart = fs.statSync(logFile).size;
        child?.kill("SIGHUP");
        await waitUntil(() => readFrom(logFile, logStart).includes("reloading configuration files"), READY_TIMEOUT_MS);
    }

    return { logFile, pid, signal, start, reload };
}

/**
 * As pg_ctl knows it: the server writes its state into the file.
 *
 * @param {string} dataFolder
 * @param {number | undefined} pid
 */
function isReady(dataFolder, pid) {
    try {
        const lines = fs.readFileSync(path.join(dataFolder, "postmaster.pid"), "utf8").split("\n");
        return Number(lines[0]) === pid && lines[7]?.trim() === "ready";
    } catch {
        return false;
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
