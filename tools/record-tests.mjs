// @ts-check
/**
 * What `npm run test:record` runs: the multi-node cases of the integration tier on servers of a TimescaleDB that is
 * installed here, and writes down what those answer, for machines that have none.
 *
 *     npm run test:record                                            all test files
 *     npm run test:record -- tests/integration/accessNode.test.ts    some
 *
 * A test file with a failing case keeps the recordings it had.
 */
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { adoptRecordings } from "./recordings.mjs";
import { findTimescaledb } from "./servers/timescaledb.mjs";

const REPOSITORY = path.join(import.meta.dirname, "..");
const RECORDINGS = path.join(REPOSITORY, "tests", "recordings");

const found = findTimescaledb();
if (!("version" in found)) {
    console.error(`nothing to record: ${found.kind === "none" ? found.reason : "servers that are given may differ"}`);
    process.exit(2);
}
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "recordings-"));
try {
    process.exitCode = adoptAll(await record(found.version)) ? 0 : 1;
} finally {
    fs.rmSync(folder, { recursive: true });
}

/**
 * @param {string} version
 * @returns {Promise<readonly { name: string, status: string }[]>} the test files
 */
async function record(version) {
    const report = path.join(folder, "report.json");
    const jest = path.join(REPOSITORY, "node_modules", "jest", "bin", "jest.js");
    const cases = `on TimescaleDB ${version.replaceAll(".", "\\.")}`;
    // One file at a time: what a loaded machine makes slow may differ from what it always does.
    const args = [jest, ...process.argv.slice(2), "--selectProjects", "integration", "--runInBand", "-t", cases];
    const child = spawn(process.execPath, [...args, "--json", "--outputFile", report], {
        cwd: REPOSITORY,
        env: { ...process.env, RECORD: folder, TEST_RECORDED: "" },
        stdio: ["ignore", "ignore", "inherit"],
    });
    await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
    return JSON.parse(fs.readFileSync(report, "utf8")).testResults;
}

/**
 * @param {readonly { name: string, status: string }[]} files
 * @returns {boolean} whether all went well
 */
function adoptAll(files) {
    for (const { name, status } of files) {
        const place = path.relative(path.join(REPOSITORY, "tests"), name).replace(/\.test\.ts$/, "");
        if (status === "failed") {
            console.log(`${place}: FAILED, its recordings stay as they are`);
            continue;
        }
        const { changed, unchanged } = adoptRecordings(path.join(folder, place), path.join(RECORDINGS, place));
        if (changed.length + unchanged) console.log(`${place}: ${changed.length} changed, ${unchanged} as they were`);
        for (const file of changed) console.log(`    ${file}`);
    }
    return files.every(({ status }) => status !== "failed");
}
