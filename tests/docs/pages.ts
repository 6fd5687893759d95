/** The pages that users read. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

export const ROOT = join(__dirname, "..", "..");

/** One page, by its path in the repository. */
export interface Page {
    readonly path: string;
    readonly text: string;
}

/** README, CONTRIBUTING, CHANGELOG, everything in docs/ and the examples' own pages. */
export function pages(): Page[] {
    const inFolder = (folder: string): string[] =>
        readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
            .filter((file) => file.endsWith(".md") && !file.includes("node_modules"))
            .map((file) => join(folder, file));
    return ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...inFolder("docs"), ...inFolder("examples")].map(
        (path) => ({
            path: relative(ROOT, join(ROOT, path)),
            text: readFileSync(join(ROOT, path), "utf8"),
        }),
    );
}
