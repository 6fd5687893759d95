// @ts-check
/** The folder a PostgreSQL server works in: making it, and the files in it that we write. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { buildOnce, cacheFolder } from "../cache.mjs";
import { run } from "../command.mjs";
import { requireReachable, serverUser } from "./serverUser.mjs";

/** @typedef {import("./programs.mjs").Programs} Programs */

/** Such a server need not survive a power cut, but what it has committed must survive SIGKILL. */
const SETTINGS = {
    fsync: "off",
    shared_buffers: "64MB",
    password_encryption: "scram-sha-256",
    listen_addresses: "127.0.0.1",
};

/**
 * Makes the folder, unless it holds a database cluster already.
 *
 * @param {string} folder
 * @param {import("./postgresServer.mjs").ServerOptions & { programs: Programs }} options
 */
export async function initialise(
    folder,
    { programs, auth, password, hba, settings, encoding, locale, initdbArgs, ssl },
) {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    giveToServer(folder);
    if (fs.existsSync(path.join(folder, "PG_VERSION"))) return;
    await copyTemplate(folder, programs, [
        `--encoding=${encoding ?? "UTF8"}`,
        `--locale=${locale ?? "C"}`,
        ...(initdbArgs ?? []),
    ]);
    addSettings(folder, { ...SETTINGS, unix_socket_directories: folder });
    if (ssl) {
        writeFile(folder, "server.crt", ssl.cert);
        writeFile(folder, "server.key", ssl.key);
        writeFile(folder, "root.crt", ssl.ca ?? ssl.cert);
        addSettings(folder, { ssl: "on", ssl_ca_file: "root.crt" });
    }
    addSettings(folder, settings ?? {});
    writeHba(folder, hba ?? [`local all all ${auth}`, `host all all all ${auth}`, `host replication all all ${auth}`]);
    if (password !== undefined) await setPassword(folder, programs, password);
}

/**
 * Appends to postgresql.conf, where the last line for a setting counts.
 *
 * @param {string} folder
 * @param {Readonly<Record<string, string>>} settings
 */
export function addSettings(folder, settings) {
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`);
    fs.appendFileSync(path.join(folder, "postgresql.conf"), lines.join(""));
}

/**
 * @param {string} folder
 * @param {readonly string[]} lines
 */
export function writeHba(folder, lines) {
    writeFile(folder, "pg_hba.conf", lines.map((line) => `${line}\n`).join(""));
}

/**
 * What libpq takes from the environment would end up in the server's own outgoing connections, such as postgres_fdw's.
 *
 * @returns {NodeJS.ProcessEnv}
 */
export function serverEnvironment() {
    const entries = Object.entries(process.env).filter(([name]) => !name.startsWith("PG"));
    // With a zone given, initdb need not search for the name of the machine's.
    return { ...Object.fromEntries(entries), HOME: "/nonexistent", LC_ALL: "C", TZ: "UTC" };
}

/**
 * initdb takes most of a second, a copy of what it made a sixth of that.
 *
 * @param {string} folder
 * @param {Programs} programs
 * @param {readonly string[]} initdbArgs
 */
async function copyTemplate(folder, programs, initdbArgs) {
    const user = serverUser();
    fs.mkdirSync(cacheFolder(), { recursive: true });
    requireReachable(cacheFolder(), "PULUMI_TIMESCALEDB_CACHE");
    requireReachable(path.dirname(folder), "TMPDIR");
    const version = await runProgram(programs, "postgres", ["--version"], folder);
    const key = createHash("sha256")
        .update(JSON.stringify([programs.key, version, initdbArgs, user]))
        .digest("hex");
    const template = await buildOnce(`template-${key.slice(0, 12)}`, async (unfinished) => {
        const data = path.join(unfinished, "data");
        fs.mkdirSync(data, { mode: 0o700 });
        giveToServer(data);
        const args = ["-D", data, "-U", "postgres", "--auth=trust", "--no-sync", ...initdbArgs];
        await runProgram(programs, "initdb", args, data);
    });
    await run("cp", ["-Rp", `${path.join(template, "data")}/.`, folder], { ...user, cwd: folder });
}

/**
 * By a single-user server, which needs neither a port nor a client.
 *
 * @param {string} folder
 * @param {Programs} programs
 * @param {string} password
 */
async function setPassword(folder, programs, password) {
    const input = `ALTER ROLE postgres PASSWORD '${password.replaceAll("'", "''")}'\n`;
    await runProgram(programs, "postgres", ["--single", "-D", folder, "postgres"], folder, input);
}

/**
 * @param {Programs} programs
 * @param {"initdb" | "postgres"} name
 * @param {readonly string[]} args
 * @param {string} cwd
 * @param {string} [input]
 * @returns {Promise<string>} what it printed
 */
async function runProgram(programs, name, args, cwd, input) {
    const { file, firstArgs, user } = programs.invocation(name);
    const { stdout } = await run(file, [...firstArgs, ...args], { ...user, cwd, env: serverEnvironment(), input });
    return stdout;
}

/**
 * @param {string} folder
 * @param {string} name
 * @param {string} text
 */
function writeFile(folder, name, text) {
    const file = path.join(folder, name);
    fs.writeFileSync(file, text, { mode: 0o600 });
    giveToServer(file);
}

/** @param {string} file */
function giveToServer(file) {
    const { uid, gid } = serverUser();
    if (uid !== undefined && gid !== undefined) fs.chownSync(file, uid, gid);
}
