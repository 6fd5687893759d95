// The seed's wiring (access node, two data nodes, one table) on ready servers: the provider's SQL time, preflight
// included, side by side with a psql script of the same statements, in alternating rounds.
//
//     npm run build && node benchmarks/wiring.mjs [rounds]
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { accessNode, dataNode, distributedHypertable } from "../dist/handlers/index.js";
import { startServer } from "../tools/servers/postgresServer.mjs";
import { findTimescaledb, TIMESCALEDB_SETTINGS } from "../tools/servers/timescaledb.mjs";
import { median, ratioLine } from "./ratios.mjs";

const DATABASE = "multinode";
const COLUMNS = [
    { name: "time", type: "timestamptz", nullable: false },
    { name: "device", type: "integer" },
    { name: "temp", type: "double precision" },
];

const rounds = Number(process.argv[2] ?? 10);
const found = findTimescaledb();
if (found.kind !== "local") {
    console.log(`skipped: no TimescaleDB 2.0 to 2.13 on this machine (${found.reason ?? found.kind})`);
    process.exit(0);
}

const servers = await Promise.all(
    [0, 1, 2].map(() => startServer({ binFolder: found.binFolder, settings: TIMESCALEDB_SETTINGS, auth: "trust" })),
);
const [access, ...nodes] = servers;
const folder = await mkdtemp(join(tmpdir(), "wiring-"));
const psql = join(found.binFolder, "psql");

const connectionOf = ({ host, port, user }) => ({ host, port, user });

async function create(handler, values) {
    const { inputs, failures } = await handler.check(
        {},
        { logicalUrn: `urn:bench::${values.nodeName ?? values.tableName ?? "access"}`, ...values },
    );
    if (failures.length > 0) throw new Error(JSON.stringify(failures));
    return { inputs, ...(await handler.create(inputs)) };
}

/** As `pulumi up` has it: the data nodes at once, the rest one after another. */
async function withProvider() {
    const start = performance.now();
    const an = await create(accessNode, { connection: connectionOf(access), database: DATABASE });
    const reference = { id: an.id, connection: an.outs.connection, database: DATABASE };
    const made = await Promise.all(
        nodes.map(({ host, port }, index) =>
            create(dataNode, { accessNode: reference, nodeName: `dn${index + 1}`, host, port }),
        ),
    );
    const table = await create(distributedHypertable, {
        accessNode: reference,
        tableName: "conditions",
        dataNodes: ["dn1", "dn2"],
        nodes: Object.fromEntries(nodes.map(({ host, port }, index) => [`dn${index + 1}`, { host, port }])),
        columns: COLUMNS,
        timeColumn: "time",
        partitioningColumn: "device",
    });
    const elapsed = performance.now() - start;
    await distributedHypertable.delete(table.id, table.outs);
    for (const node of made) await dataNode.delete(node.id, node.outs);
    await accessNode.delete(an.id, an.outs);
    return elapsed;
}

const script = join(folder, "wiring.sql");
await writeFile(
    script,
    `CREATE DATABASE ${DATABASE} TEMPLATE template0;
\\c ${DATABASE}
CREATE EXTENSION timescaledb;
${nodes.map(({ host, port }, index) => `SELECT add_data_node('dn${index + 1}', host => '${host}', port => ${port});`).join("\n")}
CREATE TABLE conditions (time timestamptz NOT NULL, device integer, temp double precision);
SELECT create_distributed_hypertable('conditions', 'time', 'device', data_nodes => '{dn1,dn2}');
`,
);
const teardown = join(folder, "teardown.sql");
await writeFile(
    teardown,
    `\\c ${DATABASE}
DROP TABLE conditions;
${nodes.map((_node, index) => `SELECT delete_data_node('dn${index + 1}', drop_database => true);`).join("\n")}
\\c postgres
DROP DATABASE ${DATABASE} WITH (FORCE);
`,
);

async function withPsql() {
    const run = (file) =>
        promisify(execFile)(psql, [
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            access.host,
            "-p",
            String(access.port),
            "-U",
            access.user,
            "-d",
            "postgres",
            "-f",
            file,
        ]);
    const start = performance.now();
    await run(script);
    const elapsed = performance.now() - start;
    await run(teardown);
    return elapsed;
}

try {
    const times = { provider: [], psql: [] };
    for (let round = 0; round <= rounds; round++) {
        const order = round % 2 === 0 ? ["provider", "psql"] : ["psql", "provider"];
        for (const way of order) {
            const elapsed = way === "provider" ? await withProvider() : await withPsql();
            // The first round warms caches and compiles code.
            if (round > 0) times[way].push(elapsed);
        }
    }
    console.log(`wiring on TimescaleDB ${found.version}, ${rounds} rounds, medians:`);
    console.log(ratioLine("provider / psql script", median(times.provider), median(times.psql), "ms", 1.3));
} finally {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
}
process.exit(0);
