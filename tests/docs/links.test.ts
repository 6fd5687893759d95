import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { pages, ROOT } from "./pages";

/** The anchors of a page's headings, as code hosts make them. */
function anchors(text: string): string[] {
    return [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
        (match[1] ?? "")
            .toLowerCase()
            .replace(/[^\w\- ]/g, "")
            .replaceAll(" ", "-"),
    );
}

test.each(pages())("$path leads only to files and headings that are there", ({ path, text }) => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
    const broken = links
        .filter((link) => !/^[a-z]+:/.test(link))
        .filter((link) => {
            const [file = "", anchor] = link.split("#");
            const target = file === "" ? join(ROOT, path) : join(ROOT, dirname(path), file);
            if (!existsSync(target)) {
                return true;
            }
            return (
                anchor !== undefined &&
                statSync(target).isFile() &&
                !anchors(readFileSync(target, "utf8")).includes(anchor)
            );
        });
    expect(broken).toEqual([]);
});

test("the docs' front page is short", () => {
    expect(readFileSync(join(ROOT, "README.md"), "utf8").split("\n").length).toBeLessThanOrEqual(150);
});
