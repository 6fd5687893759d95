// @ts-check
/** Debian's own packages, for what npm does not have. */
import fs from "node:fs";
import { run } from "./command.mjs";

const INSTALL_TIMEOUT_MS = 600_000;

/** Whether packages can be installed: by root, where there is apt. */
export function canInstallPackages() {
    return process.getuid?.() === 0 && fs.existsSync("/usr/bin/apt-get");
}

/**
 * @param {readonly string[]} names
 * @throws where that is impossible, with what to install by hand
 */
export async function installPackages(names) {
    if (!canInstallPackages()) throw new Error(`install ${names.join(" and ")}: only root can, and only on Debian`);
    const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, timeoutMs: INSTALL_TIMEOUT_MS };
    await run("apt-get", ["update"], options);
    await run("apt-get", ["install", "--yes", "--no-install-recommends", ...names], options);
}
