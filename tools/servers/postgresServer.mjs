// @ts-check
/**
 * A PostgreSQL server of one's own, on 127.0.0.1, ready in less than a second and gone with the process that started it.
 *
 *     const server = await startServer({ major: 16 });                                // from npm
 *     const server = await startServer({ binFolder: "/usr/lib/postgresql/15/bin" });  // an installed one
 *     const server = await startServer({ image: "timescale/timescaledb:2.13.1-pg15" });
 *     ... server.port, server.password ...
 *     await server.stop();
 *
 * Root's servers run as another user, see serverUser.mjs.
 */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { addSettings, initialise, writeHba } from "./dataFolder.mjs";
import { ensureEmbedded } from "./embedded.mjs";
import { mainProcess } from "./mainProcess.mjs";
import { findFreePort } from "./processes.mjs";
import { imagePrograms, installedPrograms } from "./programs.mjs";
import { startWatchdog } from "./watchdog.mjs";

const PORT_ATTEMPTS = 5;
const STOP_SIGNALS = /** @type {const} */ ({ smart: "SIGTERM", fast: "SIGINT", immediate: "SIGQUIT" });

/**
 * @typedef {object} ServerOptions
 * @property {number} [major] of the PostgreSQL from npm; or give binFolder or image
 * @property {string} [binFolder] the folder of initdb and postgres of an installed PostgreSQL
 * @property {string} [image] a Docker image that holds them
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
 * @property {string} host
 * @property {number} port
 * @property {string} user
 * @property {string | undefined} password
 * @property {number} major
 * @property {string | undefined} binFolder undefined in an image
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
    const programs = await findPrograms(options);
    const temporary = options.dataFolder === undefined;
    const dataFolder = options.dataFolder ?? fs.mkdtempSync(path.join(os.tmpdir(), "pulumi-timescaledb-"));
    const watchdog = startWatchdog({ folder: temporary ? dataFolder : undefined });
    const main = mainProcess({ programs, dataFolder, watchdog });
    let port = options.port ?? 0;

    async function start() {
        for (let attempt = 1; ; attempt++) {
            const candidate = port || (await findFreePort());
            try {
                await main.start(candidate);
                port = candidate;
                return;
            } catch (error) {
                const taken = String(error).includes("could not bind IPv4 address");
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
        await initialise(dataFolder, { ...options, auth, password, programs });
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
        binFolder: programs.binFolder,
        dataFolder,
        logFile: main.logFile,
        psqlUrl: `postgresql://postgres${password ? `:${encodeURIComponent(password)}` : ""}@127.0.0.1:${port}/postgres`,
        pid: main.pid,
        halt: (mode = "fast") => main.signal(STOP_SIGNALS[mode]),
        kill: main.kill,
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

/**
 * @param {ServerOptions} options
 * @returns {Promise<import("./programs.mjs").Programs>}
 */
async function findPrograms({ major, binFolder, image }) {
    if (image !== undefined) return imagePrograms(image);
    if (binFolder !== undefined) return installedPrograms(binFolder);
    if (major === undefined) throw new Error("startServer needs a major version, a binFolder or an image");
    return installedPrograms(/** @type {string} */ ((await ensureEmbedded([major])).get(major)));
}
