#!/usr/bin/env node
/** `npx pulumi-timescaledb`: see usage.ts for what it takes. */
import fs from "node:fs";
import path from "node:path";
import { ProviderError } from "../errors";
import { closePools } from "../postgres/pool";
import { planCommand } from "./planCommand";
import { statusCommand } from "./statusCommand";
import { EXIT, HELP, wrongUsage } from "./usage";
import { plainText } from "./words";

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
    status: statusCommand,
    plan: planCommand,
};

/** Runs a command line; returns the exit code. */
export async function main([command, ...args]: readonly string[]): Promise<number> {
    if (command === undefined || ["--help", "-h", "help"].includes(command) || args.includes("--help")) {
        process.stdout.write(HELP);
        return command === undefined ? EXIT.wrongUsage : EXIT.ok;
    }
    if (command === "--version") {
        process.stdout.write(`${version()}\n`);
        return EXIT.ok;
    }
    try {
        const run = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
        if (run === undefined) {
            throw wrongUsage(`there is no command ${command}`);
        }
        return await run(args);
    } catch (error) {
        process.stderr.write(`error: ${plainText(error instanceof Error ? error.message : String(error))}\n`);
        return error instanceof ProviderError && error.code === "INVALID_ARGUMENT" ? EXIT.wrongUsage : EXIT.failed;
    } finally {
        await closePools();
    }
}

function version(): string {
    const manifest = fs.readFileSync(path.join(__dirname, "..", "..", "package.json"), "utf8");
    return (JSON.parse(manifest) as { version: string }).version;
}

if (require.main === module) {
    void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
}
