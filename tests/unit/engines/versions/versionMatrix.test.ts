import { readFileSync } from "node:fs";
import path from "node:path";
import { supports } from "../../../../provider/engines/versions/capabilities";
import { minorOf } from "../../../../provider/engines/versions/range";

const WORKFLOW = path.join(__dirname, "..", "..", "..", "..", ".github", "workflows", "ci.yml");

const pairOf = (timescaledbMinor: string, postgres: number): string => `${timescaledbMinor} on ${postgres}`;

/** Every pair that can be told apart, far beyond what there is. */
function supportedPairs(): string[] {
    const minors = Array.from({ length: 30 }, (_each, minor) => `2.${minor}`);
    const majors = Array.from({ length: 15 }, (_each, index) => index + 9);
    return minors.flatMap((minor) =>
        majors
            .filter((major) =>
                supports("distribution", {
                    engine: "multinode",
                    postgresVersion: `${major}.1`,
                    timescaledbVersion: `${minor}.1`,
                }),
            )
            .map((major) => pairOf(minor, major)),
    );
}

describe("the version matrix of continuous integration", () => {
    const tags = [...readFileSync(WORKFLOW, "utf8").matchAll(/^ +- (\d+\.\d+\.\d+)-pg(\d+)$/gm)];

    it("holds every pair of TimescaleDB and PostgreSQL that has multi-node, and no other", () => {
        const tested = tags.map(([, version = "", major]) => pairOf(minorOf(version), Number(major)));
        expect(tested).toEqual(supportedPairs());
        expect(tested).toHaveLength(43);
    });
});
