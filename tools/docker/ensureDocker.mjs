// @ts-check
/**
 * What the tests of examples/docker need: an engine and images. They read it in DOCKER_TESTS, since the titles of tests
 * are made before anything can be awaited.
 *
 *     node tools/docker/ensureDocker.mjs jest tests/acceptance/docker.test.ts     runs the command with DOCKER_TESTS set
 */
import { spawn } from "node:child_process";
import { ensureEngine } from "./ensureEngine.mjs";
import { ensureImages } from "./images.mjs";

/**
 * @typedef {object} DockerTests
 * @property {readonly import("./images.mjs").ImageKind[]} kinds the images to run the tests on
 * @property {readonly { title: string, reason: string }[]} skipped what there is not, and why
 */

/**
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<{ tests: DockerTests, summary: string, stop: () => Promise<void> }>}
 */
export async function ensureDocker(options = {}) {
    const engine = await ensureEngine(options);
    if (engine.kind === "none") {
        const tests = { kinds: [], skipped: [{ title: "Docker", reason: engine.reason }] };
        return { tests, summary: engine.reason, stop: engine.stop };
    }
    const tests = await ensureImages(options);
    const images = tests.kinds.map(({ title }) => title).join(", ") || "no images";
    return { tests, summary: `Docker ${engine.version}; ${images}`, stop: engine.stop };
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
