// @ts-check
// What the contenders have to do. Every piece of work is the same for all, in the words that are best for each.
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { from as copyFrom } from "pg-copy-streams";
import { turnsOf } from "../dist/engines/load.js";
import { loadRows } from "../dist/index.js";
import { binaryFormat } from "../dist/postgres/copy/binary.js";
import { RowBuffer } from "../dist/postgres/copy/rows.js";
import { textFormat } from "../dist/postgres/copy/text.js";
import { shardsOf } from "./contenders.mjs";

/** @typedef {import("./contenders.mjs").Contender} Contender */
/** @typedef {import("../provider/postgres/copy/rows.js").RowFormat} Format */

export const DEVICES = 100;
const START = Date.UTC(2026, 0, 1);
const CHUNK = 256 * 1024;
const COLUMNS = ["time", "device", "temp"];
const TEXT = textFormat(COLUMNS);
const BINARY = binaryFormat(["timestamp with time zone", "integer", "double precision"]) ?? TEXT;

/** @param {number} n */
const valuesOf = (n) =>
    /** @type {const} */ ([new Date(START + Math.floor(n / DEVICES) * 60_000), n % DEVICES, ((n * 7919) % 4000) / 40]);

/** @param {number} count */
function* rows(count) {
    for (let n = 0; n < count; n++) yield valuesOf(n);
}

/** @param {number} count */
function* numbers(count) {
    for (let n = 0; n < count; n++) yield n;
}

/** @param {Iterable<number>} all */
function* valuesOfAll(all) {
    for (const n of all) yield valuesOf(n);
}

/** @param {number} count */
export const selectRows = (count) =>
    `SELECT '2026-01-01 00:00Z'::timestamptz + (n / ${DEVICES}) * interval '1 minute', n % ${DEVICES}, ((n::bigint * 7919) % 4000) / 40.0
       FROM generate_series(0, ${count - 1}) AS n`;

/**
 * @param {Contender} contender
 * @param {number} count
 */
export async function insertSelect({ client }, count) {
    await client.query(`INSERT INTO conditions ${selectRows(count)}`);
}

/**
 * INSERTs of so many rows each, made beforehand, by several clients at once.
 *
 * @param {number} count
 * @param {number} rowsEach
 */
export function multiRowInsert(count, rowsEach) {
    const statements = Array.from({ length: Math.ceil(count / rowsEach) }, (_, statement) => {
        const values = Array.from({ length: rowsEach }, (_each, place) => {
            const [time, device, temp] = valuesOf(statement * rowsEach + place);
            return `('${time.toISOString()}',${device},${temp})`;
        });
        return `INSERT INTO conditions VALUES ${values.join(",")}`;
    });
    return async (/** @type {readonly import("pg").Client[]} */ clients) => {
        const left = statements.values();
        await Promise.all(
            clients.map(async (client) => {
                for (const statement of left) await client.query(statement);
            }),
        );
    };
}

/**
 * One row a key and day: what comes then finds its chunks there, as most statements do.
 *
 * @param {Contender} contender
 * @param {number} count
 */
export async function makeChunks({ client }, count) {
    const minutes = Math.ceil(count / DEVICES);
    await client.query(
        `INSERT INTO conditions SELECT t, d, 0 FROM generate_series(0, ${DEVICES - 1}) d,
           generate_series('2026-01-01 00:00Z'::timestamptz, '2026-01-01 00:00Z'::timestamptz + ${minutes} * interval '1 minute', '1 day') t`,
    );
}

/** @param {number} count */
export function copyThroughAccessNode(count) {
    const chunks = encode(rows(count));
    return async (/** @type {Contender} */ { client }) => copy(client, "conditions", chunks);
}

/**
 * @param {Contender} contender
 * @param {number} count
 */
export async function load({ connection, database, ways }, count) {
    const dataNodes = ways.map(({ nodeName, connection: way }) => ({ nodeName, connection: way }));
    const args = { connection, database, dataNodes, table: "conditions", rows: rows(count) };
    await loadRows(/** @type {import("../provider/index.js").LoadRowsArgs} */ (/** @type {unknown} */ (args)));
}

/** What psql's \copy of a file does. */
export const AIMED_AT = "of text made beforehand";

/**
 * What the data nodes can take: COPY of their own rows, sorted by shard beforehand, one statement a shard, on all nodes
 * at once; from values that become text on the way, and from bytes.
 *
 * @param {Contender} contender
 * @param {number} count
 */
export async function nodesOwnCopy({ client, nodes }, count) {
    const { rows: keys } = await client.query(
        `SELECT d AS device, (SELECT r FROM generate_series(0, 7) r
           WHERE satisfies_hash_partition('conditions'::regclass, 8, r, d)) AS shard FROM generate_series(0, ${DEVICES - 1}) d`,
    );
    const shardOf = new Map(keys.map(({ device, shard }) => [device, `conditions_s${shard}`]));
    const shards = [...new Set(shardOf.values())].map((shard) => {
        // Numbers and bytes: a million rows kept as objects would keep the garbage collector busy, and slow what is compared.
        const own = Uint32Array.from(filter(numbers(count), (n) => shardOf.get(n % DEVICES) === shard));
        return /** @type {const} */ ([shard, own]);
    });
    const owned = await Promise.all(nodes.map(shardsOf));
    /**
     * @param {(own: Uint32Array) => { format: Format, chunks: Iterable<Buffer> | AsyncIterable<Buffer> }} form
     */
    const allAtOnce = (form) => {
        const held = new Map(shards.map(([shard, own]) => [shard, form(own)]));
        return () =>
            Promise.all(
                nodes.map(async (node, place) => {
                    await node.query("BEGIN");
                    for (const shard of owned[place] ?? []) {
                        const { format, chunks } = held.get(shard) ?? { format: TEXT, chunks: [] };
                        await copy(node, shard, chunks, format);
                    }
                    await node.query("COMMIT");
                }),
            );
    };
    return {
        // Made anew each time: they can be read once.
        "of the same values": () => allAtOnce((own) => ({ format: TEXT, chunks: encoding(TEXT, own) }))(),
        [AIMED_AT]: allAtOnce((own) => ({ format: TEXT, chunks: encode(valuesOfAll(own)) })),
        "of binary rows made beforehand": allAtOnce((own) => ({ format: BINARY, chunks: encodeBinary(own) })),
    };
}

/**
 * @param {Format} format
 * @param {Uint32Array} own
 */
async function* encoding(format, own) {
    const buffer = new RowBuffer();
    const turns = turnsOf(valuesOfAll(own), COLUMNS, (values) => {
        format.write(buffer, values);
        return buffer.length >= CHUNK;
    });
    for await (const _turn of turns) yield buffer.take();
}

/** @param {Uint32Array} own @returns {Buffer[]} */
function encodeBinary(own) {
    const buffer = new RowBuffer();
    for (const values of valuesOfAll(own)) BINARY.write(buffer, values);
    const rows = buffer.take();
    return Array.from({ length: Math.ceil(rows.length / CHUNK) }, (_, at) =>
        rows.subarray(at * CHUNK, (at + 1) * CHUNK),
    );
}

/** Questions, in the words that docs/engines/fdw-queries.md advises; @param {number} count */
export function questions(count) {
    const end = new Date(START + Math.floor(count / DEVICES) * 60_000);
    const before = (/** @type {number} */ hours) => new Date(end.getTime() - hours * 3_600_000).toISOString();
    const lastPoint = "SELECT DISTINCT ON (device) * FROM conditions ORDER BY device, time DESC";
    return [
        {
            name: "average by key",
            aim: 0.8,
            sql: () => "SELECT device, avg(temp) FROM conditions GROUP BY device",
        },
        {
            name: "average by hour and key",
            aim: 0.8,
            sql: (/** @type {string} */ kind) =>
                kind === "multinode"
                    ? "SELECT time_bucket('1 hour', time) AS hour, device, avg(temp) FROM conditions GROUP BY 1, 2"
                    : "SELECT date_bin('1 hour', time, '2026-01-01') AS hour, device, avg(temp) FROM conditions GROUP BY 1, 2",
        },
        {
            name: "average by hour",
            aim: undefined,
            sql: (/** @type {string} */ kind) =>
                kind === "fdw"
                    ? `SELECT hour, sum(total) / sum(rows) FROM (
                         SELECT date_bin('1 hour', time, '2026-01-01') AS hour, device, sum(temp) AS total, count(temp) AS rows
                           FROM conditions GROUP BY 1, 2) AS by_device GROUP BY hour`
                    : "SELECT time_bucket('1 hour', time) AS hour, avg(temp) FROM conditions GROUP BY 1".replace(
                          /time_bucket\('1 hour', time\)/,
                          kind === "multinode" ? "$&" : "date_bin('1 hour', time, '2026-01-01')",
                      ),
        },
        {
            name: "one key's day",
            aim: 1.2,
            sql: () =>
                `SELECT * FROM conditions WHERE device = 7 AND time >= '${before(30)}' AND time < '${before(6)}' ORDER BY time`,
        },
        {
            name: "the last hour of all keys",
            aim: undefined,
            sql: () => `SELECT * FROM conditions WHERE time >= '${before(1)}'`,
        },
        {
            name: "last point of all keys",
            aim: 2,
            sql: (/** @type {string} */ kind) => (kind === "fdw" ? "SELECT * FROM conditions_last" : lastPoint),
        },
        {
            name: "last point of one key",
            aim: undefined,
            sql: (/** @type {string} */ kind) =>
                kind === "fdw"
                    ? "SELECT * FROM conditions_last WHERE device = 7"
                    : "SELECT * FROM conditions WHERE device = 7 ORDER BY time DESC LIMIT 1",
        },
    ];
}

/**
 * @template T
 * @param {Iterable<T>} items
 * @param {(item: T) => boolean} isWanted
 */
function* filter(items, isWanted) {
    for (const item of items) if (isWanted(item)) yield item;
}

/** @param {Iterable<ReturnType<typeof valuesOf>>} some @returns {Buffer[]} */
function encode(some) {
    const chunks = [];
    let text = "";
    for (const [time, device, temp] of some) {
        text += `${time.toISOString()}\t${device}\t${temp}\n`;
        if (text.length > CHUNK) {
            chunks.push(Buffer.from(text));
            text = "";
        }
    }
    return [...chunks, Buffer.from(text)];
}

/**
 * @param {import("pg").Client} client
 * @param {string} table
 * @param {Iterable<Buffer> | AsyncIterable<Buffer>} chunks
 * @param {Format} [format]
 */
async function copy(client, table, chunks, { name, frame: [before, behind] } = TEXT) {
    const data = Readable.from(framed(before, chunks, behind));
    await pipeline(data, client.query(copyFrom(`COPY ${table} FROM STDIN (FORMAT ${name})`)));
}

/**
 * @param {Buffer} before
 * @param {Iterable<Buffer> | AsyncIterable<Buffer>} chunks
 * @param {Buffer} behind
 */
async function* framed(before, chunks, behind) {
    if (before.length) yield before;
    yield* chunks;
    if (behind.length) yield behind;
}
