import { join } from "node:path";
import ts from "typescript";
import { pages, ROOT } from "./pages";

interface Block {
    readonly name: string;
    readonly code: string;
}

const blocks: Block[] = pages().flatMap(({ path, text }) =>
    [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match, index) => ({
        name: `${path}#${index + 1}`,
        code: match[1] ?? "",
    })),
);

/** What the compiler says of the blocks, each a module of its own beside the product. */
function diagnose(modules: readonly Block[]): Map<string, string[]> {
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
    const files = new Map(modules.map(({ code }, index) => [join(ROOT, `block${index}.ts`), `export {};\n${code}`]));
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

const found = diagnose(blocks);

test.each(blocks)("the code of $name compiles", ({ name }) => {
    expect(found.get(name)).toEqual([]);
});

test("a block that does not compile is found", () => {
    expect([...diagnose([{ name: "bad", code: "const n: number = 'x';" }]).values()]).toEqual([
        [expect.stringContaining("not assignable")],
    ]);
});
