import { countsOf, describeTier, totalLine, type JestTest } from "../../../tools/testReport.mjs";

function test(status: string, ...titles: string[]): JestTest {
    return { status, title: titles.at(-1) ?? "", ancestorTitles: titles.slice(0, -1) };
}

const REPORT = {
    testResults: [
        {
            status: "passed",
            assertionResults: [test("passed", "a"), test("pending", "on multinode (skipped: no server)", "b")],
        },
        {
            status: "failed",
            assertionResults: [test("failed", "c"), test("pending", "on multinode (skipped: no server)", "d")],
        },
        { status: "failed", assertionResults: [] },
    ],
};

describe("the report of a tier", () => {
    it("counts a file that could not be run as failed", () => {
        expect(countsOf(REPORT)).toMatchObject({ passed: 1, failed: 2, skipped: 2 });
        expect(countsOf({ testResults: [{ status: "failed", assertionResults: [test("passed", "a")] }] }).failed).toBe(
            1,
        );
    });

    it("says why tests are skipped, or which where they do not tell", () => {
        const line = describeTier({ tier: "unit", counts: countsOf(REPORT), seconds: 3 });
        expect(line).toBe("unit         3 ran, 2 failed, 2 skipped (3 s); 2 skipped: no server");
        const silent = countsOf({ testResults: [{ status: "passed", assertionResults: [test("pending", "a", "b")] }] });
        expect([...silent.reasons]).toEqual([["a b", 1]]);
    });

    it("says how many ran from recordings, and of what", () => {
        const recorded = ["multinode", "on TimescaleDB 2.13.1 (recorded)"];
        const assertionResults = [
            test("passed", ...recorded, "a"),
            test("failed", ...recorded, "b"),
            test("pending", ...recorded, "c (skipped: not recorded)"),
            test("passed", "fdw", "on PostgreSQL 16", "d"),
        ];
        const counts = countsOf({ testResults: [{ status: "failed", assertionResults }] });
        expect(describeTier({ tier: "integration", counts, seconds: 3 })).toBe(
            "integration  3 ran, 1 failed, 1 skipped (3 s); " +
                "multinode: 2 ran from recordings of TimescaleDB 2.13.1; 1 skipped: not recorded",
        );
    });

    it("counts a tier that could not be run as one failure", () => {
        const counts = countsOf({ error: "not run: no Go" });
        expect(describeTier({ tier: "docs", counts, seconds: 0 })).toContain("not run: no Go");
        expect(totalLine([{ counts }, { counts: countsOf(REPORT) }])).toBe("1 passed, 3 failed, 2 skipped");
    });
});
