// @ts-check
/** What becomes of recordings that were just made: see tests/support/recording. */
import fs from "node:fs";
import path from "node:path";

/**
 * Puts a test file's new recordings in the place of the old ones. A case whose answers are as they were keeps its old
 * file, and with it the day on which it was recorded.
 *
 * @param {string} made the folder of the new ones; if there is none, the test file has nothing to record any more
 * @param {string} kept the folder of the old ones
 * @returns {{ changed: string[], unchanged: number }} the names of the files that are new, different or gone
 */
export function adoptRecordings(made, kept) {
    const before = filesOf(kept);
    const after = filesOf(made);
    for (const [name, text] of after) {
        const old = before.get(name);
        if (old !== undefined && withoutDay(old) === withoutDay(text)) after.set(name, old);
    }
    const names = [...new Set([...before.keys(), ...after.keys()])].sort();
    const changed = names.filter((name) => before.get(name) !== after.get(name));
    fs.rmSync(kept, { recursive: true, force: true });
    if (after.size) fs.mkdirSync(kept, { recursive: true });
    for (const [name, text] of after) fs.writeFileSync(path.join(kept, name), text);
    return { changed, unchanged: names.length - changed.length };
}

/** @param {string} folder */
function filesOf(folder) {
    const names = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith(".jsonl")) : [];
    return new Map(names.map((name) => [name, fs.readFileSync(path.join(folder, name), "utf8")]));
}

/** @param {string} text */
function withoutDay(text) {
    const [head = "", ...lines] = text.split("\n");
    return [head.replace(/"recorded":"[^"]*"/, ""), ...lines].join("\n");
}
