// @ts-check
/**
 * TimescaleDB with multi-node, so 2.0 to 2.13 under the Timescale licence. No package registry has it: it is looked for
 *
 *   1. in TIMESCALEDB_SERVERS: a JSON list of servers, the access node first, such as
 *      [{ "host": "10.0.0.1", "port": 5432, "user": "postgres", "password": "..." }, ...]. The tests make and drop
 *      databases there;
 *   2. in the PostgreSQL installations of this machine (pg_config on PATH, Debian's and Red Hat's folders);
 *   3. in Docker: TIMESCALEDB_IMAGE, or a timescale/timescaledb image that is there already.
 *
 *     const found = findTimescaledb();
 *     if (found.kind === "none") skip(found.reason);
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

const QUERY_TIMEOUT_MS = 5_000;

/** The settings multi-node needs, and one to keep the tests to themselves. */
export const TIMESCALEDB_SETTINGS = {
    shared_preload_libraries: "timescaledb",
    max_prepared_transactions: "150",
    wal_level: "logical",
    "timescaledb.telemetry_level": "off",
};

/**
 * @typedef {{ host: string, port: number, user: string, password?: string }} GivenServer
 * @typedef {{ kind: "given", servers: GivenServer[] }
 *     | { kind: "local", version: string, binFolder: string }
 *     | { kind: "docker", version: string, image: string }
 *     | { kind: "none", reason: string }} Timescaledb
 */

/**
 * @returns {Timescaledb}
 */
export function findTimescaledb() {
    return (
        findGiven() ??
        findLocal() ??
        findImage() ?? {
            kind: "none",
            reason:
                "no TimescaleDB 2.0-2.13 with the Timescale licence: install it into a local PostgreSQL, " +
                "pull timescale/timescaledb:2.13.1-pg15, or set TIMESCALEDB_SERVERS",
        }
    );
}

/** @returns {Timescaledb | undefined} */
function findGiven() {
    const text = process.env.TIMESCALEDB_SERVERS;
    if (!text) return undefined;
    /** @type {GivenServer[]} */
    const servers = JSON.parse(text);
    if (!Array.isArray(servers) || servers.length < 3)
        throw new Error("TIMESCALEDB_SERVERS is not a list of three servers");
    return { kind: "given", servers };
}

/** @returns {Timescaledb | undefined} */
function findLocal() {
    for (const binFolder of binFolders()) {
        if (!fs.existsSync(path.join(binFolder, "initdb"))) continue;
        const version = installedVersion(binFolder);
        if (version && hasMultiNode(version)) return { kind: "local", version, binFolder };
    }
    return undefined;
}

/** @returns {string[]} */
function binFolders() {
    const onPath = query("pg_config", ["--bindir"]);
    const debian = versionsIn("/usr/lib/postgresql").map((version) => `/usr/lib/postgresql/${version}/bin`);
    const redHat = versionsIn("/usr").filter((name) => /^pgsql-\d+$/.test(name));
    return [...(onPath ? [onPath] : []), ...debian, ...redHat.map((name) => `/usr/${name}/bin`)];
}

/** @param {string} folder */
function versionsIn(folder) {
    return fs.existsSync(folder) ? fs.readdirSync(folder).sort().reverse() : [];
}

/**
 * The version that CREATE EXTENSION installs, if the part under the Timescale licence is there too.
 *
 * @param {string} binFolder
 */
function installedVersion(binFolder) {
    const config = path.join(binFolder, "pg_config");
    const major = /^postgres \(PostgreSQL\) (\d+)/.exec(
        query(path.join(binFolder, "postgres"), ["--version"]) ?? "",
    )?.[1];
    const share = query(config, ["--sharedir"]) ?? `/usr/share/postgresql/${major}`;
    const library = query(config, ["--pkglibdir"]) ?? path.join(binFolder, "..", "lib");
    const control = path.join(share, "extension", "timescaledb.control");
    if (!fs.existsSync(control)) return undefined;
    const version = /^default_version\s*=\s*'(.+)'/m.exec(fs.readFileSync(control, "utf8"))?.[1];
    if (!version || !fs.existsSync(path.join(share, "extension", `timescaledb--${version}.sql`))) return undefined;
    return fs.existsSync(path.join(library, `timescaledb-tsl-${version}.so`)) ? version : undefined;
}

/** @returns {Timescaledb | undefined} */
function findImage() {
    const given = process.env.TIMESCALEDB_IMAGE;
    const listed = query("docker", ["images", "timescale/timescaledb", "--format", "{{.Repository}}:{{.Tag}}"]);
    const images = given ? [given] : (listed ?? "").split("\n");
    for (const image of images) {
        const version = /:(\d+\.\d+\.\d+)-pg\d+$/.exec(image)?.[1];
        if (version && hasMultiNode(version)) return { kind: "docker", version, image };
    }
    if (given)
        throw new Error(`TIMESCALEDB_IMAGE=${given} is no image of TimescaleDB 2.0-2.13 (<name>:<version>-pg<major>)`);
    return undefined;
}

/** @param {string} version */
function hasMultiNode(version) {
    const [major, minor] = version.split(".").map(Number);
    return major === 2 && minor !== undefined && minor < 14;
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
function query(command, args) {
    try {
        return execFileSync(command, args, { encoding: "utf8", stdio: "pipe", timeout: QUERY_TIMEOUT_MS }).trim();
    } catch {
        return undefined;
    }
}
