// @ts-check
/**
 * What `npm run test:record` runs: the multi-node cases of the integration tier on servers of a TimescaleDB that is
 * installed here, and writes down what those answer, for machines that have none.
 *
 *     npm run test:record                                            all test files
 *     npm run test:record -- tests/integration/accessNode.test.ts    some
 *
 * A test file with a failing case keeps the recordings it had. One in which sessions got into each other's way by chance
 * is run again.
 */
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { adoptRecordings } from "./recordings.mjs";
import { findTimescaledb } from "./servers/timescaledb.mjs";

const REPOSITORY = path.join(import.meta.dirname, "..");
const RECORDINGS = path.join(REPOSITORY, "tests", "recordings");
const ATTEMPTS = 3;

/** What the recorder says, see tests/support/recording/recorder.ts. */
const AGAIN = "record it again";

const found = findTimescaledb();
if (!("version" in found)) {
    console.error(`nothing to record: ${found.kind === "none" ? found.reason : "servers that are given may differ"}`);
    process.exit(2);
}
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "recordings-"));
try {
    let files = await record(found.version, process.argv.slice(2));
    let allWell = adoptAll(files);
    for (let attempt = 2; attempt <= ATTEMPTS; attempt++) {
        const again = files.filter(({ message }) => message.includes(AGAIN)).map(({ name }) => name);
        if (!again.length) break;
        console.log(`once more, for what came by chance: ${again.map(placeOf).join(", ")}`);
        const others = files.filter(({ name }) => !again.includes(name));
        files = await record(found.version, ["--runTestsByPath", ...again]);
        allWell = adoptAll(files) && others.every(isWell);
    }
    process.exitCode = allWell ? 0 : 1;
} finally {
    fs.rmSync(folder, { recursive: true });
}

/**
 * @typedef {{ name: string, status: string, message: string }} TestFile
 *
 * @param {string} version
 * @param {readonly string[]} files
 * @returns {Promise<readonly TestFile[]>}
 */
async function record(version, files) {
    const report = path.join(folder, "report.json");
    const jest = path.join(REPOSITORY, "node_modules", "jest", "bin", "jest.js");
    const cases = `on TimescaleDB ${version.replaceAll(".", "\\.")}`;
    // One file at a time: what a loaded machine makes slow may differ from what it always does.
    const args = [jest, ...files, "--selectProjects", "integration", "--runInBand", "--forceExit", "-t", cases];
    const child = spawn(process.execPath, [...args, "--json", "--outputFile", report], {
        cwd: REPOSITORY,
        env: { ...process.env, RECORD: folder, TEST_RECORDED: "" },
        stdio: ["ignore", "ignore", "inherit"],
    });
    await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
    return JSON.parse(fs.readFileSync(report, "utf8")).testResults;
}

/**
 * @param {readonly TestFile[]} files
 * @returns {boolean} whether all went well
 */
function adoptAll(files) {
    for (const file of files) {
        const place = placeOf(file.name);
        const made = path.join(folder, place);
        if (!isWell(file)) {
            console.log(`${place}: FAILED, its recordings stay as they are`);
            fs.rmSync(made, { recursive: true, force: true });
            continue;
        }
        const { changed, unchanged } = adoptRecordings(made, path.join(RECORDINGS, place));
        if (changed.length + unchanged) console.log(`${place}: ${changed.length} changed, ${unchanged} as they were`);
        for (const name of changed) console.log(`    ${name}`);
    }
    return files.every(isWell);
}

/** @param {TestFile} file */
function isWell({ status }) {
    return status !== "failed";
}

/** @param {string} name */
function placeOf(name) {
    return path.relative(path.join(REPOSITORY, "tests"), name).replace(/\.test\.ts$/, "");
}
