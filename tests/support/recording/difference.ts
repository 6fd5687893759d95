/** How a statement that came differs from the one that was recorded, for people to read. */
import type { Question } from "./actor";

const LINES_AROUND = 2;

/** What a case did is not what its recording has. */
export class RecordingDifference extends Error {
    override readonly name = "RecordingDifference";
}

/** The lines in which two questions differ, with "-" for the recorded one and "+" for the one that came. */
export function describeDifference(recorded: Question | undefined, came: Question): string {
    const expected = recorded === undefined ? [] : linesOf(recorded);
    const found = linesOf(came);
    const head = commonLength(expected, found);
    const most = Math.min(expected.length, found.length) - head;
    const tail = Math.min(commonLength([...expected].reverse(), [...found].reverse()), most);
    return [
        ...found.slice(Math.max(0, head - LINES_AROUND), head).map((line) => `    ${line}`),
        ...expected.slice(head, expected.length - tail).map((line) => `  - ${line}`),
        ...found.slice(head, found.length - tail).map((line) => `  + ${line}`),
        ...found.slice(found.length - tail, found.length - tail + LINES_AROUND).map((line) => `    ${line}`),
    ].join("\n");
}

/** A question in one line, cut where it is long. */
export function brief({ on, sql, values }: Question): string {
    const text = `${sql.replace(/\s+/g, " ").trim()}${values?.length ? ` ${JSON.stringify(values)}` : ""}`;
    return `${on}: ${text.length > 120 ? `${text.slice(0, 120)}...` : text}`;
}

/** How much of their texts two questions share from the start. */
export function likeness(a: Question, b: Question): number {
    return commonLength([...a.sql], [...b.sql]);
}

function linesOf({ on, sql, values }: Question): string[] {
    return [`on ${on}`, ...sql.split("\n"), ...(values?.length ? [`values ${JSON.stringify(values)}`] : [])];
}

function commonLength(a: readonly string[], b: readonly string[]): number {
    const end = a.findIndex((line, index) => line !== b[index]);
    return end < 0 ? a.length : end;
}
