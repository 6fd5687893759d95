// @ts-check
/** The programs of a PostgreSQL: of an installation, or of a Docker image, started in the same way. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { cacheFolder } from "../cache.mjs";
import { serverUser } from "./serverUser.mjs";

/**
 * @typedef {object} Programs
 * @property {string} key tells builds of one version apart
 * @property {string | undefined} binFolder where they are; undefined in an image
 * @property {(name: "initdb" | "postgres") => Invocation} invocation
 */

/**
 * How to start one.
 *
 * @typedef {object} Invocation
 * @property {string} file
 * @property {readonly string[]} firstArgs what comes before the program's own arguments
 * @property {{ uid?: number, gid?: number }} user
 */

/**
 * @param {string} binFolder
 * @returns {Programs}
 */
export function installedPrograms(binFolder) {
    return {
        // Not the path: a copy of an installation makes the same data folders.
        key: String(fs.statSync(path.join(binFolder, "postgres")).size),
        binFolder,
        invocation: (name) => ({ file: path.join(binFolder, name), firstArgs: [], user: serverUser() }),
    };
}

/**
 * The image's programs on this machine's network, files, users and process numbers, so that such a server is started,
 * signalled and killed like any other. That takes a Docker engine on this machine, and Linux.
 *
 * @param {string} image
 * @returns {Programs}
 */
export function imagePrograms(image) {
    const { uid = process.getuid?.(), gid = process.getgid?.() } = serverUser();
    const shared = [os.tmpdir(), cacheFolder()].flatMap((folder) => ["--volume", `${folder}:${folder}`]);
    const environment = ["TZ", "LC_ALL"].flatMap((name) => ["--env", name]);
    const options = [
        "--network",
        "host",
        "--pid",
        "host",
        "--user",
        `${uid}:${gid}`,
        "--volume",
        "/etc/passwd:/etc/passwd:ro",
    ];
    const id = execFileSync("docker", ["image", "inspect", image, "--format", "{{.Id}}"], { encoding: "utf8" }).trim();
    return {
        key: id,
        binFolder: undefined,
        invocation: (name) => ({
            file: "docker",
            firstArgs: [
                "run",
                "--rm",
                "--interactive",
                ...options,
                ...shared,
                ...environment,
                "--entrypoint",
                name,
                id,
            ],
            user: {},
        }),
    };
}
