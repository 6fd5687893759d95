/** Version numbers of PostgreSQL and TimescaleDB: read from a server's text, compared part by part. */

/** Whether one version is older (< 0) than another, newer (> 0) or the same as far as both are given: "2.9" is "2.9.3". */
export function compareVersions(a: string, b: string): number {
    const left = parts(a);
    const right = parts(b);
    const shared = Math.min(left.length, right.length);
    for (let i = 0; i < shared; i++) {
        const difference = (left[i] ?? 0) - (right[i] ?? 0);
        if (difference !== 0) {
            return difference;
        }
    }
    return 0;
}

/** The first two parts of a version: "2.13" of "2.13.1". TimescaleDB's nodes must agree on these. */
export function minorOf(version: string): string {
    return parts(version).slice(0, 2).join(".");
}

/** Versions from `from` on, up to but without `below`. */
export interface VersionRange {
    /** For example "2.9". Absent: from the first on. */
    readonly from?: string;
    /** For example "2.14". Absent: without an end. */
    readonly below?: string;
}

/** Whether a version lies in a range. */
export function inRange(version: string, range: VersionRange): boolean {
    return (
        (range.from === undefined || compareVersions(version, range.from) >= 0) &&
        (range.below === undefined || compareVersions(version, range.below) < 0)
    );
}

/** `14 or later`, `2.0 or later, below 2.14`, as messages and docs show a range. */
export function describeRange(range: VersionRange): string {
    const from = range.from === undefined ? [] : [`${range.from} or later`];
    const below = range.below === undefined ? [] : [`below ${range.below}`];
    return [...from, ...below].join(", ") || "any version";
}

function parts(version: string): number[] {
    const numbers = version.match(/^\d+(?:\.\d+)*/)?.[0];
    if (numbers === undefined) {
        throw new TypeError(`"${version}" is not a version`);
    }
    return numbers.split(".").map(Number);
}
