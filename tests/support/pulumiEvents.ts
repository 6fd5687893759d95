/** Reads the event log of the pulumi CLI, one JSON object a line, for what its output only shows to people. */
import { isDeepStrictEqual } from "node:util";
import { existsSync, readFileSync } from "node:fs";

/** What is done to a resource, such as create, update, replace, delete, same, refresh. */
export type Op = string;

/** One step of a run. */
export interface StepEvent {
    readonly op: Op;
    readonly urn: string;
    /** The inputs that differ: property paths where the provider names them, else names. */
    readonly diffs: readonly string[];
    readonly failed: boolean;
}

/** What a run did. */
export interface Events {
    /** How many resources by what was (or, in a preview, would be) done to them; `same` too; empty when it did not get that far. */
    readonly changes: Readonly<Partial<Record<Op, number>>>;
    /** The same without what stays as it is, for `toEqual({})`. */
    readonly realChanges: Readonly<Partial<Record<Op, number>>>;
    /** In the order in which they began. */
    readonly steps: readonly StepEvent[];
    /** Errors and warnings, without colours. */
    readonly diagnostics: readonly { readonly severity: string; readonly message: string; readonly urn?: string }[];
}

const SHOWN = ["error", "warning"];

interface Metadata {
    readonly op: Op;
    readonly urn: string;
    readonly type: string;
    readonly old?: { readonly inputs: Readonly<Record<string, unknown>> } | null;
    readonly new?: { readonly inputs: Readonly<Record<string, unknown>> } | null;
    readonly detailedDiff?: Readonly<Record<string, unknown>> | null;
}

interface EngineEvent {
    readonly resourcePreEvent?: { readonly metadata: Metadata };
    readonly resOpFailedEvent?: { readonly metadata: Metadata };
    readonly diagnosticEvent?: { readonly severity: string; readonly message: string; readonly urn?: string };
    readonly summaryEvent?: { readonly resourceChanges?: Readonly<Partial<Record<Op, number>>> };
}

/** The events of the log at `file`; a log that is missing or cut at its end gives what is there. */
export function readEvents(file: string): Events {
    return summarise(existsSync(file) ? readFileSync(file, "utf8") : "");
}

/** The events of a log's text. */
export function summarise(text: string): Events {
    const events = text.split("\n").flatMap(parseLine);
    const failed = new Set(events.flatMap((event) => event.resOpFailedEvent?.metadata.urn ?? []));
    const changes = events.findLast((event) => event.summaryEvent)?.summaryEvent?.resourceChanges ?? {};
    return {
        changes,
        realChanges: Object.fromEntries(Object.entries(changes).filter(([op]) => op !== "same" && op !== "read")),
        steps: events.flatMap(({ resourcePreEvent }) => {
            const metadata = resourcePreEvent?.metadata;
            // The summary does not count providers either, which change with any configuration value.
            if (!metadata || metadata.type.startsWith("pulumi:providers:")) return [];
            const { op, urn } = metadata;
            return [{ op, urn, diffs: diffsOf(metadata), failed: failed.has(urn) }];
        }),
        diagnostics: events.flatMap(({ diagnosticEvent }) => {
            if (!diagnosticEvent || !SHOWN.includes(diagnosticEvent.severity)) return [];
            const { severity, message, urn } = diagnosticEvent;
            return [{ severity, message: message.replace(/<\{%.*?%\}>/g, "").trim(), urn: urn || undefined }];
        }),
    };
}

function diffsOf({ detailedDiff, ...metadata }: Metadata): string[] {
    if (detailedDiff) return Object.keys(detailedDiff);
    if (!metadata.old || !metadata.new) return [];
    const [olds, news] = [metadata.old.inputs, metadata.new.inputs];
    const names = new Set([...Object.keys(olds), ...Object.keys(news)]);
    return [...names].filter((name) => !isDeepStrictEqual(olds[name], news[name]));
}

function parseLine(line: string): EngineEvent[] {
    try {
        return line ? [JSON.parse(line) as EngineEvent] : [];
    } catch {
        // A CLI that was killed leaves half a line.
        return [];
    }
}
