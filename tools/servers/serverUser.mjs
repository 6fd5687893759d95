// @ts-check
/**
 * PostgreSQL refuses to run as root. Root's servers therefore run as `postgres`, or as `nobody` where there is no such
 * user; everybody else's run as that user.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

const CANDIDATES = ["postgres", "nobody"];

/** @type {{ uid: number, gid: number } | undefined} */
let found;

/**
 * What `spawn` and `chown` need to act as the servers' user; empty for who is not root.
 *
 * @returns {{ uid?: number, gid?: number }}
 */
export function serverUser() {
    if (process.getuid?.() !== 0) return {};
    found ??= CANDIDATES.map(lookUp).find((user) => user !== undefined);
    if (!found) throw new Error(`PostgreSQL does not run as root, and there is no user ${CANDIDATES.join(" or ")}`);
    return found;
}

/**
 * Fails, and says what to do, where that user cannot enter a folder.
 *
 * @param {string} folder
 * @param {string} variable the environment variable that names another one
 */
export function requireReachable(folder, variable) {
    const { uid } = serverUser();
    if (uid === undefined) return;
    for (let each = path.resolve(folder); each !== path.dirname(each); each = path.dirname(each)) {
        const { mode, uid: owner } = fs.statSync(each);
        if (owner === uid || mode & 0o001) continue;
        throw new Error(
            `root's PostgreSQL servers run as another user, who cannot enter ${each}: set ${variable} to a folder that all can enter`,
        );
    }
}

/** @param {string} name */
function lookUp(name) {
    try {
        /** @param {string} option */
        const id = (option) => Number(execFileSync("id", [option, name], { encoding: "utf8", stdio: "pipe" }));
        return { uid: id("-u"), gid: id("-g") };
    } catch {
        return undefined;
    }
}
