// @ts-check
/**
 * Removes from dist/ what has no source any more: the compiler leaves it there, and it would be published.
 *
 *     node tools/removeStale.mjs
 */
import fs from "node:fs";
import path from "node:path";

const REPOSITORY = path.join(import.meta.dirname, "..");

for (const file of fs.readdirSync(path.join(REPOSITORY, "dist"), { recursive: true, encoding: "utf8" })) {
    const source = path.join(REPOSITORY, "provider", file.replace(/(?:\.d\.ts|\.js)$/, ".ts"));
    // A folder is its own source.
    if (!fs.existsSync(source)) fs.rmSync(path.join(REPOSITORY, "dist", file), { recursive: true, force: true });
}
