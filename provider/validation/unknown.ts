/**
 * Values that a preview does not know yet. The engine hands them to check and diff as one string, at any depth and in
 * place of whole lists and objects too; they are recognised here and nowhere else.
 */

/** What the engine sends in place of a value that is not known yet. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Whether a value is not known yet. */
export function isUnknown(value: unknown): boolean {
    return value === UNKNOWN;
}

/** Whether a value, or anything inside it, is not known yet. */
export function holdsUnknown(value: unknown): boolean {
    if (typeof value !== "object" || value === null) {
        return isUnknown(value);
    }
    return Object.values(value).some(holdsUnknown);
}
