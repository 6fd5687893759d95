// @ts-check
/**
 * The data of TimescaleDB's multi-node tutorial: a row a minute over 31 days, from ten devices. The values look random
 * and are the same on every server and in every run.
 *
 *     await client.query(tutorialTable("conditions"));
 *     await client.query(tutorialInsert("conditions"));
 */

/** One a minute from 2020-01-01 00:00 to 2020-02-01 00:00, both included. */
export const TUTORIAL_ROW_COUNT = 44_641;

/** How many different values the column device has: 1 to 10. */
export const TUTORIAL_DEVICE_COUNT = 10;

/**
 * CREATE TABLE, as the tutorial has it.
 *
 * @param {string} table quoted where it needs to be
 * @returns {string}
 */
export function tutorialTable(table) {
    return `CREATE TABLE ${table} (time timestamptz NOT NULL, device integer, temp double precision)`;
}

/**
 * The rows by their number, from 1 on: all of them, or a part, for those who show progress.
 *
 * @param {{ first?: number, last?: number }} [part] both included
 * @returns {string} a SELECT of time, device and temp
 */
export function tutorialRows({ first = 1, last = TUTORIAL_ROW_COUNT } = {}) {
    return `
        SELECT
            timestamptz '2020-01-01 00:00:00+00' + (n - 1) * interval '1 minute' AS time,
            1 + ('x' || left(md5('device ' || n), 7))::bit(28)::integer % ${TUTORIAL_DEVICE_COUNT} AS device,
            80 + 30 * (('x' || left(md5('temp ' || n), 7))::bit(28)::integer / 268435456::double precision) AS temp
        FROM generate_series(${Math.trunc(first)}, ${Math.trunc(last)}) AS n`;
}

/**
 * INSERT ... SELECT of those rows.
 *
 * @param {string} table quoted where it needs to be
 * @param {{ first?: number, last?: number }} [part] both included
 * @returns {string}
 */
export function tutorialInsert(table, part) {
    return `INSERT INTO ${table} (time, device, temp) ${tutorialRows(part)}`;
}
