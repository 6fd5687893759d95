import type { EngineName } from "../../../provider/engines/inputs";
import type { Problem } from "../../../provider/engines/engine";
import { Servers } from "../../../provider/engines/run/servers";
import { ProviderError } from "../../../provider/errors";
import { handler, type Handler } from "../../../provider/handlers/handler";
import type { Kind } from "../../../provider/handlers/kind";
import { planner } from "../../../provider/handlers/planning/planner";
import { SCHEMA_VERSION } from "../../../provider/handlers/state";
import { identifier, list, record, text } from "../../../provider/validation/shapes";
import { UNKNOWN } from "../../../provider/validation/unknown";
import { connectionTo } from "../../support/connections";
import { engineByName, fakeEngines } from "../../support/fakeEngines";
import { fakePool, sqlError } from "../../support/fakePool";
import type { FakeResource, Things, ThingsComputed } from "../../support/fakeResource";

jest.mock("../../../provider/postgres/pool", () =>
    jest.requireActual<typeof import("../../support/fakePool")>("../../support/fakePool"),
);
jest.mock(
    "../../../provider/engines",
    () => jest.requireActual<typeof import("../../support/fakeEngines")>("../../support/fakeEngines"),
    { virtual: true },
);

interface Inputs extends Things {
    readonly name: string;
    readonly password?: string;
    readonly options: Readonly<Record<string, string>>;
}

const kind: Kind<Inputs, ThingsComputed> = {
    schema: {
        name: { shape: identifier(), required: true, effect: "replaces", doc: "" },
        things: { shape: list(identifier()), default: [], effect: "updates", doc: "" },
        password: { shape: text("a password", { secret: true }), effect: "updates", doc: "" },
        options: { shape: record(text()), default: {}, effect: "updates", doc: "" },
    },
    label: ({ name }) => `thing "${name}"`,
    deletesFirst: true,
    servers: () => new Servers({ connection: connectionTo("access"), database: "multinode" }, {}),
    engine: async () => engineByName("chosen"),
    waitForServers: async () => undefined,
    resource: (engine) => engine.accessNode as never,
    id: ({ name }) => `id of ${name}`,
    halfMade: (_inputs, engine) => ({ engine, count: -1 }),
};

const LOADER = "exports.handler = () => 1;";
const INPUTS = { name: "n", things: ["a", "b"], password: "hunter2", options: {}, __provider: LOADER };

let resource: FakeResource;
let things: Handler;

beforeEach(() => {
    resource = fakeEngines.reset();
    things = handler(kind);
    fakePool.reset();
    fakePool.answer = (event) => resource.run(event);
});

interface Failure extends Error {
    readonly id?: string;
    readonly properties?: Record<string, unknown>;
    readonly reasons?: string[];
}

const failure = (work: Promise<unknown>): Promise<Failure> =>
    work.then(
        () => Promise.reject(new Error("it did not fail")),
        (error: unknown) => error as Failure,
    );

/** Lets the statement fail. */
function failing(statement: string, error: unknown): void {
    fakePool.answer = (event) => {
        if (event.text === statement) {
            throw error;
        }
        return resource.run(event);
    };
}

const denied = (more = ""): ProviderError =>
    sqlError("42501", `permission denied${more}`, { code: "PERMISSION_DENIED" });

async function made(more: object = {}): Promise<Record<string, unknown>> {
    const { outs } = await things.create({ ...INPUTS, ...more });
    fakePool.events = [];
    resource.calls.length = 0;
    return { ...outs, __provider: LOADER };
}

/** Everything in an error that Pulumi shows or saves. */
const shownOf = ({ message, stack, reasons, properties }: Failure): string =>
    [message, stack, reasons?.join(), properties?.incomplete].join("\n");

describe("check", () => {
    it("fills in defaults and hands the loader text on", async () => {
        await expect(things.check({}, { name: "n", __provider: LOADER })).resolves.toEqual({
            inputs: { name: "n", things: [], options: {}, __provider: LOADER },
            failures: [],
        });
    });

    it("reports every failure at once, each with its property", async () => {
        const { failures } = await things.check({}, { name: "", things: "a", password: 5, extra: 1 });
        expect(failures).toEqual([
            {
                property: "",
                reason: "extra: expected one of name, things, password, options, got another property",
            },
            { property: "name", reason: 'expected a name of 1 to 63 bytes, got ""' },
            { property: "things", reason: 'expected a list of a name of 1 to 63 bytes, got "a"' },
            { property: "", reason: "password: expected a password, got number" },
        ]);
    });

    it("lets unknowns pass and leaves them where they are", async () => {
        const inputs = { name: UNKNOWN, things: ["a", UNKNOWN], password: UNKNOWN, options: UNKNOWN };
        await expect(things.check({}, inputs)).resolves.toEqual({ inputs, failures: [] });
    });
});

describe("diff", () => {
    const diff = (olds: object, news: object) =>
        things.diff("id", { ...INPUTS, schemaVersion: 1, ...olds }, { ...INPUTS, ...news });

    it("leaves it to the engine to see what changed in place", async () => {
        const inPlace = { changes: undefined, replaces: [], deleteBeforeReplace: false };
        await expect(diff({}, {})).resolves.toEqual(inPlace);
        await expect(diff({}, { things: [], password: "new" })).resolves.toEqual(inPlace);
    });

    it("replaces for a change of what replaces, the old one first where it must be", async () => {
        await expect(diff({}, { name: "m" })).resolves.toEqual({
            changes: undefined,
            replaces: ["name"],
            deleteBeforeReplace: true,
        });
        things = handler({ ...kind, deletesFirst: false });
        await expect(diff({}, { name: "m" })).resolves.toMatchObject({ deleteBeforeReplace: false });
    });

    it("never replaces for what is not known yet", async () => {
        await expect(diff({}, { name: UNKNOWN, things: UNKNOWN })).resolves.toMatchObject({ replaces: [] });
    });

    it("asks for an update while the resource is half-made, though no input changed", async () => {
        await expect(diff({ incomplete: "something is left" }, {})).resolves.toMatchObject({ changes: true });
    });

    it("does not compare the loader text", async () => {
        await expect(diff({ __provider: "an old one" }, {})).resolves.toMatchObject({ replaces: [] });
    });

    it("refuses a state of a newer version without a stack", async () => {
        const error = await failure(diff({ schemaVersion: 99 }, {}));
        expect(error.message).toContain("[STATE_FROM_NEWER_VERSION]");
        expect(error.stack).toBe("");
    });
});

describe("create", () => {
    it("answers with inputs, what was computed and the schema version, as plain data", async () => {
        await expect(things.create(INPUTS)).resolves.toEqual({
            id: "id of n",
            outs: {
                name: "n",
                things: ["a", "b"],
                password: "hunter2",
                options: {},
                engine: "fdw",
                count: 2,
                schemaVersion: SCHEMA_VERSION,
            },
        });
        expect(resource.calls).toEqual(["preflight", "observe", "observe"]);
    });

    it.each<[string, unknown, unknown]>([
        ["undefined", { a: undefined, b: [{ c: undefined }] }, { b: [{}] }],
        ["a big number", { a: 2n ** 60n }, { a: "1152921504606846976" }],
        ["a date", { a: new Date(0) }, { a: "1970-01-01T00:00:00.000Z" }],
        ["no number", { a: Number.NaN }, { a: null }],
    ])("answers with plain data where an engine computes %s", async (_what, computed, plain) => {
        resource.describe = () => ({
            inputs: { things: [] },
            computed: { engine: "fdw", count: 0, more: computed } as ThingsComputed,
        });
        const { outs } = await things.create(INPUTS);
        expect(outs.more).toStrictEqual(plain);
    });

    it("stops before any step where the preflight finds errors, and tells all of them", async () => {
        const problem = (what: string, severity: Problem["severity"] = "error"): Problem => ({
            severity,
            check: what,
            server: "dn1",
            what,
            remedy: "Mend it",
            restart: false,
        });
        resource.problems = [problem("one"), problem("advice", "warning"), problem("two")];
        const error = await failure(things.create(INPUTS));
        expect(error.message).toBe(
            'could not create thing "n": \n- dn1: one. Mend it\n- dn1: two. Mend it. ' +
                "[PREFLIGHT_FAILED] docs/errors.md#preflight_failed",
        );
        expect(error.id).toBeUndefined();
        expect(fakePool.statements).toEqual([]);
    });

    it("warns of what the preflight advises, and goes on", async () => {
        const warn = jest.spyOn(console, "warn").mockImplementation(() => undefined);
        resource.problems = [
            { severity: "warning", check: "c", server: "dn1", what: "hunter2", remedy: "Mend it", restart: true },
        ];
        await things.create(INPUTS);
        expect(warn.mock.calls).toEqual([["- (advice) dn1: [secret]. Mend it (needs a restart)"]]);
        warn.mockRestore();
    });

    it("fails as a whole where the first step was not reached", async () => {
        resource.onObserve = () => {
            throw denied();
        };
        const error = await failure(things.create(INPUTS));
        expect(error.message).toBe(
            'could not create thing "n": permission denied (SQLSTATE 42501). ' +
                "[PERMISSION_DENIED] docs/errors.md#permission_denied",
        );
        expect(error.id).toBeUndefined();
        expect(error.stack).toBe("");
    });

    it("leaves a half-made resource, with all that a later update and delete need", async () => {
        failing("ADD b", denied());
        const error = await failure(things.create(INPUTS));
        const reason =
            'could not finish thing "n": change on access node (access:5432): permission denied (SQLSTATE 42501). ' +
            "[PERMISSION_DENIED] docs/errors.md#permission_denied";
        expect(error).toBeInstanceOf(Error);
        expect(error.id).toBe("id of n");
        expect(error.reasons).toEqual([reason]);
        expect(error.message).toBe(reason);
        expect(error.properties).toStrictEqual({
            name: "n",
            things: ["a", "b"],
            password: "hunter2",
            options: {},
            engine: "fdw",
            count: 1,
            schemaVersion: SCHEMA_VERSION,
            incomplete: expect.stringContaining("permission denied") as string,
            __provider: LOADER,
        });
    });

    it("leaves a half-made resource where what is there cannot be seen any more", async () => {
        fakePool.answer = ({ text }) => {
            if (text.startsWith("ADD")) {
                resource.onObserve = () => {
                    throw sqlError("57P01", "the server is shutting down");
                };
                throw denied();
            }
        };
        const error = await failure(things.create(INPUTS));
        expect(error.reasons).toEqual([expect.stringContaining("permission denied")]);
        expect(error.properties).toMatchObject({ count: -1, engine: "fdw" });
    });

    it("takes back what it did where nothing can be kept of it", async () => {
        things = handler({ ...kind, halfMade: () => undefined });
        resource.describe = () => {
            throw new Error("it has no id yet");
        };
        failing("ADD b", denied());
        const error = await failure(things.create(INPUTS));
        expect(error.id).toBeUndefined();
        expect(error.message).toContain('could not create thing "n"');
        expect(resource.there.size).toBe(0);
    });
});

describe("read", () => {
    it("finds what is there, and no drift where there is none", async () => {
        const outs = await made();
        const { __provider, ...inputs } = INPUTS;
        await expect(things.read("id of n", outs)).resolves.toEqual({
            id: "id of n",
            props: outs,
            inputs: { ...inputs, __provider },
        });
        expect(resource.calls).toEqual(["observe shared"]);
        expect(fakePool.statements).toEqual([]);
    });

    it("tells drift in inputs and outputs", async () => {
        const outs = await made();
        resource.there.add("foreign");
        const { props, inputs } = await things.read("id of n", outs);
        expect(inputs).toMatchObject({ things: ["a", "b", "foreign"], __provider: LOADER });
        expect(props).toMatchObject({ things: ["a", "b", "foreign"], count: 3 });
        expect(props).not.toHaveProperty("incomplete");
    });

    it("marks what only a plan sees, so that the next update mends it", async () => {
        const outs = await made();
        resource.there.delete("b");
        resource.describe = (_observed, { inputs }) => ({ inputs, computed: { engine: "fdw", count: 1 } });
        const { props } = await things.read("id of n", outs);
        expect(props?.incomplete).toBe("left to do: change (ADD b is due)");
        await expect(things.diff("id of n", props ?? {}, INPUTS)).resolves.toMatchObject({ changes: true });
    });

    it("forgets that a resource was half-made once nothing is left to do", async () => {
        const outs = await made();
        const { props } = await things.read("id of n", { ...outs, incomplete: "something was left" });
        expect(props).toEqual(outs);
    });

    it("marks what a plan refuses, without its secrets", async () => {
        const outs = await made();
        resource.plan = () => {
            throw new ProviderError("NOT_SUPPORTED", "it cannot be with hunter2");
        };
        const { props } = await things.read("id of n", outs);
        expect(props?.incomplete).toContain("it cannot be with [secret]");
    });

    it("answers nothing for what is gone", async () => {
        const outs = await made();
        resource.there.clear();
        await expect(things.read("id of n", outs)).resolves.toEqual({});
    });

    it("looks again after a connection that was lost, a few times", async () => {
        const outs = await made();
        let losses = 1;
        resource.onObserve = () => {
            if (losses-- > 0) {
                throw sqlError("08006", "connection lost", { transient: true });
            }
        };
        await expect(things.read("id of n", outs)).resolves.toMatchObject({ props: outs });
        expect(resource.calls).toEqual(["observe shared", "observe shared"]);
        losses = 100;
        expect((await failure(things.read("id of n", outs))).message).toMatch(/connection lost.*tried 3 times/);
        resource.onObserve = () => {
            throw denied();
        };
        resource.calls.length = 0;
        await failure(things.read("id of n", outs));
        expect(resource.calls).toEqual(["observe shared"]);
    });

    it("takes what has no state yet by its inputs, and fails where it is not there", async () => {
        await made();
        await expect(things.read("whatever", INPUTS)).resolves.toMatchObject({
            id: "id of n",
            props: { count: 2, schemaVersion: SCHEMA_VERSION, __provider: LOADER },
        });
        resource.there.clear();
        const error = await failure(things.read("whatever", INPUTS));
        expect(error.message).toContain("[NOT_FOUND]");
        expect(error.stack).toBe("");
    });
});

describe("update", () => {
    it("answers with everything, the new inputs and what is then there", async () => {
        const outs = await made();
        const { outs: updated } = await things.update("id of n", outs, { ...INPUTS, things: ["b", "c"] });
        expect(updated).toEqual({
            name: "n",
            things: ["b", "c"],
            password: "hunter2",
            options: {},
            engine: "fdw",
            count: 2,
            schemaVersion: SCHEMA_VERSION,
        });
        expect(fakeEngines.asked.at(-1)).toBe("fdw");
    });

    it("fails as a whole where the first step was not reached, and the state stays", async () => {
        const outs = await made();
        resource.plan = () => {
            throw new ProviderError("HOLDS_DATA", "it holds 5 rows");
        };
        const error = await failure(things.update("id of n", outs, { ...INPUTS, things: [] }));
        expect(error.message).toBe(
            'could not update thing "n": it holds 5 rows. [HOLDS_DATA] docs/errors.md#holds_data',
        );
        expect(error.id).toBeUndefined();
    });

    it("keeps the old inputs, and what is there now, where it was cut", async () => {
        const outs = await made();
        failing("ADD c", denied());
        const error = await failure(things.update("id of n", outs, { ...INPUTS, things: ["a", "b", "x", "c"] }));
        expect(error.id).toBe("id of n");
        expect(error.properties).toMatchObject({
            things: ["a", "b"],
            count: 3,
            incomplete: expect.stringContaining("permission denied") as string,
            __provider: LOADER,
        });
    });

    it("stays half-made where it was, until an update goes through", async () => {
        const outs = { ...(await made()), incomplete: "something is left" };
        resource.onObserve = () => {
            throw denied();
        };
        const error = await failure(things.update("id of n", outs, INPUTS));
        expect(error.id).toBe("id of n");
        resource.onObserve = () => undefined;
        const { outs: updated } = await things.update("id of n", outs, INPUTS);
        expect(updated).not.toHaveProperty("incomplete");
    });

    it("finishes what a create left", async () => {
        failing("ADD b", denied());
        const { properties = {} } = await failure(things.create(INPUTS));
        fakePool.answer = (event) => resource.run(event);
        const { outs } = await things.update("id of n", properties, INPUTS);
        expect(outs).toMatchObject({ count: 2 });
        expect(outs).not.toHaveProperty("incomplete");
    });
});

describe("delete", () => {
    it("removes what is there, and succeeds where nothing is", async () => {
        const outs = await made();
        await things.delete("id of n", outs);
        expect(resource.there.size).toBe(0);
        await things.delete("id of n", outs);
    });

    it("says what it could not do, without a stack", async () => {
        const outs = await made();
        failing("REMOVE a", denied());
        const error = await failure(things.delete("id of n", outs));
        expect(error.message).toMatch(/^could not delete thing "n": change on access node .* \[PERMISSION_DENIED\]/);
        expect(error.stack).toBe("");
    });
});

describe("secrets", () => {
    const leak = (secret: string) => denied(`: role with password ${secret}`);

    it.each<[string, (outs: Record<string, unknown>, secret: string) => Promise<unknown>, string]>([
        ["create", () => things.create({ ...INPUTS, name: "m" }), "ADD a"],
        ["update", (outs) => things.update("id", outs, { ...INPUTS, things: ["a", "b", "c"] }), "ADD c"],
        ["delete", (outs) => things.delete("id", outs), "REMOVE a"],
    ])("are in nothing that a failed %s shows or saves in clear", async (verb, work, statement) => {
        const outs = await made();
        if (verb === "create") {
            resource.there.clear();
        }
        failing(statement, leak("hunter2"));
        const error = await failure(work(outs, "hunter2"));
        expect(shownOf(error)).not.toContain("hunter2");
        expect(shownOf(error)).toContain("[secret]");
    });

    it.each(["hunter2", "new'pass\\word"])(
        "old and new ones, such as %s, are in nothing of a failed update",
        async (secret) => {
            const outs = await made();
            failing("ADD c", leak(secret));
            const news = { ...INPUTS, things: ["a", "b", "c"], password: "new'pass\\word" };
            expect(shownOf(await failure(things.update("id", outs, news)))).not.toContain(secret);
        },
    );

    it("are not in what a failed read shows", async () => {
        const outs = await made();
        resource.onObserve = () => {
            throw leak("hunter2");
        };
        expect(shownOf(await failure(things.read("id", outs)))).not.toContain("hunter2");
    });

    it("are not in a remedy either", async () => {
        resource.onObserve = () => {
            throw new ProviderError("SERVER_ERROR", "it failed", { remedy: "Change hunter2" });
        };
        expect(shownOf(await failure(things.create(INPUTS)))).not.toContain("hunter2");
    });

    it("of a step alone are in no error, warning, plan or mark of what is left", async () => {
        const warn = jest.spyOn(console, "warn").mockImplementation(() => undefined);
        const outs = await made();
        resource.dress = (step) => ({
            ...step,
            why: "canary is due",
            values: [["canary"]],
            secrets: { "test.secret": "canary" },
        });
        resource.warnings = ["beware of canary"];
        const news = { ...INPUTS, things: ["a", "b", "c"] };
        const plan = await planner(kind)({ operation: "update", outputs: outs, inputs: news });
        expect(plan).toMatchObject({
            steps: [{ why: "[secret] is due", values: [["[secret]"]] }],
            warnings: ["beware of [secret]"],
        });
        failing("ADD c", leak("canary"));
        const error = await failure(things.update("id", outs, news));
        expect(shownOf(error)).toContain("[secret]");
        expect(shownOf(error)).not.toContain("canary");
        expect(warn.mock.calls).toEqual([["beware of [secret]"]]);
        warn.mockRestore();
        resource.there.delete("b");
        resource.describe = (_observed, { inputs }) => ({ inputs, computed: { engine: "fdw", count: 1 } });
        const { props } = await things.read("id", outs);
        expect(props?.incomplete).toBe("left to do: change ([secret] is due)");
    });

    it("are not in the warning that something could not be removed", async () => {
        const warn = jest.spyOn(console, "warn").mockImplementation(() => undefined);
        things = handler({ ...kind, halfMade: () => undefined });
        resource.describe = () => {
            throw new Error("it has no id yet");
        };
        fakePool.answer = (event) => {
            if (event.text === "ADD b" || event.text.startsWith("REMOVE")) {
                throw leak("hunter2");
            }
            return resource.run(event);
        };
        await failure(things.create(INPUTS));
        expect(warn.mock.calls.flat().join()).toContain("could not remove everything again");
        expect(warn.mock.calls.flat().join()).not.toContain("hunter2");
        warn.mockRestore();
    });
});

describe("an odd error", () => {
    it.each<[string, unknown, string]>([
        ["a string", "boom", "boom"],
        ["undefined", undefined, "undefined"],
        ["null", null, "null"],
        ["an object", { a: 1 }, "[object Object]"],
        ["an error without a text", new Error(""), "Error"],
        [
            "an error with an odd id",
            Object.assign(new Error("boom"), { id: "x", properties: { a: undefined } }),
            "boom",
        ],
        ["a mistake of the program", new TypeError("x is not a function"), "x is not a function"],
    ])("%s leaves every method as an Error without a stack and an id", async (_what, odd, text) => {
        const outs = await made();
        resource.onObserve = () => {
            throw odd;
        };
        for (const work of [
            () => things.create(INPUTS),
            () => things.read("id", outs),
            () => things.update("id", outs, INPUTS),
            () => things.delete("id", outs),
        ]) {
            const error = await failure(work());
            expect(error).toBeInstanceOf(Error);
            expect(error.message).toMatch(/^could not (create|read|update|delete) thing "n": /);
            expect(error.message).toContain(text);
            expect(error.message).toContain("[SERVER_ERROR]");
            expect(error.stack).toBe("");
            expect(error.id).toBeUndefined();
        }
    });

    type Work = (values: Record<string, unknown>) => Promise<unknown>;
    const onState: [string, Work][] = [
        ["read", (values) => things.read("id", values)],
        ["update", (values) => things.update("id", values, INPUTS)],
        ["delete", (values) => things.delete("id", values)],
    ];

    it.each(onState)("of a state from a newer version leaves %s without a stack", async (_verb, work) => {
        const newer = await failure(work({ ...INPUTS, schemaVersion: 99 }));
        expect(newer.message).toContain("[STATE_FROM_NEWER_VERSION]");
        expect(newer.stack).toBe("");
    });

    it.each<[string, Work]>([["create", (values) => things.create(values)], ...onState])(
        "of a state that cannot be read leaves %s without a stack",
        async (_verb, work) => {
            things = handler({
                ...kind,
                servers: () => {
                    throw new TypeError("Cannot read properties of undefined");
                },
            });
            const error = await failure(work({ options: null, schemaVersion: 1 }));
            expect(error.message).toContain("could not");
            expect(error.stack).toBe("");
        },
    );
});

describe("the engine", () => {
    it("that is used is the one of the outputs, once there are some", async () => {
        const outs = await made();
        fakeEngines.asked = [];
        await things.read("id", { ...outs, engine: "multinode" satisfies EngineName });
        await things.update("id", { ...outs, engine: "multinode" }, INPUTS);
        await things.delete("id", { ...outs, engine: "multinode" });
        expect(fakeEngines.asked).toEqual(["multinode", "multinode", "multinode"]);
    });
});
