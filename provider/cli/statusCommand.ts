/** `pulumi-timescaledb status` */
import fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { engineOf } from "../engines";
import { readClusterStatus } from "../engines/status/clusterStatus";
import { isHealthy, type ClusterStatus } from "../engines/status/status";
import { statusPage } from "./statusPage";
import { statusText } from "./statusText";
import { findTargets, TARGET_OPTIONS } from "./targets";
import { EXIT, readOptions, wrongUsage } from "./usage";

const INTERVAL_SECONDS = 5;
const CLEAR_SCREEN = "\u001b[2J\u001b[H";

/** Shows how a cluster, or each one of a stack, is; returns the exit code. */
export async function statusCommand(args: readonly string[]): Promise<number> {
    const options = readOptions(args, {
        ...TARGET_OPTIONS,
        json: { type: "boolean" },
        html: { type: "string" },
        watch: { type: "boolean" },
        interval: { type: "string" },
    });
    const interval = options.interval === undefined ? INTERVAL_SECONDS : Number(options.interval);
    if (!(interval > 0)) {
        throw wrongUsage(`--interval: expected a number of seconds above 0, got ${options.interval}`);
    }
    if (options.json && options.html !== undefined) {
        throw wrongUsage("--json and --html exclude each other");
    }
    const targets = await findTargets(options);
    for (;;) {
        const statuses = await Promise.all(targets.map((servers) => readClusterStatus(servers, engineOf)));
        show(statuses, options, interval);
        if (!options.watch) {
            return statuses.every(isHealthy) ? EXIT.ok : EXIT.unhealthy;
        }
        await sleep(interval * 1_000);
    }
}

interface Form {
    readonly json?: boolean;
    readonly html?: string;
    readonly watch?: boolean;
}

function show(statuses: readonly ClusterStatus[], { json, html, watch }: Form, interval: number): void {
    if (html !== undefined) {
        writeWhole(html, statusPage(statuses, watch ? Math.max(1, Math.ceil(interval)) : undefined));
        if (!watch) {
            process.stdout.write(`${html}\n`);
        }
    } else if (json) {
        process.stdout.write(`${JSON.stringify(statuses, null, watch ? undefined : 2)}\n`);
    } else {
        const clear = watch && process.stdout.isTTY ? CLEAR_SCREEN : "";
        process.stdout.write(`${clear}${statuses.map(statusText).join("\n\n")}\n`);
    }
}

/** Whoever reads the file at that moment gets the old page or the new one, never half of it. */
function writeWhole(file: string, text: string): void {
    const unfinished = `${file}.${process.pid}.tmp`;
    fs.writeFileSync(unfinished, text);
    fs.renameSync(unfinished, file);
}
