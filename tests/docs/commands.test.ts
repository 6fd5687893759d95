/** The commands that the docs name exist, with those options. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { HELP } from "../../provider/cli/usage";
import { pages, ROOT } from "./pages";

const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> };

/** What help says of each command: its block, and the options of all. */
const helpOf = (command: string): string =>
    HELP.split(/\n(?=\w+:\n)/)
        .filter((block) => block.startsWith(`${command}:\n`))
        .join();

/** What is wrong with a command line; nothing where it can be run. */
function problemOf(line: string): string | undefined {
    const [, tool, rest = ""] = /^(npx pulumi-timescaledb|npm run|npm|node)\s*(.*)$/.exec(line) ?? [];
    const [first = "", ...more] = rest.split(/[\s[\]|]+/);
    if (tool === "npx pulumi-timescaledb") {
        if (first === "" || ["--help", "--version"].includes(first)) return undefined;
        const help = helpOf(first);
        if (help === "") return `${line}: no command ${first}`;
        const unknown = more.filter((word) => word.startsWith("--") && !help.includes(`${word} `));
        return unknown.length ? `${line}: no ${unknown.join(", ")}` : undefined;
    }
    if (tool === "npm run" || (tool === "npm" && ["start", "test"].includes(first))) {
        return first in scripts ? undefined : `${line}: no script ${first}`;
    }
    if (tool === "node" && first.endsWith(".mjs")) {
        return existsSync(join(ROOT, first)) ? undefined : `${line}: no file ${first}`;
    }
    return undefined;
}

/** Lines of blocks, and code inside of sentences. */
const commandsIn = (text: string): string[] => {
    const start = "(?:npx pulumi-timescaledb|npm run|npm start|npm test|node )";
    return [...text.matchAll(new RegExp(`^(${start}.*)$|\`(${start}[^\`]*)\``, "gm"))].map((match) =>
        (match[1] ?? match[2] ?? "").replace(/\s+#.*$/, "").replace(/\s+/g, " "),
    );
};

const named = pages().flatMap(({ path, text }) => commandsIn(text).map((command) => ({ path, command })));

test("the docs name commands of the package", () => {
    const own = named.filter(({ command }) => command.startsWith("npx pulumi-timescaledb"));
    expect(own.map(({ command }) => command.split(" ")[2])).toEqual(expect.arrayContaining(["status", "plan"]));
});

test.each(named)("$path names a command that there is: $command", ({ command }) => {
    expect(problemOf(command)).toBeUndefined();
});

test.each(["npx pulumi-timescaledb stats", "npx pulumi-timescaledb plan --html x", "npm run nothing", "node none.mjs"])(
    "a command that is none is found: %s",
    (command) => {
        expect(problemOf(command)).toContain(command);
    },
);
