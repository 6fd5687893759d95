import type { Server } from "../../../tools/servers/postgresServer.mjs";
import { askSpelling } from "../../../provider/engines/tables/columnSql";
import type { Connection } from "../../../provider/postgres/connection";
import { closePools, withSession, type Session } from "../../../provider/postgres/pool";
import { PINNED } from "../../../provider/postgres/sessionSettings";
import { literal } from "../../../provider/postgres/sql";
import { connectionTo } from "../../support/connections";
import { fdwServers, skipReasons, START_TIMEOUT_MS, startOne, type ServerKind } from "../../support/servers";
import { query } from "../../support/query";

/** What a server, a database or a role may have instead. */
const HOSTILE: Readonly<Record<keyof typeof PINNED, string>> = {
    role: "owner",
    session_replication_role: "replica",
    search_path: "app, public",
    TimeZone: "Asia/Kathmandu",
    timezone_abbreviations: "India",
    DateStyle: "German, DMY",
    IntervalStyle: "iso_8601",
    standard_conforming_strings: "off",
    bytea_output: "escape",
    extra_float_digits: "-10",
    array_nulls: "off",
    xmloption: "document",
    transform_null_equals: "on",
    quote_all_identifiers: "on",
    default_transaction_read_only: "on",
    default_transaction_isolation: "serializable",
    default_transaction_deferrable: "on",
    row_security: "off",
    restrict_nonsystem_relation_kind: "view, foreign-table",
    exit_on_error: "on",
    idle_session_timeout: "5s",
    idle_in_transaction_session_timeout: "5s",
    transaction_timeout: "5s",
    client_min_messages: "error",
    check_function_bodies: "off",
    lc_messages: "POSIX",
    statement_timeout: "5s",
    lock_timeout: "5s",
};

/** These cannot stand in a server's configuration. */
const NOT_IN_FILES = ["role", "exit_on_error"];

const TARGETS = { role: "ALTER ROLE postgres", database: "ALTER DATABASE metrics", server: "ALTER SYSTEM" };
type Level = keyof typeof TARGETS;
const LEVELS = Object.keys(TARGETS) as Level[];

const COLUMNS = [
    { type: "app.trace_id" },
    { type: "timestamp with time zone", default: "'2024-01-01 00:00:00+00'" },
    { type: "date", default: "'02/03/2024'" },
    { type: "interval", default: "'1 day 02:00'" },
    { type: "text", default: "'back\\slash'" },
    { type: "bytea", default: "'\\x00ff'" },
    { type: "double precision", default: "0.1::double precision + 1e-7" },
    { type: "text[]", default: "'{NULL,a}'" },
    { type: "integer", check: "c11 = NULL" },
    { type: "xml", default: "'content'" },
    { type: "app.level", default: "'low'" },
    { type: "integer", check: "c11 > 0 AND app.is_even(c11)" },
].map((column, index) => ({ name: `c${index}`, nullable: true, ...column, ...checkOf(column, `c${index}`) }));

function checkOf({ check }: { check?: string }, name: string): { check?: string } {
    return check === undefined ? {} : { check: check.replaceAll("c11", name) };
}

const describeServer = skipReasons.fdw === undefined ? describe : describe.skip;
const kinds: readonly ServerKind[] = fdwServers.filter(({ base }) => base.major !== undefined);

describeServer.each(kinds.map((kind) => [kind.name, kind] as const))("the settings of sessions on %s", (_, kind) => {
    let server: Server;

    beforeAll(async () => {
        server = await startOne(kind);
        await query(server, "postgres", "CREATE DATABASE metrics");
        await query(
            server,
            "metrics",
            `CREATE ROLE owner; CREATE ROLE plain LOGIN PASSWORD 'plain'; CREATE SCHEMA app;
             CREATE DOMAIN app.trace_id AS uuid; CREATE TYPE app.level AS ENUM ('low', 'high');
             CREATE FUNCTION app.is_even(integer) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT $1 % 2 = 0'`,
        );
    }, START_TIMEOUT_MS);

    afterEach(() => closePools());
    afterAll(() => server.stop());

    function on<T>(use: (session: Session) => Promise<T>, more: Partial<Connection> = {}): Promise<T> {
        const connection = connectionTo(server.host, { port: server.port, password: server.password, ...more });
        return withSession(connection, "metrics", use, { discard: true });
    }

    /** Gives a level hostile settings, uses the server, and takes them back. */
    async function under<T>(level: Level, names: readonly string[], use: () => Promise<T>): Promise<T> {
        const target = TARGETS[level];
        const change = (statements: readonly string[]): Promise<void> =>
            on(async (session) => {
                for (const statement of [...statements, "SELECT pg_reload_conf()"]) await session.query(statement);
            });
        // A list of names is a list in the statement as well.
        const listOf = (name: string): string => (HOSTILE[name] ?? "").split(", ").map(literal).join(", ");
        await change(names.map((name) => `${target} SET ${name} = ${listOf(name)}`));
        try {
            return await use();
        } finally {
            await change(names.map((name) => `${target} RESET ${name}`));
        }
    }

    const settings = (): Promise<Record<string, string>> =>
        on(async (session) => {
            const rows = await session.query<{ name: string; value: string | null }>(
                "SELECT name, current_setting(name, true) AS value FROM unnest($1::text[]) AS name",
                [Object.keys(HOSTILE)],
            );
            return Object.fromEntries(rows.flatMap(({ name, value }) => (value === null ? [] : [[name, value]])));
        });

    it("have each one that is pinned put to the test", () => {
        expect(Object.keys(HOSTILE)).toEqual([...Object.keys(PINNED), "statement_timeout", "lock_timeout"]);
    });

    it.each(LEVELS)("do not depend on what the %s has", async (level) => {
        const known = await settings();
        const names = Object.keys(known).filter((name) => level !== "server" || !NOT_IN_FILES.includes(name));
        const expected: Record<string, string> = { ...PINNED, statement_timeout: "0", lock_timeout: "1min" };
        const found = await under(level, names, settings);
        expect(found).toEqual(Object.fromEntries(Object.keys(known).map((name) => [name, expected[name]])));
    });

    it("make the user of the connection the one who acts", async () => {
        const user = await under("role", ["role"], () => on((session) => session.one("SELECT current_user AS name")));
        expect(user).toEqual({ name: "postgres" });
    });

    it("let types, defaults and checks be spelled in one way", async () => {
        const spelled = await on((session) => askSpelling(session, COLUMNS));
        const names = Object.keys(await settings()).filter((name) => name !== "role");
        const others = await under("database", names, () => on((session) => askSpelling(session, COLUMNS)));
        expect(others).toEqual(spelled);
    });

    describe("for a user without rights", () => {
        const plain = { user: "plain", password: "plain" };

        it("are pinned as well", async () => {
            const row = await on(
                (session) => session.one("SELECT current_setting('DateStyle') AS dates, current_user AS name"),
                plain,
            );
            expect(row).toEqual({ dates: "ISO, MDY", name: "plain" });
        });

        it("are refused where only a superuser could set them right, and the error says how", async () => {
            const refused = under("database", ["session_replication_role"], () =>
                on((session) => session.query("SELECT 1"), plain),
            );
            await expect(refused).rejects.toMatchObject({
                code: "PERMISSION_DENIED",
                reason: expect.stringContaining("session_replication_role") as string,
                remedy: expect.stringContaining('ALTER ROLE "plain" RESET session_replication_role') as string,
            });
        });
    });
});
