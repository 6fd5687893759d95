import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PAGES, writeTables } from "../../tools/docs/pages";
import { withTable } from "../../tools/docs/propertyTable";

const ROOT = join(__dirname, "..", "..");

if (process.env.WRITE_DOCS !== undefined) {
    writeTables(ROOT);
}

test.each(PAGES)("$path shows the properties that the schema has (npm run docs writes them)", ({ path, table }) => {
    const page = readFileSync(join(ROOT, path), "utf8");
    expect(page).toBe(withTable(page, table));
});
