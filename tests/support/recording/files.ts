/**
 * The recordings of one test file: a folder with a file a case, one answer a line, and texts.jsonl with the long
 * statements and answers, which many cases have in common. They are written by `npm run test:record` only.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { Question } from "./actor";
import type { Answer } from "./answer";

/** Stands between a test file's own title and that of a case, in the name of what is recorded. */
export const SEPARATOR = "› ";

const TEXTS = "texts.jsonl";
const LONGEST_INLINE = 150;
const LONGEST_NAME = 60;

/** A question, its answer, and the how-manieth session of the case asked. */
export interface Entry extends Question {
    readonly session: number;
    readonly answer: Answer;
}

/** The first line of a case. */
export interface Header {
    readonly case: string;
    /** "TimescaleDB 2.13.1". */
    readonly server: string;
    /** The day: "2026-01-31". */
    readonly recorded: string;
}

interface Line extends Omit<Entry, "answer"> {
    /** A string stands for a text by its key, as does `sql` where it begins with "#". */
    readonly answer: Answer | string;
}

/** The folder of a test file's recordings. */
export class Recordings {
    private texts: ReadonlyMap<string, unknown> | undefined;

    constructor(readonly folder: string) {}

    /** The cases that are there. */
    headers(): Header[] {
        return this.files().map((file) => JSON.parse(this.lines(file)[0] ?? "") as Header);
    }

    fileOf(scope: string): string {
        const title = scope.split(SEPARATOR).at(-1) ?? "";
        const words = title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
        return `${words.slice(0, LONGEST_NAME).replace(/^-|-$/g, "")}-${keyOf(scope)}.jsonl`;
    }

    /** A case; undefined: it was not recorded. */
    read(scope: string): Entry[] | undefined {
        if (!this.files().includes(this.fileOf(scope))) {
            return undefined;
        }
        this.texts ??= new Map(this.lines(TEXTS).map((line) => JSON.parse(line) as [string, unknown]));
        const [, ...lines] = this.lines(this.fileOf(scope));
        return lines.map((text) => {
            const line = JSON.parse(text) as Line;
            const answer = typeof line.answer === "string" ? (this.text(line.answer) as Answer) : line.answer;
            const sql = line.sql.startsWith("#") ? (this.text(line.sql) as string) : line.sql;
            return { ...line, sql, answer };
        });
    }

    /** Writes a case, and adds to the texts. */
    write(header: Header, entries: readonly Entry[]): void {
        fs.mkdirSync(this.folder, { recursive: true });
        const texts = new Map(this.lines(TEXTS).map((line) => JSON.parse(line) as [string, unknown]));
        const short = <T>(value: T): T | string => {
            const json = JSON.stringify(value);
            if (json.length <= LONGEST_INLINE) {
                return value;
            }
            const key = `#${keyOf(json)}`;
            texts.set(key, value);
            return key;
        };
        const lines = entries.map(({ session, on, sql, values, answer }): Line => {
            return { session, on, sql: short(sql), values, answer: short(answer) };
        });
        this.writeLines(this.fileOf(header.case), [header, ...lines]);
        const sorted = [...texts].sort(([a], [b]) => (a < b ? -1 : 1));
        this.writeLines(TEXTS, sorted);
    }

    private text(key: string): unknown {
        if (!this.texts?.has(key)) {
            throw new Error(`${path.join(this.folder, TEXTS)} has no text ${key}: record again`);
        }
        return this.texts.get(key);
    }

    private files(): string[] {
        const names = fs.existsSync(this.folder) ? fs.readdirSync(this.folder) : [];
        return names.filter((name) => name.endsWith(".jsonl") && name !== TEXTS).sort();
    }

    private lines(name: string): string[] {
        const file = path.join(this.folder, name);
        return fs.existsSync(file) ? fs.readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
    }

    private writeLines(name: string, lines: readonly unknown[]): void {
        const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
        fs.writeFileSync(path.join(this.folder, name), text);
    }
}

function keyOf(text: string): string {
    return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
