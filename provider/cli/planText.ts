/** A stack's plan for a terminal. */
import type { PlannedStep } from "../handlers/planning/planner";
import type { StackOperation, StackPlan } from "./plan";
import { bytesText, countText, plainText } from "./words";

/** The whole plan as text. */
export function planText({ operations }: StackPlan): string {
    if (operations.length === 0) {
        return "No resource of this package changes: the next `pulumi up` runs no SQL.";
    }
    const steps = operations.flatMap((operation) => operation.steps);
    const lost = steps.filter(({ destroys }) => destroys !== null);
    const tail = [
        `${operations.length} ${operations.length === 1 ? "operation" : "operations"}, ${steps.length} steps known.`,
        ...(lost.length === 0 ? ["Nothing is destroyed by them."] : ["Destroys:", ...lost.map(lossText)]),
    ];
    return plainText([...operations.map(operationText), tail.join("\n")].join("\n\n"));
}

function operationText(operation: StackOperation): string {
    const { urn, steps, warnings, continues, refusal, unknown, replacedFor } = operation;
    const why = replacedFor.length === 0 ? "" : ` (replaced for ${replacedFor.join(", ")})`;
    return [
        `${operation.operation} ${operation.resource}${why}`,
        `  ${urn}`,
        ...steps.flatMap((step, at) => stepLines(step, steps[at - 1], at + 1)),
        ...(steps.length === 0 && unknown === null && refusal === null ? ["  no SQL"] : []),
        ...(continues === null ? [] : [`  then more, planned from what is there by then: ${continues}`]),
        ...(unknown === null ? [] : [`  cannot be known yet: ${unknown}`]),
        ...(refusal === null ? [] : [`  will be refused: ${refusal}`]),
        ...warnings.map((warning) => `  warning: ${warning}`),
    ].join("\n");
}

function stepLines(step: PlannedStep, before: PlannedStep | undefined, number: number): string[] {
    const joined =
        step.transaction !== null &&
        before?.transaction === step.transaction &&
        before.server === step.server &&
        before.database === step.database;
    return [
        `  ${number}. ${step.name}: ${step.why}`,
        `     on ${step.server}, database ${step.database}${joined ? ", in the same transaction" : ""}`,
        ...step.sql.split("\n").map((line) => `       ${line}`),
        ...step.values.map((value, at) => `       $${at + 1} = ${JSON.stringify(value) ?? "NULL"}`),
        ...(step.destroys === null ? [] : [`     DESTROYS ${destroyed(step)}`]),
    ];
}

function lossText(step: PlannedStep): string {
    return `  ${destroyed(step)} on ${step.server}`;
}

function destroyed({ destroys }: PlannedStep): string {
    const { what, rows, bytes } = destroys ?? { what: "" };
    return [
        what,
        ...(rows === undefined ? [] : [`about ${countText(rows)} rows`]),
        ...(bytes === undefined ? [] : [bytesText(bytes)]),
    ].join(", ");
}
