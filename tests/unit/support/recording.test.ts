import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { adoptRecordings } from "../../../tools/recordings.mjs";
import { connecting, type Lease, type Question } from "../../support/recording/actor";
import { parsedError, parsedResults, rawError, type Answer } from "../../support/recording/answer";
import { describeDifference } from "../../support/recording/difference";
import { Recordings, type Entry } from "../../support/recording/files";
import { RecordedNames, recordedValues } from "../../support/recording/names";
import { realPg } from "../../support/recording/realPg";
import { Recorder } from "../../support/recording/recorder";
import { Replayer } from "../../support/recording/replayer";

const ACCESS = "access/postgres";
const SOME_UUID = "3f0e6c1a-2f4b-4c7d-9f0e-1a2b3c4d5e6f";
const OTHER_UUID = "a1b2c3d4-0000-4000-9000-0123456789ab";

function rows(...values: string[]): Answer {
    return {
        results: [{ command: "SELECT", count: values.length, fields: [["v", 25]], rows: values.map((v) => [v]) }],
    };
}

function question(sql: string, values?: readonly unknown[], on = ACCESS): Question {
    return { on, sql, values };
}

function entry(session: number, sql: string, answer: Answer = {}, values?: readonly unknown[]): Entry {
    return { session, on: ACCESS, sql, values, answer };
}

describe("the recorder", () => {
    const server = (port: number, password: string): Parameters<RecordedNames["addServer"]>[0] => ({
        ...recordedValues(0, 0),
        port,
        password,
        dataFolder: `/tmp/folder-${port}`,
    });

    function recorder(names = new RecordedNames(), isLocked = async (): Promise<boolean> => false) {
        const kept: Entry[] = [];
        const actor = new Recorder(names, isLocked, (_scope, entries) => kept.push(...entries));
        actor.enter("a case");
        return { actor, kept };
    }

    it("writes the same for another port, password, folder and uuid", async () => {
        const recordings = [];
        for (const [port, password, uuid] of [
            [40123, "0123abcd", SOME_UUID],
            [51999, "ffff0000", OTHER_UUID],
        ] as const) {
            const names = new RecordedNames();
            names.addServer(server(port, password), recordedValues(0, 0));
            const { actor, kept } = recorder(names);
            const answer = rows(`port=${port} folder=/tmp/folder-${port}/base`, uuid, "2.13.1");
            await actor.ask({}, question(`add '${password}' '${uuid}'`, [port, `x${uuid}`]), async () => answer);
            actor.leave();
            recordings.push(kept);
        }
        expect(recordings[0]).toEqual(recordings[1]);
        expect(recordings[0]?.[0]).toMatchObject({ session: 1, values: [54000, expect.stringMatching(/^x0{8}-/)] });
        expect(JSON.stringify(recordings)).not.toMatch(/40123|0123abcd|3f0e6c1a/);
    });

    it("writes the same for other OIDs, where a column says that they are some", async () => {
        const recordings = [];
        for (const oid of ["22877", "16400"]) {
            const { actor, kept } = recorder();
            const fields = [
                ["oid", 26],
                ["n", 23],
            ] as const;
            const results = [
                {
                    command: "SELECT",
                    count: 2,
                    fields,
                    rows: [
                        [oid, "20000"],
                        ["10", null],
                    ],
                },
            ];
            await actor.ask({}, question("read"), async () => ({ results }));
            await actor.ask({}, question(`PREPARE TRANSACTION 'ts-1-3-${oid}-10'`), async () => ({}));
            actor.leave();
            recordings.push(kept);
        }
        expect(recordings[0]).toEqual(recordings[1]);
        expect(recordings[0]?.[0]?.answer.results?.[0]?.rows).toEqual([
            ["1000001", "20000"],
            ["10", null],
        ]);
    });

    it("asks one question at a time, in the order in which they come, however long each takes", async () => {
        const { actor, kept } = recorder();
        let underWay = 0;
        const ask = (lease: Lease, sql: string, ms: number): Promise<Answer> =>
            actor.ask(lease, question(sql), async () => {
                expect(++underWay).toBe(1);
                await sleep(ms);
                underWay--;
                return {};
            });
        const session = async (name: string, ms: number): Promise<void> => {
            const lease = {};
            await ask(lease, `${name}1`, ms);
            await ask(lease, `${name}2`, ms);
        };
        await Promise.all([session("slow", 30), session("fast", 1)]);
        actor.leave();
        expect(kept.map(({ session, sql }) => `${session} ${sql}`)).toEqual([
            "1 slow1",
            "2 fast1",
            "1 slow2",
            "2 fast2",
        ]);
    });

    it("lets others go on while a statement waits for a lock that they hold", async () => {
        let isHeld = true;
        const { actor, kept } = recorder(new RecordedNames(), async () => isHeld);
        const waiting = actor.ask({}, question("lock"), async () => {
            while (isHeld) await sleep(5);
            return {};
        });
        await actor.ask({}, question("unlock"), async () => ((isHeld = false), {}));
        await waiting;
        actor.leave();
        expect(kept.map(({ sql }) => sql)).toEqual(["unlock", "lock"]);
    });
});

describe("the recorder, where sessions get into each other's way", () => {
    const answered = async (code: string): Promise<{ kept: number; leave: () => void }> => {
        let kept = 0;
        const actor = new Recorder(
            new RecordedNames(),
            async () => false,
            () => kept++,
        );
        actor.enter("a case");
        await actor.ask({}, question("a"), async () => ({ error: { class: "server", message: "in use", code } }));
        const error = ((): unknown => {
            try {
                return actor.leave();
            } catch (thrown) {
                return thrown;
            }
        })();
        return {
            kept,
            leave: () => {
                if (error instanceof Error) throw error;
            },
        };
    };

    it("fails the case instead of keeping what came by chance, and keeps any other error", async () => {
        const used = await answered("55006");
        expect(used.leave).toThrow(/"a case".*record it again: in use \(SQLSTATE 55006\)/);
        expect(used.kept).toBe(0);
        const other = await answered("42P01");
        expect(other.leave).not.toThrow();
        expect(other.kept).toBe(1);
    });
});

describe("the replayer", () => {
    function replayer(entries: readonly Entry[] | undefined): Replayer {
        const actor = new Replayer(() => entries);
        actor.enter("a case");
        return actor;
    }

    it("answers each session in its order", async () => {
        const actor = replayer([entry(1, "a", rows("1")), entry(2, "a", rows("2")), entry(1, "b", rows("3"))]);
        const [first, second] = [{}, {}];
        const answers = await Promise.all([actor.ask(first, question("a")), actor.ask(second, question("a"))]);
        expect(answers).toEqual([rows("1"), rows("2")]);
        expect(await actor.ask(first, question("b"))).toEqual(rows("3"));
        expect(() => actor.leave()).not.toThrow();
    });

    it("does not mind which of two sessions that begin alike comes first", async () => {
        const actor = replayer([
            entry(1, "read", rows("same")),
            entry(2, "read", rows("same")),
            entry(1, "add one", rows("one")),
            entry(2, "add two", rows("two")),
        ]);
        const [first, second] = [{}, {}];
        await actor.ask(first, question("read"));
        await actor.ask(second, question("read"));
        expect(await actor.ask(first, question("add two"))).toEqual(rows("two"));
        expect(await actor.ask(second, question("add one"))).toEqual(rows("one"));
        expect(() => actor.leave()).not.toThrow();
    });

    it("answers questions that come at once in the recorded order", async () => {
        const actor = replayer([entry(1, "unlock"), entry(2, "lock")]);
        const order: string[] = [];
        const ask = async (sql: string): Promise<void> => {
            await actor.ask({}, question(sql));
            order.push(sql);
        };
        await Promise.all([ask("lock"), ask("unlock")]);
        expect(order).toEqual(["unlock", "lock"]);
    });

    it("takes the uuids that the program makes up for the recorded ones, and gives them back", async () => {
        const recorded = "00000000-0000-4000-8000-0000abcd0001";
        const actor = replayer([
            entry(1, `mark '${recorded}'`, {}, [recorded]),
            entry(1, "read", rows(recorded)),
            entry(1, `mark '${recorded}'`),
        ]);
        const lease = {};
        await actor.ask(lease, question(`mark '${SOME_UUID}'`, [SOME_UUID]));
        expect(await actor.ask(lease, question("read"))).toEqual(rows(SOME_UUID));
        await expect(actor.ask(lease, question(`mark '${OTHER_UUID}'`))).rejects.toThrow(/does not have/);
    });

    it("fails the case with the difference, also where the program goes on", async () => {
        const actor = replayer([entry(1, "BEGIN"), entry(1, "SELECT a,\n       b\n  FROM t\n WHERE x", {}, ["v"])]);
        const lease = {};
        await actor.ask(lease, question("BEGIN"));
        await actor.ask(lease, question("SELECT a,\n       c\n  FROM t\n WHERE x", ["v"])).catch(() => undefined);
        expect(() => actor.leave()).toThrow(
            [
                'the recording of "a case" does not have this statement next',
                "after",
                "    access/postgres: BEGIN",
                "(- recorded, + came):",
                "    on access/postgres",
                "    SELECT a,",
                "  -        b",
                "  +        c",
                "      FROM t",
                "     WHERE x",
            ].join("\n"),
        );
    });

    it("shows the likest of the recorded statements for one that begins a session", async () => {
        const actor = replayer([entry(1, "DROP TABLE t"), entry(2, "SELECT a FROM t"), entry(3, "SELECT 1")]);
        await expect(actor.ask({}, question("SELECT b FROM t"))).rejects.toThrow(
            /in a new session[\s\S]*- SELECT a FROM t\n {2}\+ SELECT b FROM t/,
        );
    });

    it("fails a case that leaves recorded statements out, and one that was never recorded", async () => {
        expect(() => replayer([entry(1, "a"), entry(1, "b")]).leave()).toThrow(
            /did not come, the first one\n {2}- .* a$/,
        );
        await expect(replayer(undefined).ask({}, question("a"))).rejects.toThrow(
            /no recording of "a case".*test:record/,
        );
    });

    it("goes on where it was between two cases, of which not all need to run", async () => {
        const recordings: Record<string, Entry[]> = { between: [entry(1, "a"), entry(2, "b"), entry(3, "c")], one: [] };
        const actor = new Replayer((scope) => recordings[scope]);
        actor.enter("between");
        await actor.ask({}, question("a"));
        actor.enter("one");
        actor.leave();
        actor.enter("between");
        await actor.ask({}, question("b"));
        expect(() => actor.leave(false)).not.toThrow();
    });

    it("allows for another number of connections, unless one of them failed", async () => {
        const connect = connecting(ACCESS, "postgres");
        const made = { session: 1, ...connect, answer: {} };
        const actor = replayer([made]);
        expect(await actor.ask({}, connect)).toEqual({});
        expect(await actor.ask({}, connect)).toEqual({});
        expect(() => replayer([made]).leave()).not.toThrow();

        const refused = { error: { class: "server" as const, message: "no", code: "28P01" } };
        const refusing = replayer([made, { session: 2, ...connect, answer: refused }]);
        expect(await refusing.ask({}, connect)).toEqual({});
        expect(await refusing.ask({}, connect)).toEqual(refused);
        await expect(refusing.ask({}, connect)).rejects.toThrow(/does not have/);
        expect(() => replayer([{ session: 1, ...connect, answer: refused }]).leave()).toThrow(/did not come/);
    });
});

describe("an answer", () => {
    it("is parsed as pg does it", () => {
        const fields = [
            ["n", 23],
            ["big", 20],
            ["at", 1184],
            ["list", 1009],
            ["doc", 3802],
            ["none", 25],
        ] as const;
        const row = ["1", "2", "2026-01-01 00:00:00+00", "{a,b}", '{"x":1}', null];
        expect(parsedResults([{ command: "SELECT", count: 1, fields, rows: [row] }])).toMatchObject({
            rowCount: 1,
            rows: [{ n: 1, big: "2", at: new Date("2026-01-01"), list: ["a", "b"], doc: { x: 1 }, none: null }],
        });
    });

    it("keeps an error's class and all its fields but its length", () => {
        const error = Object.assign(new realPg.DatabaseError("text", 99, "error"), {
            severity: "ERROR",
            code: "23505",
            detail: "d",
            hint: "h",
            constraint: "c",
        });
        const raw = rawError(error);
        expect(raw).toEqual({
            class: "server",
            message: "text",
            severity: "ERROR",
            code: "23505",
            detail: "d",
            hint: "h",
            constraint: "c",
        });
        const parsed = parsedError(JSON.parse(JSON.stringify(raw)) as NonNullable<typeof raw>);
        expect(parsed).toBeInstanceOf(realPg.DatabaseError);
        expect(parsed).toMatchObject({ message: "text", code: "23505", constraint: "c" });

        const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED", errno: -111, syscall: "connect" });
        expect(parsedError(rawError(refused)!)).toMatchObject({
            message: "connect",
            code: "ECONNREFUSED",
            errno: -111,
        });
    });
});

describe("the files", () => {
    let folder: string;

    beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), "recordings-"))));
    afterEach(() => rmSync(folder, { recursive: true }));

    const header = { case: "a: b/c “x”", server: "TimescaleDB 2.13.1", recorded: "2026-01-31" };

    it("give back what was written, with long texts written once", () => {
        const long = "SELECT 1 -- ".padEnd(500, "x");
        const entries = [entry(1, long, rows(long)), entry(2, long, rows(long), [long, null, 1])];
        new Recordings(folder).write(header, entries);
        new Recordings(folder).write({ ...header, case: "other" }, entries);
        expect(new Recordings(folder).read(header.case)).toEqual(entries);
        expect(new Recordings(folder).read("unknown")).toBeUndefined();
        expect(new Recordings(folder).headers()).toEqual(expect.arrayContaining([header]));
        expect(readFileSync(path.join(folder, "texts.jsonl"), "utf8").match(/x{100}/g)?.length).toBeLessThan(12);
    });

    it("keep their day while the answers stay the same, and go with their case", () => {
        const [made, kept] = [path.join(folder, "made"), path.join(folder, "kept")];
        const old = new Recordings(kept);
        old.write(header, [entry(1, "a")]);
        old.write({ ...header, case: "changes" }, [entry(1, "a")]);
        old.write({ ...header, case: "goes" }, [entry(1, "a")]);
        const later = { ...header, recorded: "2026-02-01" };
        new Recordings(made).write(later, [entry(1, "a")]);
        new Recordings(made).write({ ...later, case: "changes" }, [entry(1, "b")]);
        expect(adoptRecordings(made, kept)).toEqual({
            changed: [old.fileOf("changes"), old.fileOf("goes")],
            unchanged: 2,
        });
        const days = old.headers().map(({ case: name, recorded }) => [name, recorded]);
        expect(Object.fromEntries(days)).toEqual({ [header.case]: "2026-01-31", changes: "2026-02-01" });
        writeFileSync(path.join(folder, "other.txt"), "");
        adoptRecordings(path.join(folder, "none"), kept);
        expect(readdirSync(folder).sort()).toEqual(["made", "other.txt"]);
    });
});

describe("a difference", () => {
    it("shows all of a statement that nothing was expected for", () => {
        expect(describeDifference(undefined, question("a\nb", [1]))).toBe(
            ["  + on access/postgres", "  + a", "  + b", "  + values [1]"].join("\n"),
        );
    });
});
