// @ts-check
/**
 * What the tests of examples/docker need: an engine and images. They read it in DOCKER_TESTS, since the titles of tests
 * are made before anything can be awaited.
 *
 *     node tools/docker/ensureDocker.mjs jest tests/acceptance/docker.test.ts     runs the command with DOCKER_TESTS set
 */
import { spawn } from "node:child_process";
import path from "node:path";
import { ensureEngine } from "./ensureEngine.mjs";
import { ensureImages } from "./images.mjs";

const PLUGIN_ORIGIN = "https://get.pulumi.com";
const PROBE_TIMEOUT_MS = 5_000;

/**
 * @typedef {object} DockerTests
 * @property {readonly import("./images.mjs").ImageKind[]} kinds the images to run the tests on
 * @property {readonly { title: string, reason: string }[]} skipped what there is not, and why
 * @property {"real" | "stand-in" | { folder: string }} plugin Pulumi's docker plugin: the CLI downloads it, or DOCKER_PLUGIN
 *     names the folder that holds it; the stand-in where neither is so
 */

/**
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<{ tests: DockerTests, summary: string, stop: () => Promise<void> }>}
 */
export async function ensureDocker(options = {}) {
    const engine = await ensureEngine(options);
    if (engine.kind === "none") {
        const skipped = [{ title: "Docker", reason: engine.reason }];
        return { tests: { kinds: [], skipped, plugin: "stand-in" }, summary: engine.reason, stop: engine.stop };
    }
    const images = await ensureImages(options);
    const plugin = await findPlugin();
    const titles = images.kinds.map(({ title }) => title).join(", ") || "no images";
    const origin = typeof plugin === "string" ? `the ${plugin} plugin` : `the plugin in ${plugin.folder}`;
    const summary = `Docker ${engine.version}; ${titles}; ${origin}`;
    return { tests: { ...images, plugin }, summary, stop: engine.stop };
}

/** @returns {Promise<DockerTests["plugin"]>} */
async function findPlugin() {
    const folder = process.env.DOCKER_PLUGIN;
    if (folder) return { folder: path.resolve(folder) };
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    return fetch(PLUGIN_ORIGIN, { method: "HEAD", signal }).then(
        () => "real",
        () => "stand-in",
    );
}

if (process.argv[1] === import.meta.filename) {
    const { tests, summary, stop } = await ensureDocker({ log: console.error });
    console.error(summary);
    const [command = "true", ...args] = process.argv.slice(2);
    const env = { ...process.env, DOCKER_TESTS: JSON.stringify(tests) };
    const child = spawn(command, args, { stdio: "inherit", env });
    process.exitCode = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
    await stop();
}
