/**
 * Random statements on a table (time, device, temp, note) with a unique key (device, time), whose outcome does not
 * depend on the order in which a server happens to visit rows: numbers are multiples of 0.25, so that their sums are
 * exact, and a time is changed for one row at a time.
 */
import type { Random } from "./random";

/** A statement; the table's name is put in. */
export type Statement = (table: string) => string;

/** How many devices there are beside "none". */
export const DEVICES = 24;
const MINUTES = 1_500;
const LARGEST_BATCH = 400;

const time = (random: Random): string => timeLiteral(random.integer(0, MINUTES));
const device = (random: Random): string => (random.integer(0, 40) === 0 ? "NULL" : String(random.integer(1, DEVICES)));
const temp = (random: Random): string => (random.integer(0, 30) === 0 ? "NULL" : String(random.integer(-80, 400) / 4));
const note = (random: Random): string => random.pick(["NULL", "''", "'ok'", "'it''s \\ \"odd\"'", "'ü'"]);
const row = (random: Random): string => `(${time(random)}, ${device(random)}, ${temp(random)}, ${note(random)})`;

function timeLiteral(minute: number): string {
    return `'${new Date(Date.UTC(2026, 0, 1) + minute * 60_000).toISOString()}'`;
}

function period(random: Random): string {
    const from = random.integer(0, MINUTES);
    return `time >= ${timeLiteral(from)} AND time < ${timeLiteral(from + random.integer(1, 300))}`;
}

/** A condition that can be sent to the data nodes: some name the key, and are asked of one shard only. */
function condition(random: Random): string {
    return random.pick([
        () => `device = ${random.integer(1, DEVICES)} AND ${period(random)}`,
        () => `device = ${random.integer(1, DEVICES)} AND time = ${time(random)}`,
        () => `device IN (${random.integer(1, DEVICES)}, ${random.integer(1, DEVICES)}) AND ${period(random)}`,
        () => `device IS NULL AND ${period(random)}`,
        () => `${period(random)} AND temp > ${random.integer(0, 80)}`,
        () => `temp = ${temp(random)} AND ${period(random)}`,
        () => `note = ${note(random)} AND device > ${random.integer(1, DEVICES)} AND ${period(random)}`,
    ])();
}

function insert(random: Random, rows: number): string {
    return `(time, device, temp, note) VALUES ${Array.from({ length: rows }, () => row(random)).join(", ")}`;
}

const KINDS: readonly (readonly [weight: number, make: (random: Random) => Statement])[] = [
    [4, (random) => withValues(insert(random, 1), " RETURNING *")],
    [3, (random) => withValues(insert(random, random.integer(2, 40)), "")],
    [9, (random) => withValues(insert(random, random.integer(2, LARGEST_BATCH)), " ON CONFLICT DO NOTHING")],
    [
        2,
        (random) => withValues(insert(random, random.integer(1, 20)), " ON CONFLICT DO NOTHING RETURNING time, device"),
    ],
    [
        1,
        (random) => {
            const where = `device = ${random.integer(1, DEVICES)} AND ${period(random)}`;
            return (table) =>
                `INSERT INTO ${table} SELECT time + interval '10 years', device, temp, 'copied' FROM ${table} WHERE ${where} ON CONFLICT DO NOTHING`;
        },
    ],
    [5, (random) => update(`temp = temp + ${random.integer(-8, 8) / 4}`, condition(random), "")],
    [2, (random) => update(`note = ${note(random)}, temp = ${temp(random)}`, condition(random), " RETURNING *")],
    [
        2,
        (random) =>
            update(`time = ${time(random)}`, `device = ${random.integer(1, DEVICES)} AND time = ${time(random)}`, ""),
    ],
    [4, (random) => remove(condition(random), "")],
    [1, (random) => remove(condition(random), " RETURNING device, temp")],
    [1, (random) => remove(`time > '2030-01-01' AND device = ${random.integer(1, DEVICES)}`, "")],
    [2, (random) => select("*", `WHERE ${condition(random)}`)],
    [1, () => select("count(*), count(DISTINCT device), min(time), max(time), sum(temp)", "")],
    [1, () => select("device, count(*), sum(temp), min(note), max(time)", "GROUP BY device")],
    [
        1,
        (random) =>
            select("device, avg(temp), count(temp)", `WHERE ${period(random)} GROUP BY device HAVING count(*) > 2`),
    ],
    [
        1,
        (random) =>
            select(
                "date_bin('1 hour', time, '2026-01-01') AS hour, device, max(temp), count(*)",
                `WHERE ${period(random)} GROUP BY 1, 2`,
            ),
    ],
    [1, (random) => select("time, temp", `WHERE device = ${device(random)} ORDER BY time DESC LIMIT 5`)],
    [
        1,
        (random) =>
            select(
                "v.name, count(t.time)",
                `AS t JOIN (VALUES (${random.integer(1, DEVICES)}, 'a'), (${random.integer(1, DEVICES)}, 'b')) AS v (device, name) USING (device) GROUP BY 1`,
            ),
    ],
    [
        1,
        // Without a device several rows may have the newest time, and any of them is an answer.
        () => (table) =>
            `SELECT DISTINCT ON (device) device, time, temp FROM ${table} WHERE device IS NOT NULL ORDER BY device, time DESC`,
    ],
    [
        1,
        (random) => {
            const last = random.integer(2, DEVICES);
            return (table) =>
                `SELECT d, last.temp FROM generate_series(1, ${last}) d
                   LEFT JOIN LATERAL (SELECT temp FROM ${table} WHERE device = d ORDER BY time DESC LIMIT 1) last ON true`;
        },
    ],
];

/** One of all the kinds. */
export function randomStatement(random: Random): Statement {
    let place = random.integer(1, TOTAL_WEIGHT);
    for (const [weight, make] of KINDS) {
        place -= weight;
        if (place <= 0) {
            return make(random);
        }
    }
    throw new Error("the weights do not add up");
}

const TOTAL_WEIGHT = KINDS.reduce((total, [weight]) => total + weight, 0);

function withValues(values: string, behind: string): Statement {
    return (table) => `INSERT INTO ${table} ${values}${behind}`;
}

function update(set: string, where: string, behind: string): Statement {
    return (table) => `UPDATE ${table} SET ${set} WHERE ${where}${behind}`;
}

function remove(where: string, behind: string): Statement {
    return (table) => `DELETE FROM ${table} WHERE ${where}${behind}`;
}

function select(what: string, behind: string): Statement {
    return (table) => `SELECT ${what} FROM ${table} ${behind}`;
}
