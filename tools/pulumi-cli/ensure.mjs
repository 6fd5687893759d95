// @ts-check
/**
 * Finds or makes the pulumi CLI: what is on PATH, else what an earlier run made, else the official download, else a
 * build from the public Go modules (four minutes on two cores, once a machine).
 *
 *     const { bin } = await ensurePulumi();     // the folder to put in front of PATH
 *     node tools/pulumi-cli/ensure.mjs          // the same by hand
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { buildOnce } from "../cache.mjs";
import { findCommand, run } from "../command.mjs";
import { buildFromModules } from "./build.mjs";

/** The version that is made where none is installed. */
export const PULUMI_VERSION = "3.259.0";

const OLDEST_MINOR = 200;
const DOWNLOAD_ORIGIN = "https://get.pulumi.com";
const PROBE_TIMEOUT_MS = 5_000;
const INSTALL_TIMEOUT_MS = 300_000;
const REPOSITORY = path.join(import.meta.dirname, "..", "..");

/**
 * @typedef {object} PulumiCli
 * @property {string} bin the folder that holds pulumi and its Node.js language host
 * @property {string} version such as "3.259.0"
 * @property {string} source where it comes from, for people
 */

/**
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<PulumiCli>}
 */
export async function ensurePulumi({ log = () => undefined } = {}) {
    const installed = findOnPath();
    if (installed) return installed;
    const name = `pulumi-${PULUMI_VERSION}-${process.platform}-${process.arch}`;
    const folder = await buildOnce(name, async (unfinished) => {
        const source = await make(unfinished, log);
        const version = versionOf(path.join(unfinished, "bin", "pulumi"));
        if (version !== PULUMI_VERSION) throw new Error(`${source} gave pulumi ${version}, not ${PULUMI_VERSION}`);
        fs.writeFileSync(path.join(unfinished, "source"), source);
    });
    const source = fs.readFileSync(path.join(folder, "source"), "utf8");
    return { bin: path.join(folder, "bin"), version: PULUMI_VERSION, source };
}

/** @returns {PulumiCli | undefined} */
function findOnPath() {
    for (const program of findCommand("pulumi")) {
        const bin = path.dirname(fs.realpathSync(program));
        const version = versionOf(program);
        const [major, minor] = (version ?? "").split(".").map(Number);
        const isRecent = major === 3 && minor !== undefined && minor >= OLDEST_MINOR;
        if (version && isRecent && fs.existsSync(path.join(bin, "pulumi-language-nodejs"))) {
            return { bin, version, source: "PATH" };
        }
    }
    return undefined;
}

/**
 * @param {string} folder
 * @param {(line: string) => void} log
 * @returns {Promise<string>} how it was made
 */
async function make(folder, log) {
    try {
        await download(folder);
        return "the official download";
    } catch (error) {
        const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
        log(`the official download of pulumi ${PULUMI_VERSION} failed (${reason}): building it from the Go modules`);
        fs.rmSync(path.join(folder, "bin"), { recursive: true, force: true });
        await buildFromModules({ bin: path.join(folder, "bin"), version: PULUMI_VERSION, repository: REPOSITORY });
        return "a build from the Go modules";
    }
}

/**
 * By the SDK's own installer. It knows no time limit, hence the probe, and a process of its own.
 *
 * @param {string} folder
 */
async function download(folder) {
    const answer = await fetch(DOWNLOAD_ORIGIN, {
        method: "HEAD",
        signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    }).catch(() => undefined);
    if (!answer) throw new Error(`no answer from ${DOWNLOAD_ORIGIN}`);
    const script = `
        const { PulumiCommand } = require("@pulumi/pulumi/automation");
        const { parse } = require("semver");
        const [root, version] = process.argv.slice(1);
        PulumiCommand.install({ root, version: parse(version) }).catch((error) => {
            console.error(error);
            process.exit(1);
        });`;
    const args = ["-e", script, folder, PULUMI_VERSION];
    await run(process.execPath, args, { cwd: REPOSITORY, timeoutMs: INSTALL_TIMEOUT_MS });
}

/** @param {string} program */
function versionOf(program) {
    try {
        const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
        return execFileSync(program, ["version"], { encoding: "utf8", stdio: "pipe", env }).trim().replace(/^v/, "");
    } catch {
        return undefined;
    }
}

if (process.argv[1] === import.meta.filename) {
    ensurePulumi({ log: console.error }).then(
        ({ bin, version, source }) => console.log(`pulumi ${version} from ${source}: ${bin}`),
        (error) => {
            console.error(error.message);
            process.exitCode = 1;
        },
    );
}
