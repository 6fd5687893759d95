// @ts-check
// The same work on the engine fdw, on one table on one server, and on multi-node where a TimescaleDB with it is found:
// alternating rounds, medians, and ratios. All servers share this machine: ratios say what distribution costs here, not
// what more machines bring.
//
//     npm run bench                                     1,000,000 rows, 3 rounds
//     npm run bench -- --rows 100000 --rounds 2         a quick look
import { parseArgs } from "node:util";
import { embeddedMajors, ensureEmbedded } from "../tools/servers/embedded.mjs";
import { startServer } from "../tools/servers/postgresServer.mjs";
import { findTimescaledb, TIMESCALEDB_SETTINGS } from "../tools/servers/timescaledb.mjs";
import { distributed, single } from "./contenders.mjs";
import { median, ratioLine } from "./ratios.mjs";
import * as work from "./work.mjs";

// As in production: what a commit waits for is part of what it costs, and engines commit differently.
const SETTINGS = { shared_buffers: "256MB", max_wal_size: "4GB", jit: "off", fsync: "on" };
const CLIENTS = [1, 4];
const ROWS_A_STATEMENT = [1_000, 4_000];
const QUESTION_REPEATS = 9;
const COPY_IN_BATCHES = 16;

const { values } = parseArgs({
    options: { rows: { type: "string", default: "1000000" }, rounds: { type: "string", default: "3" } },
});
const count = Number(values.rows);
const rounds = Number(values.rounds);

/** @typedef {import("./contenders.mjs").Contender} Contender */

/**
 * The time of each contender, in rounds that change the order.
 *
 * @param {readonly Contender[]} contenders
 * @param {(contender: Contender) => Promise<unknown>} run
 * @param {{ before?: (contender: Contender) => Promise<unknown>, repeats?: number }} [more]
 */
async function measure(contenders, run, { before = async () => undefined, repeats = rounds } = {}) {
    /** @type {Map<string, number[]>} */
    const times = new Map(contenders.map(({ name }) => [name, []]));
    for (let round = 0; round < repeats; round++) {
        for (const contender of round % 2 === 0 ? contenders : [...contenders].reverse()) {
            await before(contender);
            const start = performance.now();
            await run(contender);
            times.get(contender.name)?.push(performance.now() - start);
        }
    }
    return new Map([...times].map(([name, each]) => [name, median(each)]));
}

/**
 * @param {string} what
 * @param {Map<string, number>} medians
 * @param {number} [aim] against multinode
 */
function tell(what, medians, aim) {
    const fdw = medians.get("fdw") ?? NaN;
    for (const [name, base] of medians) {
        if (name !== "fdw") {
            console.log(
                `  ${ratioLine(`${what}: fdw / ${name}`, fdw, base, "ms", name.startsWith("multinode") ? aim : undefined)}`,
            );
        }
    }
}

/**
 * @param {string} title
 * @param {readonly Contender[]} contenders
 * @param {readonly Contender[]} others that INSERT in another way
 * @param {number} major
 */
async function compare(title, contenders, others, major) {
    console.log(`\n${title}: ${count} rows of ${work.DEVICES} keys, ${rounds} rounds`);
    const before = (/** @type {Contender} */ contender) => contender.empty();
    const few = Math.max(20_000, count / 10);
    const withChunks = async (/** @type {Contender} */ contender) => {
        await contender.empty();
        await work.makeChunks(contender, few);
    };
    for (const clients of CLIENTS) {
        const opened = new Map(
            await Promise.all(
                [...contenders, ...others].map(
                    async (each) =>
                        /** @type {const} */ ([
                            each.name,
                            await Promise.all(Array.from({ length: clients }, () => each.open())),
                        ]),
                ),
            ),
        );
        for (const rowsEach of ROWS_A_STATEMENT) {
            const multiRow = work.multiRowInsert(few, rowsEach);
            const insert = (/** @type {Contender} */ { name }) => multiRow(opened.get(name) ?? []);
            tell(
                `INSERTs of ${rowsEach} rows, ${few} in all, by ${clients} client${clients === 1 ? "" : "s"}`,
                await measure([...contenders, ...others], insert, { before: withChunks, repeats: 2 * rounds }),
                1 / 0.95,
            );
        }
        await Promise.all([...opened.values()].flat().map((client) => client.end()));
    }
    tell("INSERT ... SELECT", await measure(contenders, (each) => work.insertSelect(each, count), { before }), 2);
    const copying = major >= COPY_IN_BATCHES ? contenders : contenders.filter(({ kind }) => kind !== "fdw");
    const copied = await measure(copying, work.copyThroughAccessNode(count), { before });
    const loading = contenders.filter(({ kind }) => kind !== "single");
    const loaded = await measure(loading, (each) => work.load(each, count), { before });
    if (major >= COPY_IN_BATCHES) tell("COPY to the access node", copied);
    tell("loadRows", loaded);
    const fdw = contenders.find(({ kind }) => kind === "fdw");
    if (fdw !== undefined) {
        await tellLoadRates(fdw, loaded.get("fdw") ?? NaN, copied);
    }
    for (const contender of contenders) {
        await contender.empty();
        await work.insertSelect(contender, count);
        await contender.settle();
    }
    for (const { name, aim, sql } of work.questions(count)) {
        const run = (/** @type {Contender} */ { client, kind }) => client.query(sql(kind));
        await measure(contenders, run, { repeats: 1 });
        tell(name, await measure(contenders, run, { repeats: QUESTION_REPEATS }), aim);
    }
}

/**
 * @param {Contender} fdw
 * @param {number} loaded
 * @param {Map<string, number>} copied
 */
async function tellLoadRates(fdw, loaded, copied) {
    const own = await work.nodesOwnCopy(fdw, count);
    const ways = { ...own, loadRows: () => work.load(fdw, count) };
    /** @type {Record<string, number[]>} */
    const times = { loadRows: [loaded] };
    for (let round = 0; round < rounds; round++) {
        for (const [name, run] of Object.entries(ways)) {
            await fdw.empty();
            const start = performance.now();
            await run();
            (times[name] ??= []).push(performance.now() - start);
        }
    }
    const rate = (/** @type {number} */ ms) => `${((count / ms) * 1000).toFixed(0)} rows/s`;
    const time = median(times.loadRows ?? []);
    console.log(`  loadRows: ${rate(time)}`);
    for (const what of Object.keys(own)) {
        const base = median(times[what] ?? []);
        console.log(
            `  the nodes' own COPY at once, ${what}, sorted: ${rate(base)}; loadRows / that = ${(base / time).toFixed(2)}${what === work.AIMED_AT ? " (aim: at least 0.9)" : ""}`,
        );
    }
    for (const [name, ms] of copied) {
        console.log(`  COPY into ${name}: ${rate(ms)}; loadRows / that = ${(ms / time).toFixed(2)}`);
    }
}

/**
 * Multi-node as TimescaleDB sets it up. Ours does without COPY, by which a data node that is down takes the access node
 * down as well.
 *
 * @param {Contender} cluster
 * @returns {Contender}
 */
function insertingByCopy(cluster) {
    const open = async () => {
        const client = await cluster.open();
        await client.query("SET timescaledb.enable_distributed_insert_with_copy = on");
        return client;
    };
    return { ...cluster, name: "multinode by COPY, TimescaleDB's default", open };
}

/**
 * @param {string} title
 * @param {import("../tools/servers/postgresServer.mjs").ServerOptions} options
 * @param {boolean} multinode
 */
async function onServers(title, options, multinode) {
    const started = await Promise.allSettled([0, 1, 2].map(() => startServer({ ...options, auth: "trust" })));
    const servers = started.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
    /** @type {Contender[]} */
    const contenders = [];
    /** @type {Contender[]} */
    const others = [];
    try {
        const [access] = servers;
        if (access === undefined || servers.length < 3) throw new Error(`${title}: the servers did not start`);
        contenders.push(await distributed(servers, "fdw"));
        if (multinode) {
            const cluster = await distributed(servers, "multinode");
            contenders.push(cluster);
            others.push(insertingByCopy(cluster));
        }
        contenders.push(await single(access, multinode));
        await compare(title, contenders, others, access.major);
    } finally {
        await Promise.all(contenders.map((each) => each.end()));
        await Promise.all(servers.map((server) => server.stop()));
    }
}

const newest = embeddedMajors().at(-1);
if (newest !== undefined) {
    await ensureEmbedded([newest]);
    await onServers(`PostgreSQL ${newest}`, { major: newest, settings: SETTINGS }, false);
}
const found = findTimescaledb();
if (found.kind === "local" || found.kind === "docker") {
    const place = found.kind === "local" ? { binFolder: found.binFolder } : { image: found.image };
    const settings = { ...SETTINGS, ...TIMESCALEDB_SETTINGS };
    await onServers(`TimescaleDB ${found.version} on all servers`, { ...place, settings }, true);
} else {
    console.log(
        `\nmultinode is not compared: ${"reason" in found ? found.reason : "the servers given are not ours to load"}`,
    );
}
process.exit(0);
