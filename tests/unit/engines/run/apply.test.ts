import { converge, type Operation } from "../../../../provider/engines/run/apply";
import type { Step } from "../../../../provider/engines/step";
import { ACCESS, Servers } from "../../../../provider/engines/run/servers";
import { ProviderError } from "../../../../provider/errors";
import { connectionTo } from "../../../support/connections";
import { fakePool, sqlError } from "../../../support/fakePool";
import { FakeResource, type Things, type ThingsComputed } from "../../../support/fakeResource";

jest.mock("../../../../provider/postgres/pool", () =>
    jest.requireActual<typeof import("../../../support/fakePool")>("../../../support/fakePool"),
);

const servers = new Servers(
    { connection: connectionTo("access"), database: "multinode" },
    { dn1: { connection: connectionTo("data1"), database: "multinode" } },
);

let resource: FakeResource;
let told: string[];

beforeEach(() => {
    resource = new FakeResource();
    told = [];
    fakePool.reset();
    fakePool.answer = (event) => resource.run(event);
});

function operation(things: string[], more: Partial<Operation<Things, ThingsComputed, unknown>> = {}) {
    return {
        resource,
        servers,
        request: { inputs: { things }, newId: "new" },
        plan: resource.plan.bind(resource),
        report: { progress: (text: string) => told.push(text), warn: (text: string) => told.push(`warning: ${text}`) },
        ...more,
    };
}

const failure = (work: Promise<unknown>): Promise<ProviderError> =>
    work.then(
        () => Promise.reject(new Error("it did not fail")),
        (error: unknown) => error as ProviderError,
    );

/** Fails the n-th time that a statement comes, before or after it has its effect. */
function failing(text: string, error: Error, { after = false, times = 1 } = {}): void {
    let left = times;
    fakePool.answer = (event) => {
        if (event.text !== text || left === 0) {
            return resource.run(event);
        }
        left--;
        if (after) {
            resource.run(event);
        }
        throw error;
    };
}

const LOST = sqlError("08006", "the connection broke", { code: "SERVER_UNREACHABLE", transient: true });

describe("converge", () => {
    it("does nothing where nothing is left to do, and returns what is there", async () => {
        resource.there.add("a");
        await expect(converge(operation(["a"]))).resolves.toEqual(["a"]);
        expect(fakePool.statements).toEqual([]);
        expect(resource.calls).toEqual(["observe"]);
    });

    it("applies the plan, and looks again until it is empty", async () => {
        await expect(converge(operation(["a", "b"]))).resolves.toEqual(["a", "b"]);
        expect(fakePool.statements).toEqual(["ADD a", "ADD b"]);
        expect(resource.calls).toEqual(["observe", "observe"]);
    });

    it("goes on with a plan that shows more only when its first part is done", async () => {
        const step = (thing: string): Step => ({
            name: "change",
            why: "w",
            on: { server: ACCESS, database: "multinode" },
            sql: `ADD ${thing}`,
        });
        const plan = (observed: unknown) => {
            const count = ((observed ?? []) as string[]).length;
            return { steps: count < 5 ? [step(`thing${count}`)] : [], warnings: [] };
        };
        await converge(operation([], { plan }));
        expect(fakePool.statements).toHaveLength(5);
    });

    it("says before the first step that something may be half-made, and not where there is none", async () => {
        const onFirstStep = jest.fn(() => expect(fakePool.statements).toEqual([]));
        await converge(operation(["a"], { onFirstStep }));
        expect(onFirstStep).toHaveBeenCalledTimes(1);
        await converge(operation(["a"], { onFirstStep }));
        expect(onFirstStep).toHaveBeenCalledTimes(1);
    });

    it("fails with the steps that are left when a step has no effect", async () => {
        fakePool.answer = ({ text }) => (text === "ADD a" ? resource.run({ text }) : []);
        const error = await failure(converge(operation(["a", "b", "c"])));
        expect(error.code).toBe("NOT_CONVERGED");
        expect(error.reason).toBe(
            "these steps are left although they ran: change (ADD b is due); change (ADD c is due)",
        );
        expect(fakePool.statements).toEqual(["ADD a", "ADD b", "ADD c", "ADD b", "ADD c"]);
    });

    it("fails when plans go back and forth for ever", async () => {
        let round = 0;
        const plan = () => resource.plan(undefined, { inputs: { things: [`x${round++ % 2}`] }, newId: "n" });
        const error = await failure(converge(operation([], { plan })));
        expect(error.code).toBe("NOT_CONVERGED");
        expect(fakePool.statements).toHaveLength(12);
    });

    it("does not start to change anything where the plan refuses", async () => {
        const refusal = new ProviderError("HOLDS_DATA", "it holds rows");
        const plan = () => {
            throw refusal;
        };
        const onFirstStep = jest.fn();
        await expect(converge(operation(["a"], { plan, onFirstStep }))).rejects.toBe(refusal);
        expect(onFirstStep).not.toHaveBeenCalled();
        expect(fakePool.statements).toEqual([]);
    });
});

describe("transactions", () => {
    const grouped = (groups: Record<string, string | undefined>) => (step: Step) => ({
        ...step,
        ...(groups[step.sql] === undefined ? {} : { transaction: groups[step.sql] }),
    });

    it("hold together what follows each other under one name, and nothing else", async () => {
        resource.dress = grouped({ "ADD b": "t1", "ADD c": "t1", "ADD d": "t2", "ADD f": "t2" });
        await converge(operation(["a", "b", "c", "d", "e", "f"]));
        expect(fakePool.statements).toEqual([
            "ADD a",
            ...["BEGIN", "ADD b", "ADD c", "COMMIT"],
            ...["BEGIN", "ADD d", "COMMIT"],
            "ADD e",
            ...["BEGIN", "ADD f", "COMMIT"],
        ]);
    });

    it("do not span two places", async () => {
        resource.dress = (step) => ({
            ...step,
            transaction: "t",
            ...(step.sql === "ADD b" ? { on: { server: "dn1", database: "multinode" } } : {}),
            ...(step.sql === "ADD c" ? { on: { server: ACCESS, database: "postgres" } } : {}),
        });
        await converge(operation(["a", "b", "c"]));
        expect(fakePool.lines.filter((line) => !line.includes("--"))).toEqual([
            "access/multinode: lock",
            ...["BEGIN", "ADD a", "COMMIT"].map((text) => `access/multinode: ${text}`),
            ...["BEGIN", "ADD b", "COMMIT"].map((text) => `data1/multinode: ${text}`),
            ...["BEGIN", "ADD c", "COMMIT"].map((text) => `access/postgres: ${text}`),
        ]);
    });

    it("are rolled back when a step in them fails, and later steps do not run", async () => {
        resource.dress = grouped({ "ADD a": "t", "ADD b": "t" });
        failing("ADD b", sqlError("42501", "permission denied"));
        const error = await failure(converge(operation(["a", "b", "c"])));
        expect(error.reason).toContain("permission denied");
        expect(fakePool.statements).toEqual(["BEGIN", "ADD a", "ADD b", "ROLLBACK"]);
    });

    it("show the first error, not the one of a rollback on a lost session", async () => {
        resource.dress = grouped({ "ADD a": "t" });
        fakePool.answer = ({ text }) => {
            if (text === "ADD a") {
                throw sqlError("42501", "permission denied");
            }
            if (text === "ROLLBACK") {
                throw LOST;
            }
        };
        expect((await failure(converge(operation(["a"])))).reason).toContain("permission denied");
    });
});

describe("a passing fault", () => {
    it("makes it look anew, and does not repeat a step that had its effect", async () => {
        failing("ADD a", LOST, { after: true });
        await expect(converge(operation(["a", "b"]))).resolves.toEqual(["a", "b"]);
        expect(fakePool.statements).toEqual(["ADD a", "ADD b"]);
        expect(resource.calls).toEqual(["observe", "observe", "observe"]);
    });

    it("makes it run a step again only where what is there still asks for it", async () => {
        failing("ADD a", LOST);
        await converge(operation(["a", "b"]));
        expect(fakePool.statements).toEqual(["ADD a", "ADD a", "ADD b"]);
    });

    it("of a commit makes it look whether the commit went through", async () => {
        resource.dress = (step) => ({ ...step, transaction: "t" });
        failing("COMMIT", LOST);
        await converge(operation(["a"]));
        expect(fakePool.statements).toEqual(["BEGIN", "ADD a", "COMMIT", "ROLLBACK"]);
    });

    it("takes the locks again on a new session before it looks", async () => {
        failing("ADD a", LOST, { after: true });
        resource.onObserve = () => fakePool.events.push({ session: 0, place: "-", text: "observe" });
        await converge(operation(["a"]));
        expect(fakePool.lines).toEqual([
            "access/multinode: -- lent",
            "access/multinode: lock",
            "-: observe",
            "access/multinode: ADD a",
            "access/multinode: -- ended",
            "access/multinode: -- lent",
            "access/multinode: lock",
            "-: observe",
            "access/multinode: -- ended",
        ]);
    });

    it("while it looks is passed over, too", async () => {
        let left = 1;
        resource.onObserve = () => {
            if (left-- > 0) {
                throw LOST;
            }
        };
        await converge(operation(["a"]));
        expect(fakePool.statements).toEqual(["ADD a"]);
    });

    it("that stays is not the same as a step without effect", async () => {
        failing("ADD a", LOST, { times: 2 });
        await expect(converge(operation(["a"]))).resolves.toEqual(["a"]);
    });
});

describe("an error that lasts", () => {
    it("is not tried again, and names the step and the server", async () => {
        failing("ADD a", sqlError("42501", "permission denied", { code: "PERMISSION_DENIED" }), { times: 9 });
        const error = await failure(converge(operation(["a"])));
        expect(error.code).toBe("PERMISSION_DENIED");
        expect(error.reason).toBe("change on access node (access:5432): permission denied (SQLSTATE 42501)");
        expect(fakePool.statements).toEqual(["ADD a"]);
    });

    it("is told in the user's terms where the step knows what it means", async () => {
        const explains = {
            "42P07": { code: "ALREADY_EXISTS", reason: "data node dn1 still holds the table", remedy: "Drop it" },
        } as const;
        resource.dress = (step) => ({ ...step, explains });
        failing("ADD a", sqlError("42P07", "relation exists"));
        const known = await failure(converge(operation(["a"])));
        expect(known).toMatchObject({ code: "ALREADY_EXISTS", remedy: "Drop it", cause: { code: "42P07" } });
        expect(known.reason).toMatch(
            /^change on access node .*: data node dn1 still holds the table \(relation exists/,
        );
        failing("ADD a", sqlError("42P06", "schema exists"));
        expect(await failure(converge(operation(["a"])))).toMatchObject({ code: "SERVER_ERROR" });
    });

    it("of this program itself comes through as it is", async () => {
        failing("ADD a", new TypeError("a mistake"));
        await expect(converge(operation(["a"]))).rejects.toThrow(TypeError);
    });
});

describe("locks", () => {
    it("are taken in their order, shared or not, before anything is looked at", async () => {
        resource.lockNames = [
            { name: "cluster", shared: true },
            { name: "table", shared: false },
        ];
        resource.onObserve = () => fakePool.events.push({ session: 0, place: "-", text: "observe" });
        resource.there.add("a");
        await converge(operation(["a"]));
        const texts = fakePool.events.map(({ text }) => text);
        expect(texts).toEqual([
            "-- lent",
            "SELECT pg_advisory_lock_shared($1::bigint)",
            "SELECT pg_advisory_lock($1::bigint)",
            "observe",
            "-- ended",
        ]);
        const [first, second] = fakePool.events.filter(({ values }) => values !== undefined);
        expect(first?.values).not.toEqual(second?.values);
    });

    it("have the same key for the same name and database, and another for another", async () => {
        const keyOf = async (database: string, name: string): Promise<unknown> => {
            fakePool.reset();
            resource.on = { server: ACCESS, database };
            resource.lockNames = [{ name, shared: false }];
            await converge(operation([]));
            return fakePool.events.find(({ values }) => values !== undefined)?.values?.[0];
        };
        const key = await keyOf("multinode", "cluster");
        expect(key).toMatch(/^-?\d{1,19}$/);
        expect(await keyOf("multinode", "cluster")).toBe(key);
        expect(await keyOf("other", "cluster")).not.toBe(key);
        expect(await keyOf("multinode", "other")).not.toBe(key);
    });

    it("that another run holds for too long are named", async () => {
        fakePool.answer = ({ text }) => {
            if (text.includes("pg_advisory_lock")) {
                throw sqlError("55P03", "canceling statement due to lock timeout", { code: "LOCKED", transient: true });
            }
        };
        const error = await failure(converge(operation(["a"])));
        expect(error.code).toBe("LOCKED");
        expect(error.message).toContain("lockTimeoutSeconds");
        expect(resource.calls).toEqual([]);
    });

    it("keep their session until the end, and the steps on its place run on it", async () => {
        await converge(operation(["a", "b"]));
        expect(fakePool.events.map(({ session }) => session)).toEqual([1, 1, 1, 1, 1]);
        expect(fakePool.events.at(-1)?.text).toBe("-- ended");
    });

    it("leave other places to sessions of their own, which end after each step", async () => {
        resource.dress = (step) => ({ ...step, on: { server: "dn1", database: "postgres" } });
        await converge(operation(["a", "b"]));
        expect(fakePool.lines).toEqual([
            "access/multinode: -- lent",
            "access/multinode: lock",
            ...["-- lent", "ADD a", "-- ended"].map((text) => `data1/postgres: ${text}`),
            ...["-- lent", "ADD b", "-- ended"].map((text) => `data1/postgres: ${text}`),
            "access/multinode: -- ended",
        ]);
    });

    it("are taken in the maintenance database where their own does not exist any more", async () => {
        fakePool.connect = (place) => {
            if (place === "access/multinode") {
                throw sqlError("3D000", 'database "multinode" does not exist');
            }
        };
        resource.there.add("a");
        resource.dress = (step) => ({ ...step, on: { server: "dn1", database: "multinode" } });
        await converge(operation([]));
        expect(fakePool.lines).toEqual([
            "access/postgres: -- lent",
            "access/postgres: lock",
            "data1/multinode: -- lent",
            "data1/multinode: REMOVE a",
            "data1/multinode: -- ended",
            "access/postgres: -- ended",
        ]);
    });

    it("stay where they are when a database is found missing later", async () => {
        fakePool.connect = (place) => {
            if (place === "data1/multinode") {
                throw sqlError("3D000", 'database "multinode" does not exist');
            }
        };
        resource.there.add("a");
        resource.dress = (step) => ({ ...step, on: { server: "dn1", database: "multinode" } });
        const error = await failure(converge(operation([])));
        expect(error.reason).toContain("does not exist");
        expect(fakePool.lines.filter((line) => line.startsWith("access/postgres"))).toEqual([]);
    });

    it("are given back when the operation fails", async () => {
        failing("ADD a", sqlError("42501", "permission denied"));
        await failure(converge(operation(["a"])));
        expect(fakePool.events.at(-1)?.text).toBe("-- ended");
    });
});

describe("what is told", () => {
    it("is the number and the reason of each step, before it runs", async () => {
        await converge(operation(["a", "b"]));
        expect(told).toEqual(["1/2 change (ADD a is due)", "2/2 change (ADD b is due)"]);
    });

    it("is each warning once, however often it is planned", async () => {
        resource.warnings = ["dn2 is gone", "dn3 is gone"];
        failing("ADD a", LOST);
        await converge(operation(["a"]));
        expect(told.filter((text) => text.startsWith("warning"))).toEqual([
            "warning: dn2 is gone",
            "warning: dn3 is gone",
        ]);
    });
});
