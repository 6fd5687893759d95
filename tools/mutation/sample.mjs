/** Functions at random, the same ones for the same seed. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const FOLDERS = ["provider/engines", "provider/handlers"];

/** What only statements of real servers prove: it calculates nothing that a unit test could see. */
const WITH_SERVERS = /\/(?:observe|load|loadRows|readServers|serverFacts)\.ts$|\/(?:load|status)\//;

/**
 * @param {{ seed: number, lines: number }} options how many lines they have together, at least
 * @returns {string[]} ranges as Stryker takes them, such as "provider/engines/step.ts:10-24"
 */
export function sampleFunctions({ seed, lines }) {
    const all = FOLDERS.flatMap(filesIn)
        .filter((file) => !WITH_SERVERS.test(file))
        .flatMap(functionsIn);
    const sampled = [];
    for (let left = lines, random = randomFrom(seed); left > 0 && all.length > 0;) {
        const [{ file, first, last }] = all.splice(Math.floor(random() * all.length), 1);
        sampled.push(`${file}:${first}-${last}`);
        left -= last - first + 1;
    }
    return sampled;
}

/**
 * @param {string} folder
 * @returns {string[]} the modules in it, sorted
 */
function filesIn(folder) {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => path.posix.join(folder, name.replaceAll(path.sep, "/")))
        .sort();
}

/** @param {string} file */
function functionsIn(file) {
    const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest);
    const lineOf = (/** @type {number} */ position) => source.getLineAndCharacterOfPosition(position).line + 1;
    return source.statements
        .flatMap((statement) => (ts.isClassDeclaration(statement) ? [...statement.members] : [statement]))
        .filter((node) => ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node))
        .map((node) => ({ file, first: lineOf(node.getStart(source)), last: lineOf(node.getEnd()) }));
}

/**
 * Mulberry32.
 *
 * @param {number} seed
 * @returns {() => number} from 0 to 1
 */
function randomFrom(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    };
}
