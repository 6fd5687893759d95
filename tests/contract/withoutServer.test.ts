import { UNKNOWN } from "../../provider/validation/unknown";
import { loaderText } from "../../provider/resources/loader";
import { DynamicProvider, type CallError, type Values } from "../support/dynamicProvider";
import { HANDLER_TEXTS } from "../support/loaderTexts";
import { accessNodeInputs, CLUSTER_ID, dataNodeInputs, hypertableInputs } from "../support/programInputs";

type Name = keyof typeof HANDLER_TEXTS;

const NAMES = Object.keys(HANDLER_TEXTS) as Name[];
const INPUTS: Record<Name, (more?: Values) => Values> = {
    accessNode: accessNodeInputs,
    dataNode: dataNodeInputs,
    distributedHypertable: hypertableInputs,
};

const loaded = (name: Name, more: Values = {}): Values => ({
    ...INPUTS[name](more),
    __provider: HANDLER_TEXTS[name],
});

jest.setTimeout(60_000);

let provider: DynamicProvider;
/** A port that nothing listens on: it is not among those that systems give to servers of tests. */
const closedPort = 1;

beforeAll(async () => {
    provider = await DynamicProvider.start();
});

afterAll(() => provider.stop());

const failure = (work: Promise<unknown>): Promise<CallError> =>
    work.then(
        () => Promise.reject(new Error("it did not fail")),
        (error: unknown) => error as CallError,
    );

/** Asserts that a failure, and what the process wrote of it, is a clean text. */
function expectClean({ message }: CallError, wrote: readonly string[]): void {
    expect(message).toMatch(/^could not \w+ .*\[[A-Z_]+\] docs\/errors\.md#[a-z_]+$/s);
    const shown = [message, ...wrote].join("\n");
    expect(shown).not.toContain("hunter2");
    expect(shown).not.toMatch(/^\s+at /m);
}

describe.each(NAMES)("the loader text of %s", (name) => {
    it("is the one that every state holds", () => {
        expect(loaderText(name)).toBe(HANDLER_TEXTS[name]);
    });

    it("is loaded by the SDK's process, and comes back with the inputs", async () => {
        const { inputs, failures } = await provider.check({}, loaded(name));
        expect(failures).toEqual([]);
        expect(inputs).toMatchObject({ adopt: false, forceDestroy: false, __provider: HANDLER_TEXTS[name] });
    });
});

describe.each(NAMES)("%s", (name) => {
    it("fails a check with every reason, and shows no secret", async () => {
        const bad = { adopt: 1, extra: "hunter2", connection: { host: "a", password: 5 }, nodes: "hunter2" };
        const { failures } = await provider.check({}, loaded(name, bad));
        expect(failures).toEqual(expect.arrayContaining(["adopt: expected true or false, got 1"]));
        expect(failures.length).toBeGreaterThanOrEqual(3);
        expect(failures.join()).not.toContain("hunter2");
    });

    it("lets what is not known yet pass, the loader text included", async () => {
        const known = (await provider.check({}, loaded(name))).inputs;
        const unknown = Object.fromEntries(Object.keys(known).map((key) => [key, UNKNOWN]));
        const { inputs, failures } = await provider.check(known, unknown);
        expect(failures).toEqual([]);
        expect(inputs).toEqual(unknown);
        const state = { ...known, engine: "fdw", schemaVersion: 1 };
        await expect(provider.diff("id", state, unknown)).resolves.toEqual({
            changes: "DIFF_UNKNOWN",
            replaces: [],
            deleteBeforeReplace: false,
        });
    });

    it("compares without a network, and asks for an update while it is half-made", async () => {
        const { inputs } = await provider.check({}, loaded(name));
        const state = { ...inputs, engine: "fdw", schemaVersion: 1 };
        await expect(provider.diff("id", state, inputs)).resolves.toMatchObject({ changes: "DIFF_UNKNOWN" });
        await expect(provider.diff("id", { ...state, incomplete: "left" }, inputs)).resolves.toMatchObject({
            changes: "DIFF_SOME",
        });
    });

    it("says why it refuses a state of a newer version, in every method that reads one", async () => {
        const state = { ...loaded(name), engine: "fdw", schemaVersion: 99 };
        const seen = provider.lines.length;
        for (const work of [
            () => provider.diff("id", state, loaded(name)),
            () => provider.read("id", state),
            () => provider.update("id", state, loaded(name)),
            () => provider.delete("id", state),
        ]) {
            const error = await failure(work());
            expect(error.message).toContain("[STATE_FROM_NEWER_VERSION]");
            expectClean(error, provider.lines.slice(seen));
        }
    });

    it.each<[string, Values]>([
        ["nothing at all", {}],
        [
            "values that no check has seen",
            { accessNode: "x", connection: 5, nodes: [1], columns: [null], schemaVersion: 1 },
        ],
        ["an engine that there is not", { engine: "citus", schemaVersion: 1 }],
    ])("answers every method on %s", async (_what, odd) => {
        const values = { ...odd, __provider: HANDLER_TEXTS[name] };
        const seen = provider.lines.length;
        for (const work of [
            () => provider.create(values),
            () => provider.read("id", values),
            () => provider.update("id", { ...values, schemaVersion: 1 }, values),
            () => provider.delete("id", { ...values, schemaVersion: 1 }),
        ]) {
            expectClean(await failure(work()), provider.lines.slice(seen));
        }
        await expect(provider.check({}, values)).resolves.toMatchObject({ failures: expect.any(Array) as unknown });
        await expect(provider.diff("id", values, values)).resolves.toBeDefined();
    });
});

describe("a port that nothing listens on", () => {
    it("is named by every method of every resource, with what to do, once all retries are over", async () => {
        const connection = { host: "127.0.0.1", port: closedPort, password: "hunter2", readyTimeoutSeconds: 0 };
        const seen = provider.lines.length;
        const failures = NAMES.map(async (name) => {
            const way =
                name === "accessNode" ? { connection } : { accessNode: { id: CLUSTER_ID, connection, database: "d" } };
            const { inputs } = await provider.check({}, loaded(name, way));
            const state = {
                ...inputs,
                engine: "fdw",
                clusterId: CLUSTER_ID,
                created: {},
                schemaVersion: 1,
                canonical: {},
            };
            return Promise.all([
                failure(provider.create(inputs)),
                failure(provider.read("id", state)),
                failure(provider.update("id", state, inputs)),
                failure(provider.delete("id", state)),
            ]);
        });
        for (const error of (await Promise.all(failures)).flat()) {
            expectClean(error, provider.lines.slice(seen));
            expect(error.message).toContain("[SERVER_UNREACHABLE]");
            expect(error.message).toContain(`127.0.0.1:${closedPort}`);
            expect(error.halfMade).toBeUndefined();
        }
    });
});

describe("one process", () => {
    it("serves 300 checks of all resources at the same time", async () => {
        const asked = Array.from({ length: 300 }, (_each, index) => {
            const name = NAMES[index % NAMES.length] as Name;
            return provider.check({}, loaded(name, { forceDestroy: index % 2 === 0 }));
        });
        const answers = await Promise.all(asked);
        expect(answers.map(({ inputs }) => inputs.forceDestroy)).toEqual(asked.map((_each, index) => index % 2 === 0));
        expect(answers.every(({ failures }) => failures.length === 0)).toBe(true);
    });

    it("ends at once when the engine says so", async () => {
        const other = await DynamicProvider.start();
        await other.check({}, loaded("accessNode"));
        const startedAt = Date.now();
        await other.stop();
        expect(Date.now() - startedAt).toBeLessThan(2_000);
    });
});
