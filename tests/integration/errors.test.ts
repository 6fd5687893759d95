/**
 * Every code of the catalogue, provoked: a real server, or the real CLI, is brought to where the error comes from. A new
 * code without a provocation fails to compile, and fails here.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { getClusterStatus } from "../../provider";
import { ERROR_CODES, type ErrorCode } from "../../provider/errors";
import { run } from "../../tools/command.mjs";
import { ensurePulumi } from "../../tools/pulumi-cli/ensure.mjs";
import { LiveCluster, type LiveResource } from "../support/life";
import { query } from "../support/query";
import { describeServers, newestFdwServer, startCluster, START_TIMEOUT_MS, type TestCluster } from "../support/servers";

type Values = Record<string, unknown>;

/** Passing faults are tried again for half a minute before they are told: these wait for it side by side. */
const SLOW: readonly ErrorCode[] = ["LOCKED", "TIMED_OUT", "TRANSIENT"];
const TIMEOUT_MS = 120_000;

describeServers("fdw", (kind) => {
    // The catalogue is the same on all of them.
    if (kind !== newestFdwServer) return;

    let cluster: TestCluster;
    let live: LiveCluster;
    let nodes: LiveResource[];
    let table: LiveResource;
    const slow = new Map<ErrorCode, Promise<unknown>>();
    let databases = 0;

    const connection = (values: Values = {}): Values => ({ ...live.connectionOf(cluster.access), ...values });
    const onAccess = (database: string, text: string): Promise<unknown[]> => query(cluster.access, database, text);
    /** An access node in a database of its own, and what its first data node is made from. */
    const another = async (): Promise<{
        database: string;
        access: LiveResource;
        create(values?: Values): Promise<unknown>;
    }> => {
        const database = `provoked${++databases}`;
        const other = new LiveCluster(cluster, database);
        await other.access.create(other.accessValues());
        const create = (values: Values = {}): Promise<unknown> => {
            const { id, ...reference } = other.reference() as { id: string; connection: Values; database: string };
            const accessNode = { id, ...reference, connection: { ...reference.connection, ...values } };
            return other.node(0).create(other.nodeValues(0, { accessNode }));
        };
        return { database, access: other.access, create };
    };
    /** Lets the statements of that tag in a database do something else as well. */
    const onCommand = async (database: string, when: string, tag: string, body: string): Promise<void> => {
        await onAccess(
            database,
            `CREATE FUNCTION provoke() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;
             CREATE EVENT TRIGGER provoke ON ${when} WHEN TAG IN ('${tag}') EXECUTE FUNCTION provoke()`,
        );
    };
    const createAccess = (values: Values): Promise<unknown> =>
        new LiveCluster(cluster, "unmade").access.create({ connection: connection(), database: "unmade", ...values });

    const PROVOCATIONS: Readonly<Record<ErrorCode, () => Promise<unknown>>> = {
        INVALID_ARGUMENT: () => getClusterStatus({ connection: { host: "" }, database: "" }),
        SERVER_UNREACHABLE: () => createAccess({ connection: connection({ port: 1 }) }),
        AUTHENTICATION_FAILED: () => createAccess({ connection: connection({ password: "wrong" }) }),
        TLS_FAILED: () => createAccess({ connection: connection({ sslMode: "require" }) }),
        PERMISSION_DENIED: async () => {
            await onAccess(
                "postgres",
                `CREATE ROLE weak LOGIN PASSWORD 'weak';
                 ALTER DATABASE provoked RESET enable_partitionwise_join`,
            );
            return live.access.update(
                live.accessValues({ connection: connection({ user: "weak", password: "weak" }) }),
            );
        },
        PREFLIGHT_FAILED: () => createAccess({ timescaledb: "required" }),
        ENGINE_UNAVAILABLE: () => createAccess({ engine: "multinode" }),
        ENGINE_CHANGE_REFUSED: () => live.access.update(live.accessValues({ engine: "multinode" })),
        NOT_SUPPORTED: () => live.hypertable("new").create(live.tableValues("new", { replicationFactor: 2 })),
        ALREADY_EXISTS: async () => {
            await onAccess(live.database, "CREATE TABLE by_hand (id integer)");
            return live.hypertable("by_hand").create(live.tableValues("by_hand"));
        },
        FOREIGN_CLUSTER: async () => {
            const [first, second] = [new LiveCluster(cluster, "twice"), new LiveCluster(cluster, "twice")];
            await first.access.create(first.accessValues());
            const elsewhere = { connection: live.connectionOf(cluster.nodes[0]!) };
            await second.access.create(second.accessValues(elsewhere));
            return first.access.update(first.accessValues(elsewhere));
        },
        NODE_IN_USE: () => live.node(0).create(live.nodeValues(0, { nodeName: "again" })),
        HOLDS_DATA: () => table.delete(),
        HOLDS_OTHER_OBJECTS: () => live.access.delete(),
        LAST_COPY: () => nodes[0]!.delete(),
        NOT_FOUND: () => getClusterStatus({ connection: connection() as { host: string }, database: "nowhere" }),
        LOCKED: async () => {
            const { database, create } = await another();
            await onCommand(database, "ddl_command_start", "CREATE SERVER", "PERFORM pg_advisory_xact_lock(1);");
            const { host, port, user, password } = cluster.access;
            const holder = new Client({ host, port, user, password, database });
            await holder.connect();
            try {
                await holder.query("SELECT pg_advisory_lock(1)");
                const first = create({ lockTimeoutSeconds: 0 });
                const waits = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
                while ((await holder.query(waits)).rowCount === 0) await sleep(50);
                const locked = create({ lockTimeoutSeconds: 0.1 });
                await locked.catch(() => undefined);
                await holder.query("SELECT pg_advisory_unlock(1)");
                await first;
                return locked;
            } finally {
                await holder.end();
            }
        },
        TIMED_OUT: async () => {
            const { database, create } = await another();
            await onCommand(database, "ddl_command_start", "CREATE SERVER", "PERFORM pg_sleep(60);");
            return create({ statementTimeoutSeconds: 0.5 });
        },
        TRANSIENT: async () => {
            const { database, create } = await another();
            const body = "RAISE EXCEPTION 'not now' USING ERRCODE = 'serialization_failure';";
            await onCommand(database, "ddl_command_start", "CREATE SERVER", body);
            return create();
        },
        NOT_CONVERGED: async () => {
            const takenBack = `IF EXISTS (SELECT FROM pg_foreign_server WHERE 'fetch_size=5' = ANY (srvoptions)) THEN
                ALTER SERVER dn1 OPTIONS (SET fetch_size '6'); END IF;`;
            await onCommand(live.database, "ddl_command_end", "ALTER SERVER", takenBack);
            return nodes[0]!.update(live.nodeValues(0, { serverOptions: { fetch_size: "5" } }));
        },
        STATE_FROM_NEWER_VERSION: () => {
            const newer = new LiveCluster(cluster, live.database).access;
            Object.assign(newer, { id: live.access.id, outputs: { ...live.access.outputs, schemaVersion: 1000 } });
            return newer.refresh();
        },
        PULUMI_FAILED: async () => {
            const cwd = mkdtempSync(join(tmpdir(), "no-project-"));
            const { bin } = await ensurePulumi();
            const cli = join(__dirname, "..", "..", "provider", "cli", "index.ts");
            const env = {
                ...process.env,
                PATH: `${bin}${delimiter}${process.env.PATH}`,
                PULUMI_BACKEND_URL: `file://${cwd}`,
            };
            try {
                const args = [
                    "--require",
                    require.resolve("ts-node/register/transpile-only"),
                    cli,
                    "status",
                    "--cwd",
                    cwd,
                ];
                return await run(process.execPath, args, { env });
            } finally {
                rmSync(cwd, { recursive: true });
            }
        },
        SERVER_ERROR: () => {
            const columns = [
                { name: "time", type: "timestamptz", nullable: false },
                { name: "device", type: "no_such_type" },
            ];
            return live.hypertable("typeless").create(live.tableValues("typeless", { columns }));
        },
    };

    beforeAll(async () => {
        cluster = await startCluster(kind, { nodes: 2 });
        live = new LiveCluster(cluster, "provoked");
        await live.access.create(live.accessValues());
        nodes = [live.node(0), live.node(1)];
        await Promise.all(nodes.map((node, index) => node.create(live.nodeValues(index))));
        table = live.hypertable("held");
        await table.create(live.tableValues("held"));
        await onAccess("provoked", "INSERT INTO held SELECT now(), n, n FROM generate_series(1, 100) AS n");
        for (const code of SLOW) {
            const provoked = PROVOCATIONS[code]();
            provoked.catch(() => undefined);
            slow.set(code, provoked);
        }
    }, START_TIMEOUT_MS);
    afterAll(async () => {
        await Promise.allSettled(slow.values());
        await cluster?.stop();
    });

    it.each(Object.keys(ERROR_CODES) as ErrorCode[])(
        "%s is what a user gets to see, with the section that explains it",
        async (code) => {
            expect(PROVOCATIONS).toHaveProperty(code);
            await expect(slow.get(code) ?? PROVOCATIONS[code]()).rejects.toThrow(
                `. [${code}] docs/errors.md#${code.toLowerCase()}`,
            );
        },
        TIMEOUT_MS,
    );
});
