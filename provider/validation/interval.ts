/**
 * Whether a text is an interval above zero, as far as that can be told without a server. It knows PostgreSQL's own
 * spellings but for the rare ones ("1-2", "1 2:03"); a sign inside, or a bare number, more likely means something else.
 */

const NUMBER = "(?:\\d+(?:\\.\\d*)?|\\.\\d+)";

const UNITS = [
    "microseconds?|usecs?|us",
    "milliseconds?|msecs?|ms",
    "seconds?|secs?|s",
    "minutes?|mins?|m",
    "hours?|hrs?|h",
    "days?|d",
    "weeks?|w",
    "months?|mons?",
    "years?|yrs?|y",
    "decades?",
].join("|");

const CLOCK = "\\d+:[0-5]?\\d(?::[0-5]?\\d(?:\\.\\d*)?)?";
const WORDS = `(?:@\\s*)?\\+?(?:(?:${NUMBER}\\s*(?:${UNITS})\\s*)+(?:${CLOCK})?|${CLOCK})`;

const dated = (...letters: string[]): string => letters.map((letter) => `(?:${NUMBER}${letter})?`).join("");
const ISO_8601 = `P(?=[\\d.T])${dated("Y", "M", "W", "D")}(?:T(?=[\\d.])${dated("H", "M", "S")})?`;

const INTERVAL = new RegExp(`^\\s*(?:${WORDS}|${ISO_8601})\\s*$`, "i");

/** Whether a text such as "7 days", "12:00" or "P1W" is an interval above zero. */
export function isPositiveInterval(text: string): boolean {
    return INTERVAL.test(text) && /[1-9]/.test(text);
}
