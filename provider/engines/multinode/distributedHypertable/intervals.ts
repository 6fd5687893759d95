/** Chunk intervals: what a program writes against what the catalogue holds. */
import type { Session } from "../../../postgres/pool";

/** What `chunkTimeInterval` stands for where it is absent. */
export const DEFAULT_CHUNK_INTERVAL = "7 days";

/** The key of the canonical form in the outputs: microseconds, or units of an integer column. */
export const INTERVAL_PATH = "chunkTimeInterval";

/** An interval in microseconds as TimescaleDB counts them: a month has 30 days, a year twelve months. */
export async function askInterval(session: Session, interval: string): Promise<string> {
    const [row] = await session.query<{ microseconds: string }>(
        `SELECT (1000000 * extract(epoch FROM
                    make_interval(days => 30 * (12 * extract(year FROM i) + extract(month FROM i))::int
                                          + extract(day FROM i)::int)
                    + (i - date_trunc('day', i))))::bigint::text AS microseconds
           FROM (SELECT $1::interval AS i) requested`,
        [interval],
    );
    return row?.microseconds ?? "";
}

/** The argument for a chunk interval: the function takes any type, so the text must say which. */
export function intervalArgument(requested: string | number | undefined, parameter: number): string {
    return typeof requested === "number" ? `$${parameter}::bigint` : `$${parameter}::interval`;
}
