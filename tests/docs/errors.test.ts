import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ERROR_CODES } from "../../provider/errors";

test("docs/errors.md has one section for each code of the catalogue and no other", () => {
    const page = readFileSync(join(__dirname, "..", "..", "docs", "errors.md"), "utf8");
    const sections = [...page.matchAll(/^## (.+)$/gm)].map((match) => match[1]);
    expect(sections.sort()).toEqual(Object.keys(ERROR_CODES).sort());
});
