/**
 * What a server was told to run, as its own log has it.
 *
 *     const cluster = await startCluster(kind, { settings: LOGGING });
 *     const log = new StatementLog(cluster.access);
 *     await log.next();                       // from here on
 *     ...
 *     const statements = await log.next();    // what the provider sent since then
 */
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isPinning } from "../../provider/postgres/sessionSettings";
import type { Server } from "../../tools/servers/postgresServer.mjs";
import { query } from "./query";

const APPLICATION = "pulumi-timescaledb";
const FILE = "statements";
const WAIT_TIMEOUT_MS = 10_000;
const POLL_MS = 10;
/** Columns of csvlog. */
const MESSAGE = 13;
const DETAIL = 14;
const APPLICATION_NAME = 22;

/** The settings by which a server logs every statement. */
export const LOGGING = {
    logging_collector: "on",
    log_destination: "csvlog",
    log_directory: "log",
    log_filename: `${FILE}.log`,
    log_file_mode: "0644",
    log_statement: "all",
    log_rotation_age: "0",
    log_rotation_size: "0",
};

/** One statement and what was bound to it, as the log spells it. */
export interface Statement {
    readonly sql: string;
    /** `$1 = 'dn1', $2 = NULL`; empty without parameters. */
    readonly parameters: string;
}

/** The log of one server. */
export class StatementLog {
    private offset = 0;
    private markers = 0;

    constructor(private readonly server: Server) {}

    /** The provider's statements since the last call. */
    async next(): Promise<Statement[]> {
        const marker = `marker ${++this.markers} of ${this.server.port}`;
        await query(this.server, "postgres", `SELECT '${marker}'`);
        const file = path.join(this.server.dataFolder, "log", `${FILE}.csv`);
        const deadline = Date.now() + WAIT_TIMEOUT_MS;
        for (;;) {
            const text = fs.existsSync(file) ? fs.readFileSync(file).subarray(this.offset) : Buffer.alloc(0);
            const end = text.indexOf(marker);
            if (end >= 0) {
                // The marker's own line is skipped with the next reading: it is another application's.
                const upTo = text.subarray(0, text.lastIndexOf("\n", end) + 1);
                this.offset += upTo.length;
                return readCsv(upTo.toString("utf8")).flatMap(statementOf);
            }
            if (Date.now() > deadline) throw new Error(`the log of the server on ${this.server.port} has no ${marker}`);
            await sleep(POLL_MS);
        }
    }
}

function statementOf(row: readonly string[]): Statement[] {
    const found = row[MESSAGE]?.match(/^(?:statement|execute [^:]*): (.*)$/s);
    if (row[APPLICATION_NAME] !== APPLICATION || found?.[1] === undefined || isPinning(found[1])) return [];
    return [{ sql: found[1], parameters: (row[DETAIL] ?? "").replace(/^parameters: /i, "") }];
}

/** Rows of CSV with quoted fields that may hold anything. */
function readCsv(text: string): string[][] {
    const rows: string[][] = [];
    let row: string[] = [];
    for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
        row.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'));
        if (end === "\n") {
            rows.push(row);
            row = [];
        }
    }
    return rows;
}
