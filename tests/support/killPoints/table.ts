/** The outcomes as a table for people. */
import type { EngineName } from "../servers";
import { MODES } from "./cluster";
import type { Outcome } from "./points";

/** A line for each operation and mode: how many points were tried, and how many of them ended well. */
export function outcomeTable(engine: EngineName, outcomes: readonly Outcome[]): string {
    const names = [...new Set(outcomes.map(({ point }) => point.operation.name))];
    const rows = names.flatMap((name) =>
        MODES.flatMap((mode) => {
            const tried = outcomes.filter(({ point }) => point.operation.name === name && point.mode === mode);
            return tried.length === 0 ? [] : [[name, engine, mode, ...countsOf(tried)]];
        }),
    );
    const head = ["operation", "engine", "mode", "tried", "converged", "residue 0"];
    const all = [head, ...rows, ["all", engine, "", ...countsOf(outcomes)]];
    const widths = head.map((_title, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
    return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")).join("\n");
}

function countsOf(outcomes: readonly Outcome[]): string[] {
    const of = (isMeant: (outcome: Outcome) => boolean): string => String(outcomes.filter(isMeant).length);
    return [of(() => true), of(({ converged }) => converged), of(({ clean }) => clean)];
}

/** What went wrong, one line for each point. */
export function failuresOf(outcomes: readonly Outcome[]): string[] {
    return outcomes.flatMap(({ point, failure }) =>
        failure === undefined
            ? []
            : [
                  `${point.operation.name}, ${point.mode}, ${point.wire}, statement ${point.number} ` +
                      `(${point.statement.replace(/\s+/g, " ").slice(0, 120)}): ${failure}`,
              ],
    );
}
