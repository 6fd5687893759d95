/**
 * The one exit: every text that an operation shows, or saves in clear, passes through here, and no secret does. Errors,
 * warnings, progress, printed plans and the reason why a resource is incomplete all come this way.
 */
import { redact, type ProviderError } from "../errors";
import { readableError } from "./failure";

/** Hides the secrets of one operation. */
export class Exit {
    private readonly secrets: Set<string>;

    /** @param secrets those of the values that the operation was given */
    constructor(secrets: Iterable<string>) {
        this.secrets = new Set(secrets);
    }

    /** Hides these as well from now on: a plan's steps may hold secrets that no input has. */
    learn(secrets: readonly string[]): void {
        secrets.forEach((secret) => this.secrets.add(secret));
    }

    /** The text without a secret. */
    hide(text: string): string {
        return redact(text, [...this.secrets]);
    }

    /** A message without a secret. Its first line, which may be all that a terminal shows, is never empty. */
    message(text: string): string {
        return this.hide(text).trimStart() || "(no text)";
    }

    /** A value bound to a statement, without a secret at any depth. */
    value(value: unknown): unknown {
        if (typeof value === "string") {
            return this.hide(value);
        }
        return Array.isArray(value) ? value.map((item: unknown) => this.value(item)) : value;
    }

    /** Whatever was thrown, as an error that says which action failed: `create data node "dn1"`. */
    error(error: unknown, action: string): ProviderError {
        const shown = readableError(error)
            .inContext(action)
            .withTexts((text) => this.message(text));
        // Pulumi prints the stack of an error from check, diff, read and delete a second time.
        shown.stack = "";
        return shown;
    }
}
