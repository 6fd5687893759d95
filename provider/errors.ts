/**
 * One error type, the catalogue of its codes, and how a secret is taken out of a text.
 * docs/errors.md has a section for each code; its anchor is the code in lower case.
 */

/** Every code that a {@link ProviderError} can carry, with its one-line meaning. */
export const ERROR_CODES = {
    INVALID_ARGUMENT: "an argument of a function or of the command line is missing or wrong",
    SERVER_UNREACHABLE: "a server does not answer at its host and port",
    AUTHENTICATION_FAILED: "a server refuses the user, the password, the certificate or the address of the client",
    TLS_FAILED: "an encrypted connection with the requested checks cannot be made",
    PERMISSION_DENIED: "the user lacks a right that the operation needs",
    PREFLIGHT_FAILED: "the servers are not ready for a cluster; every failing item is listed",
    ENGINE_UNAVAILABLE: "no engine, or not the requested one, fits what the server has",
    ENGINE_CHANGE_REFUSED: "the engine of an existing access node cannot change in place",
    NOT_SUPPORTED: "the engine or its version cannot do what the inputs ask for",
    ALREADY_EXISTS: "an object of that name exists and is not this resource's",
    FOREIGN_CLUSTER: "the server, database or node belongs to another cluster",
    NODE_IN_USE: "the data node's host, port and database are registered under another name",
    HOLDS_DATA: "the operation would destroy rows and the program does not say so",
    HOLDS_OTHER_OBJECTS: "the database or the access node holds objects that are not this stack's",
    LAST_COPY: "a data node holds the only copy of some chunk or shard",
    NOT_FOUND: "an object that the operation builds on does not exist",
    LOCKED: "another run holds the lock for longer than the lock time-out",
    TIMED_OUT: "a statement ran longer than the statement time-out",
    TRANSIENT: "a passing fault lasted longer than all retries",
    NOT_CONVERGED: "steps are left although every step was applied",
    STATE_FROM_NEWER_VERSION: "the state was written by a newer version of this package",
    PULUMI_FAILED: "the pulumi CLI, asked by `npx pulumi-timescaledb`, failed",
    SERVER_ERROR: "the server answered with an error that has no code of its own",
} as const;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What else an error may say. */
export interface ProviderErrorOptions {
    /** What the user can do about it: one sentence, without the final full stop. */
    readonly remedy?: string;
    /** The server's own error. */
    readonly cause?: unknown;
    /** Whether the same operation may succeed when it is planned anew from what is then there. */
    readonly transient?: boolean;
}

/**
 * The one error that leaves this package. Its message reads
 * `could not <do> <object> on <where>: <cause>. <what to do>. [CODE] docs/errors.md#<anchor>`;
 * the part before the colon is put on by {@link inContext}, where the operation is known.
 */
export class ProviderError extends Error {
    readonly code: ErrorCode;
    readonly reason: string;
    readonly remedy: string | undefined;
    readonly transient: boolean;

    constructor(code: ErrorCode, reason: string, options: ProviderErrorOptions = {}) {
        super(compose(code, reason, options.remedy), { cause: options.cause });
        this.name = "ProviderError";
        this.code = code;
        this.reason = reason;
        this.remedy = options.remedy;
        this.transient = options.transient ?? false;
    }

    /** The same error with what was being done in front: `could not <action>: ...`. */
    inContext(action: string): ProviderError {
        return this.prefixed(`could not ${action}`);
    }

    /** The same error with the step that failed in front: `addDataNode on access node (...): ...`. */
    inStep(step: string): ProviderError {
        return this.prefixed(step);
    }

    private prefixed(prefix: string): ProviderError {
        return new ProviderError(this.code, `${prefix}: ${this.reason}`, {
            remedy: this.remedy,
            cause: this.cause,
            transient: this.transient,
        });
    }

    /** The same error with its texts changed: without secrets, for example. */
    withTexts(change: (text: string) => string): ProviderError {
        return new ProviderError(this.code, change(this.reason), {
            remedy: this.remedy === undefined ? undefined : change(this.remedy),
            cause: this.cause,
            transient: this.transient,
        });
    }
}

function compose(code: ErrorCode, reason: string, remedy: string | undefined): string {
    const sentences = [reason, ...(remedy === undefined ? [] : [remedy])].map((text) => text.replace(/[.\s]+$/, ""));
    return `${sentences.join(". ")}. [${code}] docs/errors.md#${code.toLowerCase()}`;
}

/**
 * Takes every given secret out of a text, also where it stands as an SQL literal has it.
 *
 * @param text for example `password authentication failed: hunter2`
 * @param secrets the values to hide; empty ones are ignored
 */
export function redact(text: string, secrets: readonly string[]): string {
    return secrets
        .flatMap((secret) => [secret, secret.replaceAll("'", "''").replaceAll("\\", "\\\\")])
        .filter((secret) => secret !== "")
        .sort((a, b) => b.length - a.length)
        .reduce((result, secret) => result.replaceAll(secret, "[secret]"), text);
}
