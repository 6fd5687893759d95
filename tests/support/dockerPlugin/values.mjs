// @ts-check
/** The values that Pulumi sends: plain data, in which a secret is an object with a signature. */
import { isDeepStrictEqual } from "node:util";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** @typedef {Record<string, unknown>} Values */

/**
 * The same without the marks of secrets, at any depth.
 *
 * @template T
 * @param {T} value
 * @returns {T}
 */
export function open(value) {
    if (Array.isArray(value)) return /** @type {T} */ (value.map(open));
    if (typeof value !== "object" || value === null) return value;
    const object = /** @type {Values} */ (value);
    if (object[SIGNATURE] === SECRET) return /** @type {T} */ (open(object.value));
    return /** @type {T} */ (Object.fromEntries(Object.entries(object).map(([key, each]) => [key, open(each)])));
}

/**
 * The inputs that differ from what is there. Outputs that are no inputs are left out by name.
 *
 * @param {Values} olds the outputs
 * @param {Values} news the inputs
 * @param {readonly string[]} computed
 * @returns {string[]}
 */
export function changedKeys(olds, news, computed) {
    const [before, after] = [open(olds), open(news)];
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].filter(
        (key) => !computed.includes(key) && !key.startsWith("__") && !isDeepStrictEqual(before[key], after[key]),
    );
}
