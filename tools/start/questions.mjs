// @ts-check
/** What the tutorial asks of its table, each question with its SQL and the answer. */

const QUESTIONS = [
    {
        question: "How many rows are there, and from when to when?",
        sql: "SELECT count(*) AS rows, min(time) AS first, max(time) AS last FROM conditions",
    },
    {
        question: "How warm was it at each device on average?",
        sql: "SELECT device, count(*) AS rows, round(avg(temp)::numeric, 2) AS average FROM conditions GROUP BY device ORDER BY device",
    },
    {
        question: "How warm was it in each hour of the first morning?",
        sql: `SELECT hour, round((sum(total) / sum(rows))::numeric, 2) AS average
  FROM (SELECT date_bin('1 hour', time, '2020-01-01') AS hour, device, sum(temp) AS total, count(*) AS rows
          FROM conditions WHERE time < '2020-01-01 06:00+00' GROUP BY 1, 2) AS by_device
 GROUP BY hour ORDER BY hour`,
    },
    {
        question: "What did device 1 say last?",
        sql: "SELECT time, temp FROM conditions WHERE device = 1 ORDER BY time DESC LIMIT 3",
    },
];

/**
 * @param {import("pg").Client} client
 */
export async function askQuestions(client) {
    for (const { question, sql } of QUESTIONS) {
        console.log(`\n${question}\n${sql.replace(/^/gm, "    ")}`);
        const { rows } = await client.query(sql);
        console.table(rows.map(asText));
    }
}

/** @param {Record<string, unknown>} row */
function asText(row) {
    return Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]),
    );
}
