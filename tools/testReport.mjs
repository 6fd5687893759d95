// @ts-check
/** Counts and reasons from what jest reports. */

const REASON = /\(skipped: (.+)\)$/;

/** The block of those that ran without servers, see tests/support/servers.ts. */
const RECORDED = /^on (.+) \(recorded\)$/;

/**
 * @typedef {object} JestTest
 * @property {string} status "passed", "failed", "pending" (which is skipped) or "todo"
 * @property {string} title
 * @property {readonly string[]} ancestorTitles
 */

/**
 * What jest writes with --json, as far as it is needed; or why there is nothing.
 *
 * @typedef {{ testResults: readonly { status: string, assertionResults: readonly JestTest[] }[] } | { error: string }} JestReport
 */

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {ReadonlyMap<string, number>} reasons of the skipped
 * @property {ReadonlyMap<string, number>} recordings those that ran from recordings, by what was recorded
 * @property {string} [error]
 */

/**
 * A file that could not be run counts as one that failed.
 *
 * @param {JestReport} report
 * @returns {Counts}
 */
export function countsOf(report) {
    if ("error" in report)
        return { passed: 0, failed: 1, skipped: 0, reasons: new Map(), recordings: new Map(), error: report.error };
    const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
    const brokenFiles = report.testResults.filter(
        ({ status, assertionResults }) =>
            status === "failed" && !assertionResults.some((test) => test.status === "failed"),
    );
    const skipped = tests.filter(({ status }) => status !== "passed" && status !== "failed");
    const ran = tests.filter((test) => !skipped.includes(test));
    return {
        passed: tests.filter(({ status }) => status === "passed").length,
        failed: tests.filter(({ status }) => status === "failed").length + brokenFiles.length,
        skipped: skipped.length,
        reasons: howMany(skipped.map(reasonOf)),
        recordings: howMany(ran.flatMap((test) => recordingOf(test) ?? [])),
    };
}

/**
 * @param {{ tier: string, counts: Counts, seconds: number }} report
 * @returns {string} a line, and one more for each reason to skip
 */
export function describeTier({ tier, counts, seconds }) {
    const { passed, failed, skipped, reasons, recordings, error } = counts;
    const head = `${tier.padEnd(12)} ${passed + failed} ran, ${failed} failed, ${skipped} skipped (${seconds} s)`;
    const how = [...recordings].map(([server, count]) => `; multinode: ${count} ran from recordings of ${server}`);
    const why = [...reasons].map(([reason, count]) => `; ${count} skipped: ${reason}`);
    return `${head}${error ? `; ${error}` : ""}${how.join("")}${why.join("")}`;
}

/**
 * @param {readonly { counts: Counts }[]} reports
 * @returns {string}
 */
export function totalLine(reports) {
    /** @param {"passed" | "failed" | "skipped"} name */
    const sum = (name) => reports.reduce((total, { counts }) => total + counts[name], 0);
    return `${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`;
}

/** @param {readonly string[]} values */
function howMany(values) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    return counts;
}

/** @param {JestTest} test */
function recordingOf({ ancestorTitles }) {
    return ancestorTitles.map((each) => RECORDED.exec(each)?.[1]).find((server) => server);
}

/** @param {JestTest} test */
function reasonOf({ ancestorTitles, title }) {
    const titles = [...ancestorTitles, title];
    return titles.map((each) => REASON.exec(each)?.[1]).find((reason) => reason) ?? titles.join(" ");
}
