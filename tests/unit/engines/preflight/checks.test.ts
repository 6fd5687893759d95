import type { AccessSide } from "../../../../provider/engines/preflight/readServers";
import { checkNode } from "../../../../provider/engines/multinode/nodeChecks";
import {
    checkActsAs,
    checkStandby,
    checkTimeZone,
    checkWrapperUsage,
    formatProblems,
    notPreloaded,
    problem,
    unreached,
} from "../../../../provider/engines/preflight/checks";
import { checkCollationVersion, checkEncoding, checkLocaleExists } from "../../../../provider/engines/preflight/locale";
import type { ClusterFacts, LocaleFacts, ServerFacts } from "../../../../provider/engines/preflight/serverFacts";
import { Servers } from "../../../../provider/engines/run/servers";
import { ProviderError } from "../../../../provider/errors";
import { connectionTo } from "../../../support/connections";
import { briefly } from "../../../support/preflight";

const LOCALE: LocaleFacts = {
    encoding: "UTF8",
    collation: "en_US.UTF-8",
    characterType: "en_US.UTF-8",
    collationVersion: "2.36",
};

const POSTGRES = { name: "postgres", superuser: true, createDatabase: true, login: true, actsAs: null };

const FACTS: ServerFacts = {
    postgresVersion: "15.18",
    maxConnections: 100,
    maxPreparedTransactions: 150,
    timeZone: "UTC",
    standby: null,
    walLevel: "replica",
    preloaded: true,
    preloadLibraries: "timescaledb",
    license: null,
    timescaledb: [{ version: "2.13.1", trusted: true, comment: "(Community Edition)" }],
    postgresFdw: true,
    user: POSTGRES,
    role: POSTGRES,
    defaults: LOCALE,
    collations: ["C", "POSIX", "en_US.utf8"],
    database: undefined,
    outgoing: {},
    accessDatabases: {},
};

const facts = (more: Partial<ServerFacts>): ServerFacts => ({ ...FACTS, ...more });

describe("the text of a preflight's problems", () => {
    it("is one line an item, errors first, with server, fault, remedy and restart", () => {
        const text = formatProblems([
            problem("data node dn1", { severity: "warning", check: "a", what: "slow", remedy: "DO IT" }),
            problem("data node dn2", { check: "b", what: "broken", remedy: "MEND IT", restart: true }),
        ]);
        expect(text.split("\n").filter(Boolean)).toEqual([
            "- data node dn2: broken. MEND IT (needs a restart)",
            "- (advice) data node dn1: slow. DO IT",
        ]);
    });
});

describe("a server that the provider cannot reach", () => {
    const failure = (fields: object): ProviderError =>
        new ProviderError("SERVER_UNREACHABLE", "why", { cause: Object.assign(new Error("why"), fields) });

    it.each([
        [{ code: "ECONNREFUSED", syscall: "connect" }, "port_closed", true],
        [{ code: "ENOTFOUND", syscall: "getaddrinfo" }, "host_unknown", false],
        [{ code: "28P01", severity: "FATAL" }, "password", false],
        [{ code: "28000", severity: "FATAL" }, "authentication", false],
        [{ code: "53300", severity: "FATAL" }, "connection", false],
    ])("is told apart by code: %j", (fields, check, restart) => {
        expect(unreached("data node dn1", failure(fields))).toMatchObject({ check, restart, severity: "error" });
    });
});

describe("checks of one fact", () => {
    it("add to what is preloaded already, quoting each library", () => {
        expect(notPreloaded("x", facts({ preloadLibraries: 'pg_stat_statements, "my lib"' })).remedy).toBe(
            "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements', 'my lib', 'timescaledb'",
        );
        expect(notPreloaded("x", facts({ preloadLibraries: "" })).remedy).toBe(
            "ALTER SYSTEM SET shared_preload_libraries = 'timescaledb'",
        );
        expect(notPreloaded("x", facts({ preloadLibraries: null })).remedy).toBe(
            "Add timescaledb to shared_preload_libraries in postgresql.conf",
        );
    });

    it("know a locale by either spelling, and miss one that no database and no collation has", () => {
        const german = { ...LOCALE, collation: "de_DE.UTF-8", characterType: "de_DE.UTF-8" };
        expect(checkLocaleExists("x", FACTS, LOCALE)).toEqual([]);
        expect(checkLocaleExists("x", FACTS, { ...LOCALE, collation: "C", characterType: "POSIX" })).toEqual([]);
        expect(briefly(checkLocaleExists("x", FACTS, german))).toEqual(["warning locale"]);
    });

    it("compare versions of one collation only, where both are known", () => {
        const other = { ...LOCALE, collationVersion: "2.28" };
        expect(briefly(checkCollationVersion("x", LOCALE, other))).toEqual(["warning collation_version"]);
        expect(checkCollationVersion("x", LOCALE, { ...other, collationVersion: null })).toEqual([]);
        expect(checkCollationVersion("x", LOCALE, { ...other, collation: "C" })).toEqual([]);
    });

    it("know UTC by all its names", () => {
        expect(checkTimeZone("x", facts({ timeZone: "Etc/UTC" }), FACTS)).toEqual([]);
        expect(briefly(checkTimeZone("x", facts({ timeZone: "Europe/Berlin" }), FACTS))).toEqual(["warning time_zone"]);
    });
});

describe("versions of TimescaleDB on a multi-node cluster", () => {
    const servers = new Servers(
        { connection: connectionTo("access"), database: "metrics" },
        { dn1: { connection: connectionTo("data1"), database: "metrics" } },
    );
    const access: AccessSide = {
        facts: FACTS,
        cluster: undefined,
        locale: LOCALE,
        place: { server: "access node", database: "metrics" },
    };
    const node = {
        nodeName: "dn1",
        host: "data1",
        port: 5432,
        database: "metrics",
        serverOptions: {},
        ownConnection: true,
    };
    const installed = (version: string): ClusterFacts => ({
        timescaledb: { version, schema: "public" },
        uuid: "1",
        distUuid: undefined,
        locale: LOCALE,
        wrappers: {},
        mayCreate: true,
    });
    const check = (accessVersion: string, nodeVersion: string): string[] =>
        briefly(
            checkNode(
                servers,
                { node, bootstrap: false, drainOnDelete: false },
                access,
                { version: accessVersion, schema: "public" },
                {
                    facts: facts({ database: { ...LOCALE, name: "metrics", marker: undefined } }),
                    cluster: installed(nodeVersion),
                },
            ),
        );

    it.each([
        ["2.13.1", "2.13.1", []],
        ["2.13.1", "2.13.0", []],
        ["2.13.1", "2.12.2", ["error version"]],
        ["2.12.2", "2.13.1", ["warning version"]],
        ["2.9.3", "2.11.2", ["warning version"]],
        ["2.11.2", "2.12.2", ["error version"]],
        ["2.11.2", "2.13.1", ["error version"]],
        ["2.13.1", "2.14.2", ["error version"]],
    ])("an access node with %s and a data node with %s: %j", (accessVersion, nodeVersion, expected) => {
        expect(check(accessVersion, nodeVersion)).toEqual(expected);
    });
});

describe("what a server cannot be", () => {
    it("is a standby, whose primary is named", () => {
        const [found] = checkStandby("access node", facts({ standby: { primary: "db1.example.com:5432" } }));
        expect(found).toMatchObject({ severity: "error", check: "standby" });
        expect(found?.remedy).toContain("Use its primary, db1.example.com:5432");
        expect(checkStandby("access node", facts({}))).toEqual([]);
    });

    it("is one where the role acts as another one", () => {
        const [found] = checkActsAs("access node", { ...POSTGRES, name: "app", actsAs: "owner" });
        expect(found).toMatchObject({ severity: "error", check: "role_setting" });
        expect(found?.remedy).toContain('ALTER ROLE "app" RESET role');
        expect(checkActsAs("access node", { ...POSTGRES, actsAs: "none" })).toEqual([]);
    });

    it("is one without an encoding, as advice", () => {
        const found = checkEncoding("access node", "metrics", { ...LOCALE, encoding: "SQL_ASCII" });
        expect(briefly(found)).toEqual(["warning sql_ascii"]);
        expect(found[0]?.remedy).toContain(`CREATE DATABASE "metrics" TEMPLATE template0 ENCODING 'UTF8'`);
        expect(checkEncoding("access node", "metrics", LOCALE)).toEqual([]);
    });

    it("is one whose wrapper the role may not use", () => {
        const check = (wrappers: Record<string, boolean>) =>
            checkWrapperUsage("access node", "metrics", "postgres_fdw", { ...POSTGRES, name: "app" }, wrappers);
        expect(check({ postgres_fdw: false })[0]?.remedy).toContain(
            'GRANT USAGE ON FOREIGN DATA WRAPPER "postgres_fdw" TO "app"',
        );
        expect([...check({ postgres_fdw: true }), ...check({})]).toEqual([]);
    });
});
