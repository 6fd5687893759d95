// @ts-check
/**
 * What `npm test` runs: everything a fresh clone needs, then the tiers one after another.
 *
 *     npm test                          all tiers, on the oldest, the newest and one PostgreSQL in between
 *     npm test -- unit contract         some tiers
 *     npm test -- --matrix              all PostgreSQL majors
 *
 * A test that is skipped says why in its title or that of a block around it: "... (skipped: <reason>)".
 */
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { ensureDocker } from "./docker/ensureDocker.mjs";
import { ensurePulumi } from "./pulumi-cli/ensure.mjs";
import { embeddedMajors, ensureEmbedded } from "./servers/embedded.mjs";
import { findTimescaledb } from "./servers/timescaledb.mjs";
import { build, installDependencies, REPOSITORY } from "./setUp.mjs";
import { ensureTestPrograms } from "./testPrograms.mjs";
import { countsOf, describeTier, totalLine } from "./testReport.mjs";

/** What each tier needs of the set-up. */
const TIERS = {
    unit: ["dependencies"],
    contract: ["dependencies", "build", "servers"],
    integration: ["dependencies", "build", "programs", "docker", "servers"],
    acceptance: ["dependencies", "build", "programs", "docker", "servers", "pulumi"],
    docs: ["dependencies", "build", "servers", "pulumi"],
    package: ["dependencies", "build", "servers", "pulumi"],
};

/** In this order; each answers with what there is now. @type {Record<string, () => Promise<string>>} */
const SETUP = {
    dependencies: installDependencies,
    build,
    programs: () => ensureTestPrograms({ log: (line) => console.log(`  ${line}`) }),
    async docker() {
        const { tests, summary, stop } = await ensureDocker({ log: (line) => console.log(`  ${line}`) });
        cleanUps.push(stop);
        process.env.DOCKER_TESTS = JSON.stringify(tests);
        return summary;
    },
    async servers() {
        const majors = embeddedMajors();
        await ensureEmbedded(majors);
        const found = findTimescaledb();
        const timescaledb =
            "version" in found
                ? `TimescaleDB ${found.version}`
                : found.kind === "none"
                  ? found.reason
                  : "TIMESCALEDB_SERVERS";
        return `PostgreSQL ${majors.join(", ") || `for ${process.platform}: none`}; ${timescaledb}`;
    },
    async pulumi() {
        const { version, source } = await ensurePulumi({ log: (line) => console.log(`  ${line}`) });
        return `pulumi ${version} from ${source}`;
    },
};

/** The tier that runs. @type {import("node:child_process").ChildProcess | undefined} */
let running;
let isInterrupted = false;

/** What the set-up has started. @type {(() => Promise<void>)[]} */
const cleanUps = [];

/** @typedef {keyof typeof TIERS} Tier */

const chosen = process.argv.slice(2);
const isMatrix = chosen.includes("--matrix");
const names = chosen.filter((name) => name !== "--matrix");
const unknown = names.filter((name) => !(name in TIERS));
if (unknown.length) {
    console.error(`there is no tier ${unknown.join(", ")}: ${Object.keys(TIERS).join(", ")}, or --matrix`);
    process.exit(2);
}
const tiers = /** @type {Tier[]} */ (Object.keys(TIERS)).filter((tier) => !names.length || names.includes(tier));

for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
    process.on(signal, () => {
        isInterrupted = true;
        // A set-up step knows no half-way: what it makes appears complete or not at all.
        if (running) running.kill(signal);
        else process.exit(1);
    });
}

main()
    .finally(() => Promise.all(cleanUps.map((cleanUp) => cleanUp())))
    .then(
        (failed) => (process.exitCode = failed ? 1 : 0),
        (error) => {
            console.error(error);
            process.exitCode = 1;
        },
    );

/** @returns {Promise<number>} how many failed */
async function main() {
    const failures = await setUp(new Set(tiers.flatMap((tier) => TIERS[tier])));
    const reports = [];
    for (const tier of tiers) {
        if (isInterrupted) break;
        const broken = TIERS[tier].find((step) => failures.has(step));
        console.log(`\n=== ${tier} ===`);
        const start = Date.now();
        const report = broken ? { error: `not run: ${broken}: ${failures.get(broken)}` } : await runTier(tier);
        reports.push({ tier, counts: countsOf(report), seconds: secondsSince(start) });
    }
    console.log("");
    for (const report of reports) console.log(describeTier(report));
    console.log(totalLine(reports));
    return reports.reduce((sum, { counts }) => sum + counts.failed, 0);
}

/**
 * @param {ReadonlySet<string>} steps
 * @returns {Promise<Map<string, string>>} why steps failed
 */
async function setUp(steps) {
    const failures = new Map();
    for (const [step, ensure] of Object.entries(SETUP)) {
        if (!steps.has(step)) continue;
        const start = Date.now();
        try {
            console.log(`${step}: ${await ensure()} (${secondsSince(start)} s)`);
        } catch (error) {
            const message = error instanceof Error ? error.message : String(error);
            console.log(`${step}: FAILED after ${secondsSince(start)} s: ${message}`);
            failures.set(step, message.split("\n")[0]);
        }
    }
    return failures;
}

/**
 * @param {Tier} tier
 * @returns {Promise<import("./testReport.mjs").JestReport>}
 */
async function runTier(tier) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "test-report-"));
    const file = path.join(folder, "report.json");
    const jest = path.join(REPOSITORY, "node_modules", "jest", "bin", "jest.js");
    // Silent: what the provider warns of in thousands of tests would hide what failed.
    const args = [jest, "--selectProjects", tier, "--passWithNoTests", "--silent", "--json", "--outputFile", file];
    // Servers that are given are shared by all tests: one at a time. Else tests wait for servers and for pulumi most of
    // the time, and jest's own choice of one worker less than there are cores leaves a core without work.
    args.push(process.env.TIMESCALEDB_SERVERS ? "--runInBand" : "--maxWorkers=100%");
    const env = { ...process.env, ...(isMatrix ? { TEST_MATRIX: "1" } : {}) };
    try {
        // With --json the results go to standard output as well, where nobody wants them.
        const child = spawn(process.execPath, args, { cwd: REPOSITORY, env, stdio: ["ignore", "ignore", "inherit"] });
        running = child;
        const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
        running = undefined;
        if (!fs.existsSync(file)) return { error: `jest ended with ${code} and without a report` };
        return JSON.parse(fs.readFileSync(file, "utf8"));
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

/** @param {number} start */
function secondsSince(start) {
    return Math.round((Date.now() - start) / 1000);
}
