/** What is in the package, and what compilers and Node make of it. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { run } from "../../tools/command.mjs";
import * as source from "../../provider";
import { pack, type Packed } from "../support/packed";

jest.setTimeout(120_000);

const ROOT = path.join(__dirname, "..", "..");

let packed: Packed;

beforeAll(async () => void (packed = await pack()));
afterAll(() => packed?.remove());

const filesIn = (folder: string): string[] =>
    readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(path.join(ROOT, folder), path.join(entry.parentPath, entry.name)));

test("the package holds what is compiled from provider/, its docs, and nothing else", () => {
    const compiled = filesIn("provider").flatMap((file) => {
        const name = file.replace(/\.ts$/, "");
        return [`dist/${name}.d.ts`, `dist/${name}.js`];
    });
    const docs = filesIn("docs").map((file) => `docs/${file}`);
    expect([...packed.files].sort()).toEqual(
        [...compiled, ...docs, "CHANGELOG.md", "LICENSE", "README.md", "package.json"].sort(),
    );
});

test("no file of the package names a source map, for none is in it", () => {
    const naming = packed.files.filter((file) =>
        readFileSync(path.join(ROOT, file), "utf8").includes("sourceMappingURL="),
    );
    expect(naming).toEqual([]);
});

test("its types are found by every way to resolve a module, but for the handlers, which nobody imports by the oldest", async () => {
    // attw fails where it finds a problem: that one is the only one it may find.
    const attw = path.join(ROOT, "node_modules", "@arethetypeswrong", "cli", "dist", "index.js");
    const args = [attw, packed.tarball, "--format", "json", "--ignore-rules", "no-resolution"];
    const { analysis, problems } = JSON.parse((await run(process.execPath, args)).stdout) as {
        analysis: {
            entrypoints: Record<string, { resolutions: Record<string, { resolution?: { fileName: string } }> }>;
        };
        problems: unknown;
    };
    const found = Object.entries(analysis.entrypoints).flatMap(([entry, { resolutions }]) =>
        Object.entries(resolutions).map(([way, { resolution }]) => [
            `${entry} by ${way}`,
            resolution?.fileName.replace("/node_modules/pulumi-timescaledb/", ""),
        ]),
    );
    expect(problems).toEqual({
        NoResolution: [{ kind: "NoResolution", entrypoint: "./handlers", resolutionKind: "node10" }],
    });
    expect(Object.fromEntries(found)).toMatchObject({
        ". by node10": "dist/index.d.ts",
        ". by node16-cjs": "dist/index.d.ts",
        ". by node16-esm": "dist/index.d.ts",
        ". by bundler": "dist/index.d.ts",
        "./handlers by node16-cjs": "dist/handlers/index.d.ts",
        "./handlers by node16-esm": "dist/handlers/index.d.ts",
        "./handlers by bundler": "dist/handlers/index.d.ts",
    });
});

test("publint has nothing to say", async () => {
    const publint = path.join(ROOT, "node_modules", "publint", "src", "cli.js");
    const { stdout } = await run(process.execPath, [publint, "run", packed.tarball, "--strict"]);
    // Jest asks its workers, and so their children, for colours.
    expect(stripVTControlCharacters(stdout)).toMatch(/All good!\s*$/);
});

test("an ES module finds every export by its name, and as a whole", async () => {
    const names = Object.keys(source);
    const program = `
        import { ${names.join(", ")} } from "pulumi-timescaledb";
        import * as timescaledb from "pulumi-timescaledb";
        import * as handlers from "pulumi-timescaledb/handlers";
        const named = { ${names.join(", ")} };
        console.log(JSON.stringify([
            Object.keys(named).filter((name) => named[name] !== undefined && named[name] === timescaledb[name]),
            Object.keys(handlers),
        ]));`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program], { cwd: ROOT });
    const [found, handlers] = JSON.parse(stdout) as string[][];
    expect(found).toEqual(names);
    expect(handlers).toEqual(expect.arrayContaining(["accessNode", "dataNode", "distributedHypertable"]));
});
