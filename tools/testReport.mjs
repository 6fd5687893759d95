// @ts-check
/** Counts and reasons from what jest reports. */

const REASON = /\(skipped: (.+)\)$/;

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
 * @property {string} [error]
 */

/**
 * A file that could not be run counts as one that failed.
 *
 * @param {JestReport} report
 * @returns {Counts}
 */
export function countsOf(report) {
    if ("error" in report) return { passed: 0, failed: 1, skipped: 0, reasons: new Map(), error: report.error };
    const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
    const brokenFiles = report.testResults.filter(
        ({ status, assertionResults }) =>
            status === "failed" && !assertionResults.some((test) => test.status === "failed"),
    );
    const skipped = tests.filter(({ status }) => status !== "passed" && status !== "failed");
    const reasons = new Map();
    for (const test of skipped) reasons.set(reasonOf(test), (reasons.get(reasonOf(test)) ?? 0) + 1);
    return {
        passed: tests.filter(({ status }) => status === "passed").length,
        failed: tests.filter(({ status }) => status === "failed").length + brokenFiles.length,
        skipped: skipped.length,
        reasons,
    };
}

/**
 * @param {{ tier: string, counts: Counts, seconds: number }} report
 * @returns {string} a line, and one more for each reason to skip
 */
export function describeTier({ tier, counts, seconds }) {
    const { passed, failed, skipped, reasons, error } = counts;
    const head = `${tier.padEnd(12)} ${passed + failed} ran, ${failed} failed, ${skipped} skipped (${seconds} s)`;
    const why = [...reasons].map(([reason, count]) => `; ${count} skipped: ${reason}`);
    return `${head}${error ? `; ${error}` : ""}${why.join("")}`;
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

/** @param {JestTest} test */
function reasonOf({ ancestorTitles, title }) {
    const titles = [...ancestorTitles, title];
    return titles.map((each) => REASON.exec(each)?.[1]).find((reason) => reason) ?? titles.join(" ");
}
