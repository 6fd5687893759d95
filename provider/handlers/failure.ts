/** How failures leave a handler: the one exit where the operation is named and secrets are taken out. */
import { ProviderError, redact } from "../errors";
import type { Values } from "./schema";

/** What was being done: `create`, `data node "dn1"`, and the values that must not be shown. */
export interface Doing {
    readonly verb: string;
    readonly label: string;
    readonly secrets: readonly string[];
}

/** An operation was cut after it had changed something. */
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
class HalfMadeError extends Error {
    constructor(
        readonly id: string,
        readonly properties: Values,
        readonly reasons: readonly string[],
    ) {
        super(reasons.join("; "));
    }
}

/** Whatever was thrown, as it may be shown: one kind of error, with the operation in front, no secret and no stack. */
export function presentable(error: unknown, doing: Doing): Error {
    if (error instanceof Interrupted) {
        const { message } = presentable(error.cause, { ...doing, verb: "finish" });
        const incomplete = redact(error.message, doing.secrets);
        return new HalfMadeError(error.id, { ...error.outs, incomplete }, [message]);
    }
    const known =
        error instanceof ProviderError ? error : new ProviderError("SERVER_ERROR", messageOf(error), { cause: error });
    const shown = known.inContext(`${doing.verb} ${doing.label}`).redacted(doing.secrets);
    // Pulumi prints the stack of an error from check, diff, read and delete a second time.
    shown.stack = "";
    return shown;
}

/** The text of whatever was thrown; never empty. */
export function messageOf(error: unknown): string {
    return error instanceof Error ? error.message || error.name : String(error);
}
