/** Failures in the forms in which they leave a handler. */
import { ProviderError } from "../errors";
import type { Values } from "./schema";

/** An operation was interrupted after it had changed something. */
export class Interrupted extends Error {
    /**
     * @param id the resource's
     * @param outs what is known of it, so that the next `up` goes on
     */
    constructor(
        readonly id: string,
        readonly outs: Values,
        cause: unknown,
    ) {
        super(messageOf(cause), { cause });
    }
}

/** A half-made resource, in the form in which the SDK saves it: only `reasons` are shown, and saved in clear. */
export class HalfMadeError extends Error {
    constructor(
        readonly id: string,
        readonly properties: Values,
        readonly reasons: readonly string[],
    ) {
        super(reasons.join("; "));
    }
}

/** Whatever was thrown, as this package's own error. */
export function readableError(error: unknown): ProviderError {
    return error instanceof ProviderError
        ? error
        : new ProviderError("SERVER_ERROR", messageOf(error), { cause: error });
}

/** The text of whatever was thrown; never empty. */
export function messageOf(error: unknown): string {
    return error instanceof Error ? error.message.trim() || error.name : String(error).trim() || "no text";
}
