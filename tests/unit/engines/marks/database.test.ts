import {
    NO_DATABASE,
    observeDatabase,
    planDatabase,
    planDropDatabase,
    provisionalName,
    type DatabaseState,
    type ObservedDatabase,
} from "../../../../provider/engines/marks/database";
import { withMarker, type Marker } from "../../../../provider/engines/marks/marker";
import { ACCESS } from "../../../../provider/engines/run/servers";
import type { ProviderError } from "../../../../provider/errors";

const ON = { server: ACCESS, database: "postgres" };
const LABEL = "access node (access:5432)";
const MINE: Marker = { cluster: "c1", urn: "urn::access", engine: "fdw" };
const OTHER: Marker = { cluster: "c2", urn: "urn::other", engine: "fdw" };

function state(marker?: Marker, text: string | null = null): DatabaseState {
    const comment = marker === undefined ? text : withMarker(text, marker);
    return { owner: "postgres", encoding: "UTF8", collation: "C", characterType: "C", comment, marker };
}

const requested = { on: ON, label: LABEL, name: "multinode", marker: MINE, adopt: false };

const sqlOf = (observed: ObservedDatabase, marker = MINE, options: { adopt?: boolean; name?: string } = {}): string[] =>
    planDatabase(observed, {
        on: ON,
        label: LABEL,
        name: options.name ?? "multinode",
        marker,
        adopt: options.adopt ?? false,
    }).map(({ sql }) => sql);

const commentText = (name: string, marker: Marker, text: string | null = null): string =>
    `COMMENT ON DATABASE "${name}" IS '${withMarker(text, marker)}'`;

describe("planDatabase", () => {
    const made = provisionalName("multinode");

    it("makes a database under a provisional name, and gives it its name and its mark at once", () => {
        const steps = planDatabase(NO_DATABASE, requested);
        expect(steps.map(({ sql, transaction }) => [sql, transaction])).toEqual([
            [`CREATE DATABASE "${made}" TEMPLATE template0`, undefined],
            [commentText(made, MINE), "name database"],
            [`ALTER DATABASE "${made}" RENAME TO "multinode"`, "name database"],
        ]);
        expect(steps.every(({ on, why }) => on === ON && why !== "")).toBe(true);
    });

    it("goes on with what a run left that was cut before the name was given", () => {
        const all = sqlOf(NO_DATABASE).slice(1);
        expect(sqlOf({ ...NO_DATABASE, provisional: state() })).toEqual(all);
        expect(sqlOf({ ...NO_DATABASE, provisional: state(MINE) })).toEqual(all);
    });

    it("has nothing to do with a database that bears its mark", () => {
        expect(sqlOf({ ...NO_DATABASE, database: state(MINE) })).toEqual([]);
        expect(sqlOf({ ...NO_DATABASE, database: state(MINE, "the user's comment") })).toEqual([]);
    });

    it("writes the cluster's id into the mark once the server has made it, and keeps the user's comment", () => {
        const young: Marker = { urn: MINE.urn, engine: "fdw" };
        expect(sqlOf({ ...NO_DATABASE, database: state(young, "mine") })).toEqual([
            commentText("multinode", MINE, "mine"),
        ]);
    });

    it("knows its cluster's database when the resource has another name now", () => {
        expect(sqlOf({ ...NO_DATABASE, database: state({ ...MINE, urn: "urn::renamed" }) })).toEqual([
            commentText("multinode", MINE),
        ]);
    });

    it.each<[string, DatabaseState, string]>([
        ["bears no mark", state(), "and was not made by this resource"],
        ["bears another resource's mark", state(OTHER), "and belongs to urn::other"],
    ])("refuses a database that %s, and takes it over with adopt", (_what, database, reason) => {
        const refused = (): unknown => sqlOf({ ...NO_DATABASE, database });
        expect(refused).toThrow(`database "multinode" exists on ${LABEL} ${reason}`);
        expect(refused).toThrow(expect.objectContaining({ code: "ALREADY_EXISTS" }) as ProviderError);
        expect(sqlOf({ ...NO_DATABASE, database }, MINE, { adopt: true })).toEqual([
            commentText("multinode", { ...MINE, adopted: true }),
        ]);
    });

    it("does not take two databases without a cluster's id for the same cluster's", () => {
        const young: Marker = { urn: "urn::young", engine: "fdw" };
        expect(() => sqlOf({ ...NO_DATABASE, database: state({ urn: "urn::other", engine: "fdw" }) }, young)).toThrow();
    });

    it("remembers that a database was taken over, whatever adopt says later", () => {
        const adopted = { ...NO_DATABASE, database: state({ ...MINE, adopted: true }) };
        expect(sqlOf(adopted)).toEqual([]);
        expect(sqlOf(adopted, MINE, { adopt: true })).toEqual([]);
    });

    it("does not call a database adopted that it made itself, whatever adopt says", () => {
        expect(sqlOf({ ...NO_DATABASE, database: state(MINE) }, MINE, { adopt: true })).toEqual([]);
    });

    it("gives a new database the wanted locale", () => {
        const locale = { encoding: "UTF8", collation: "en_US.utf8", characterType: "it's" };
        const [create] = planDatabase(NO_DATABASE, { ...requested, locale });
        expect(create?.sql).toBe(
            `CREATE DATABASE "${made}" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'en_US.utf8' LC_CTYPE 'it''s'`,
        );
    });

    it.each(['a"; DROP DATABASE postgres; --', "a.b", "select", "ä".repeat(31), "a\nb", "it's"])(
        "quotes the name %j",
        (name) => {
            const quoted = `"${name.replaceAll('"', '""')}"`;
            expect(sqlOf(NO_DATABASE, MINE, { name }).at(-1)).toBe(
                `ALTER DATABASE "${provisionalName(name)}" RENAME TO ${quoted}`,
            );
            expect(Buffer.byteLength(provisionalName(name))).toBeLessThanOrEqual(63);
        },
    );

    it("quotes a comment of the user's", () => {
        const young: Marker = { urn: MINE.urn, engine: "fdw" };
        const [sql] = sqlOf({ ...NO_DATABASE, database: state(young, "'; DROP DATABASE postgres; --") });
        expect(sql).toContain("'''; DROP DATABASE postgres; --");
    });
});

describe("planDatabase over what an interrupted DROP DATABASE has left", () => {
    it("drops it first where it is ours", () => {
        expect(sqlOf({ ...NO_DATABASE, remains: { multinode: state(MINE) } })[0]).toBe(
            'DROP DATABASE IF EXISTS "multinode"',
        );
        const provisional = provisionalName("multinode");
        expect(sqlOf({ ...NO_DATABASE, remains: { [provisional]: state() } }).slice(0, 2)).toEqual([
            `DROP DATABASE IF EXISTS "${provisional}"`,
            `CREATE DATABASE "${provisional}" TEMPLATE template0`,
        ]);
    });

    it.each([[OTHER], [undefined]])("refuses it where it is not", (marker) => {
        for (const adopt of [false, true]) {
            expect(() => sqlOf({ ...NO_DATABASE, remains: { multinode: state(marker) } }, MINE, { adopt })).toThrow(
                /is the remains of an interrupted DROP DATABASE and not this resource's.*DROP DATABASE "multinode".*ALREADY_EXISTS/,
            );
        }
    });
});

describe("planDropDatabase", () => {
    const drop = (observed: ObservedDatabase, options: { drop?: boolean; force?: boolean } = {}) =>
        planDropDatabase(observed, {
            on: ON,
            name: "multinode",
            owner: { urns: new Set([MINE.urn]), known: true, adopt: false },
            drop: true,
            force: true,
            why: "it is ours",
            ...options,
        });

    it("drops what is there, and says what it destroys", () => {
        expect(drop({ ...NO_DATABASE, database: state(MINE) })).toEqual([
            {
                name: "drop database multinode",
                why: "it is ours",
                on: ON,
                sql: 'DROP DATABASE IF EXISTS "multinode" WITH (FORCE)',
                destroys: { what: "database multinode" },
            },
        ]);
    });

    it("does without FORCE where the server does not have it", () => {
        expect(drop({ ...NO_DATABASE, database: state(MINE) }, { force: false })[0]?.sql).toBe(
            'DROP DATABASE IF EXISTS "multinode"',
        );
    });

    it("drops what a run left under the provisional name", () => {
        expect(drop({ ...NO_DATABASE, provisional: state() }).map(({ sql }) => sql)).toEqual([
            `DROP DATABASE IF EXISTS "${provisionalName("multinode")}" WITH (FORCE)`,
        ]);
    });

    it("has nothing to do where nothing is left", () => expect(drop(NO_DATABASE)).toEqual([]));

    it("drops what an interrupted DROP DATABASE has left of its own, and of nobody else's", () => {
        const sql = (found: DatabaseState): string[] =>
            drop({ ...NO_DATABASE, remains: { multinode: found } }).map((step) => step.sql);
        expect(sql(state(MINE))).toEqual(['DROP DATABASE IF EXISTS "multinode"']);
        expect(sql(state(OTHER))).toEqual([]);
        expect(sql(state())).toEqual([]);
    });

    it.each<[string | null, string]>([
        [null, "NULL"],
        ["it's the user's", "'it''s the user''s'"],
    ])("only takes the mark off a database that is kept, and leaves the comment %j", (text, literal) => {
        expect(drop({ ...NO_DATABASE, database: state(MINE, text) }, { drop: false }).map(({ sql }) => sql)).toEqual([
            `COMMENT ON DATABASE "multinode" IS ${literal}`,
        ]);
        expect(drop({ ...NO_DATABASE, database: state(undefined, text) }, { drop: false })).toEqual([]);
    });
});

describe("observeDatabase", () => {
    it("tells the database and what is under its provisional name apart", async () => {
        const row = { owner: "o", encoding: "UTF8", collation: "C", character_type: "C", invalid: false };
        const query = jest.fn().mockResolvedValue([
            { ...row, name: provisionalName("multinode"), comment: null },
            { ...row, name: "multinode", comment: withMarker("text", MINE) },
        ]);
        await expect(
            observeDatabase({ query, one: jest.fn(), copyIn: async () => 0, takeNotices: () => [] }, "multinode"),
        ).resolves.toEqual({
            database: expect.objectContaining({ marker: MINE, owner: "o", characterType: "C" }) as unknown,
            provisional: expect.objectContaining({ marker: undefined, comment: null }) as unknown,
        });
        expect(query).toHaveBeenCalledWith(expect.anything(), ["multinode", provisionalName("multinode")]);
    });

    it("takes what an interrupted DROP DATABASE has left for no database", async () => {
        const row = { owner: "o", encoding: "UTF8", collation: "C", character_type: "C", invalid: true };
        const query = jest.fn().mockResolvedValue([{ ...row, name: "multinode", comment: withMarker(null, MINE) }]);
        await expect(
            observeDatabase({ query, one: jest.fn(), copyIn: async () => 0, takeNotices: () => [] }, "multinode"),
        ).resolves.toEqual({
            database: undefined,
            provisional: undefined,
            remains: { multinode: expect.objectContaining({ marker: MINE }) as unknown },
        });
    });

    it("finds nothing where there is nothing", async () => {
        const query = jest.fn().mockResolvedValue([]);
        await expect(
            observeDatabase({ query, one: jest.fn(), copyIn: async () => 0, takeNotices: () => [] }, "multinode"),
        ).resolves.toEqual(NO_DATABASE);
    });
});
