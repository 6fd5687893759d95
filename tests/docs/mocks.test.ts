/** The unit test that docs/operations/testing.md shows, as it stands there, run by the jest of a user's project. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../tools/command.mjs";
import { blocksOf } from "./blocks";
import { ROOT } from "./pages";

const PAGE = readFileSync(join(ROOT, "docs", "operations", "testing.md"), "utf8");
const PACKAGES = ["jest", "@swc", "@pulumi", "pulumi-timescaledb"];

test("the unit test in the docs passes in a project with nothing but what the page names", async () => {
    const folder = mkdtempSync(join(tmpdir(), "unit-test-"));
    try {
        for (const { file, code } of blocksOf(PAGE, "ts")) writeFileSync(join(folder, file ?? "nameless.ts"), code);
        writeFileSync(join(folder, "package.json"), blocksOf(PAGE, "json")[0]?.code ?? "");
        mkdirSync(join(folder, "node_modules"));
        for (const name of PACKAGES) {
            const target = name === "pulumi-timescaledb" ? ROOT : join(ROOT, "node_modules", name);
            symlinkSync(target, join(folder, "node_modules", name));
        }
        const jest = join(ROOT, "node_modules", "jest", "bin", "jest.js");
        const { stderr } = await run(process.execPath, [jest, "--ci"], { cwd: folder });
        expect(stderr).toMatch(/^Tests: +3 passed, 3 total$/m);
    } finally {
        rmSync(folder, { recursive: true });
    }
}, 120_000);
