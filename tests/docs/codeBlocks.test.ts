import { join } from "node:path";
import ts from "typescript";
import { blocksOf } from "./blocks";
import { pages, ROOT } from "./pages";

interface Module {
    readonly name: string;
    readonly code: string;
    /** Modules of one page that have such a name can import each other. */
    readonly file?: string | undefined;
}

const modules: Module[] = pages().flatMap(({ path, text }) =>
    blocksOf(text, "ts").map(({ number, code, file }) => ({ name: `${path}#${number}`, code, file })),
);

/** What the compiler says of the blocks, each a module of its own beside the product. */
function diagnose(modules: readonly Module[]): Map<string, string[]> {
    const options: ts.CompilerOptions = {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.Node20,
        moduleResolution: ts.ModuleResolutionKind.Node16,
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        types: ["node", "jest"],
        paths: { "pulumi-timescaledb": [join(ROOT, "provider", "index.ts")] },
        baseUrl: ROOT,
    };
    const files = new Map(
        modules.map(({ code, file }, index) => [join(ROOT, file ?? `block${index}.ts`), `export {};\n${code}`]),
    );
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists, readFile } = host;
    host.fileExists = (file) => files.has(file) || fileExists(file);
    host.readFile = (file) => files.get(file) ?? readFile(file);
    host.getSourceFile = (file, ...rest) => {
        const text = files.get(file);
        return text === undefined
            ? getSourceFile(file, ...rest)
            : ts.createSourceFile(file, text, ts.ScriptTarget.ES2022);
    };
    const names = [...files.keys()];
    const program = ts.createProgram(names, options, host);
    return new Map(
        modules.map(({ name }, index) => {
            const source = program.getSourceFile(names[index] ?? "");
            const found = source === undefined ? [] : ts.getPreEmitDiagnostics(program, source);
            return [name, found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))];
        }),
    );
}

const found = diagnose(modules);

test.each(modules)("the code of $name compiles", ({ name }) => {
    expect(found.get(name)).toEqual([]);
});

test("a block that does not compile is found", () => {
    expect([...diagnose([{ name: "bad", code: "const n: number = 'x';" }]).values()]).toEqual([
        [expect.stringContaining("not assignable")],
    ]);
});
