import { readdirSync, readFileSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import ts from "typescript";

const ROOT = join(__dirname, "../../provider");

/** From the top down: a file imports from its own layer and from those below it. */
const LAYERS = ["cli", "functions", "resources", "handlers", "engines", "postgres"];
const LEAVES = ["errors.ts", "validation"];
const ENGINES = ["fdw", "multinode"];
const RESOURCES = ["accessNode", "dataNode", "distributedHypertable"];
const RESOURCE_FILES = ["observe.ts", "plan.ts", "delete.ts", "describe.ts"];
const MOST_FILES = 15;

/** Which files a file imports, types included. */
type Graph = ReadonlyMap<string, readonly string[]>;

const files = readdirSync(ROOT, { recursive: true, encoding: "utf8" }).filter((file) => extname(file) === ".ts");

/** The graph of files that lie under one folder, by their paths in it. */
function graphOf(sources: ReadonlyMap<string, string>): Graph {
    return new Map(
        [...sources].map(([file, text]) => [
            file,
            ts
                .preProcessFile(text)
                .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
                .map(({ fileName }) => join(dirname(file), fileName))
                .map((path) => [`${path}.ts`, join(path, "index.ts")].find((candidate) => sources.has(candidate)))
                .filter((path) => path !== undefined),
        ]),
    );
}

/** The first cycle that a walk from each file comes upon. */
function cyclesOf(graph: Graph): string[] {
    const done = new Set<string>();
    const walk = (file: string, path: readonly string[]): string[] => {
        if (path.includes(file)) {
            return [[...path.slice(path.indexOf(file)), file].join(" -> ")];
        }
        if (done.has(file)) {
            return [];
        }
        const found = (graph.get(file) ?? []).flatMap((imported) => walk(imported, [...path, file]));
        done.add(file);
        return found;
    };
    return [...graph.keys()].flatMap((file) => walk(file, []));
}

/** The first folder of a path, or the file itself. */
const top = (path: string): string => path.split("/")[0] ?? path;

const isLeaf = (file: string): boolean => LEAVES.includes(top(file));

/** What an import runs against: the layers, the leaves, or the other engine. */
function upwards(graph: Graph): string[] {
    const edges = [...graph].flatMap(([from, imported]) => imported.map((to) => [from, to] as const));
    return edges.filter(([from, to]) => !isAllowed(from, to)).map(([from, to]) => `${from} -> ${to}`);
}

function isAllowed(from: string, to: string): boolean {
    if (isLeaf(to)) {
        return true;
    }
    if (isLeaf(from)) {
        return false;
    }
    const engine = engineOf(from);
    if (engine !== undefined && engineOf(to) !== undefined && engineOf(to) !== engine) {
        return false;
    }
    // index.ts stands above all layers.
    return LAYERS.indexOf(top(from)) <= LAYERS.indexOf(top(to));
}

function engineOf(file: string): string | undefined {
    return ENGINES.find((engine) => file.startsWith(`engines/${engine}/`));
}

/** Folders with too many files beside each other. */
function crowded(paths: readonly string[]): string[] {
    const counts = new Map<string, number>();
    paths.map((path) => dirname(path)).forEach((folder) => counts.set(folder, (counts.get(folder) ?? 0) + 1));
    return [...counts].filter(([, count]) => count > MOST_FILES).map(([folder]) => folder);
}

describe("the files of provider/", () => {
    const graph = graphOf(new Map(files.map((file) => [file, readFileSync(join(ROOT, file), "utf8")])));

    it("are all read", () => {
        expect(graph.get("index.ts")).toContain("resources/accessNode.ts");
        expect(graph.get("engines/index.ts")).toEqual(
            expect.arrayContaining(["engines/fdw/index.ts", "engines/multinode/index.ts", "errors.ts"]),
        );
    });

    it("import each other without a cycle", () => {
        expect(cyclesOf(graph)).toEqual([]);
    });

    it("import downwards only, and no engine imports the other", () => {
        expect(upwards(graph)).toEqual([]);
    });

    it("lie in folders of a size that can be read at a glance", () => {
        expect(crowded(files)).toEqual([]);
    });

    it.each(ENGINES)("have the same place in %s as in the other engine", (engine) => {
        const own = files.map((file) => relative(`engines/${engine}`, file));
        const resourceFiles = RESOURCES.flatMap((resource) => RESOURCE_FILES.map((file) => join(resource, file)));
        expect(own).toEqual(expect.arrayContaining(resourceFiles));
        const core = ["index.ts", "preflight.ts", "nodeChecks.ts", "accessRoute.ts", "foresee.ts"];
        expect(own).toEqual(expect.arrayContaining(core));
        expect(own).toEqual(expect.arrayContaining(["status/status.ts", "status/drift.ts", "status/sql.ts"]));
    });
});

describe("what the rules refuse", () => {
    it("is a cycle, of types too, and through an index", () => {
        const sources = new Map([
            ["a.ts", 'import type { B } from "./b";'],
            ["b.ts", 'export { c } from "./c";'],
            ["c/index.ts", 'import {\n    a,\n} from "../a";'],
        ]);
        expect(cyclesOf(graphOf(sources))).toEqual(["a.ts -> b.ts -> c/index.ts -> a.ts"]);
    });

    it("is no diamond", () => {
        const sources = new Map([
            ["a.ts", 'import "./b"; import "./c";'],
            ["b.ts", 'import "./d";'],
            ["c.ts", 'import "./d";'],
            ["d.ts", ""],
        ]);
        expect(cyclesOf(graphOf(sources))).toEqual([]);
    });

    it.each([
        ["postgres/a.ts", "engines/a.ts"],
        ["handlers/a.ts", "resources/a.ts"],
        ["errors.ts", "postgres/a.ts"],
        ["validation/a.ts", "engines/a.ts"],
        ["engines/fdw/a.ts", "engines/multinode/a.ts"],
        ["handlers/a.ts", "index.ts"],
    ])("is an import from %s of %s", (from, to) => {
        expect(upwards(new Map([[from, [to]]]))).toEqual([`${from} -> ${to}`]);
    });

    it.each([
        ["handlers/a.ts", "engines/a.ts"],
        ["index.ts", "functions/a.ts"],
        ["engines/index.ts", "engines/fdw/index.ts"],
        ["validation/a.ts", "errors.ts"],
    ])("is not an import from %s of %s", (from, to) => {
        expect(upwards(new Map([[from, [to]]]))).toEqual([]);
    });

    it("is one file too many in a folder", () => {
        const folder = (count: number): string[] => Array.from({ length: count }, (_, n) => `a/${n}.ts`);
        expect(crowded(folder(MOST_FILES))).toEqual([]);
        expect(crowded(folder(MOST_FILES + 1))).toEqual(["a"]);
    });
});
