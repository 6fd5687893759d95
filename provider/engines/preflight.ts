/** Preflight's parts that both engines use. */
import type { Problem } from "./engine";

/** A data node as `checkServers()` is given it, before any resource exists. */
export interface NodeCheck {
    readonly nodeName: string;
    /** The access node's way to the data node. */
    readonly host: string;
    readonly port: number;
    /** The cluster's database on it. */
    readonly database: string;
    readonly user?: string;
    readonly password?: string;
    readonly serverOptions: Readonly<Record<string, string>>;
    /** Whether the provider's own way to it was given, rather than taken from host and port. */
    readonly ownConnection: boolean;
}

/** Problems as the text of a PREFLIGHT_FAILED error: one line each, errors first. */
export function formatProblems(problems: readonly Problem[]): string {
    const line = (problem: Problem): string =>
        `- ${problem.severity === "warning" ? "(advice) " : ""}${problem.server}: ${problem.what}. ` +
        `${problem.remedy}${problem.restart ? " (needs a restart)" : ""}`;
    const order = (severity: Problem["severity"]): string[] =>
        problems.filter((problem) => problem.severity === severity).map(line);
    return [...order("error"), ...order("warning")].join("\n");
}
