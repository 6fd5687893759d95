/** Chunk intervals: what a program writes against what TimescaleDB's catalogue holds. */
import type { Session } from "../../postgres/pool";

/** What `chunkTimeInterval` stands for where it is absent. */
export const DEFAULT_CHUNK_INTERVAL = "7 days";

/** The key of the canonical form in the outputs: microseconds, or units of an integer column. */
export const INTERVAL_PATH = "chunkTimeInterval";

/** An interval as TimescaleDB counts it: a month has 30 days and a year twelve months, so `1 year` is 360 days. */
export async function askInterval(
    session: Session,
    interval: string | number = DEFAULT_CHUNK_INTERVAL,
): Promise<string> {
    if (typeof interval === "number") {
        return String(interval);
    }
    const { microseconds } = await session.one<{ microseconds: string }>(
        `SELECT (1000000 * extract(epoch FROM
                    make_interval(days => 30 * (12 * extract(year FROM i) + extract(month FROM i))::int
                                          + extract(day FROM i)::int)
                    + (i - date_trunc('day', i))))::bigint::text AS microseconds
           FROM (SELECT $1::interval AS i) requested`,
        [interval],
    );
    return microseconds;
}

/** The argument for a chunk interval: TimescaleDB's functions take any type, so the text must say which. */
export function intervalArgument(interval: string | number | undefined, parameter: number): string {
    return `$${parameter}::${typeof interval === "number" ? "bigint" : "interval"}`;
}
