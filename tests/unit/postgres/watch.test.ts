import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseError } from "pg";
import type { ProviderError } from "../../../provider/errors";
import { watched, type Patient } from "../../../provider/postgres/watch";
import { connectionTo } from "../../support/connections";

jest.mock("../../../provider/postgres/limits", () => ({
    GRACE_SECONDS: 0.1,
    LOOK_SECONDS: 0.05,
    LAST_WORD_SECONDS: 0.02,
    SILENCE_SECONDS: 0.3,
}));

const WORKING = { state: "active", waitType: null, pids: [], blockers: [], relation: null };
const SILENT = Object.assign(new Error("no answer"), { code: "ETIMEDOUT" });

/** A server that shows each sight in turn, and the last one for ever; a statement that ends with what aborts it. */
function server(sights: readonly (object | Error | undefined)[], more: Partial<Patient["place"]["connection"]> = {}) {
    let looks = 0;
    let end: (error: Error) => void = () => undefined;
    const statement = new Promise<string>((_, reject) => (end = reject));
    const patient: Patient = {
        place: { connection: connectionTo("data1", { lockTimeoutSeconds: 0, ...more }), database: "multinode" },
        backend: 7,
        ask: async <Row extends object>() => {
            const sight = sights[Math.min(looks++, sights.length - 1)];
            if (sight instanceof Error) throw sight;
            return (sight === undefined ? [] : [sight]) as Row[];
        },
        abort: (error) => end(error),
    };
    return { patient, statement, looks: () => looks };
}

const failure = (work: Promise<unknown>): Promise<ProviderError> =>
    work.then(
        () => Promise.reject(new Error("it did not fail")),
        (error: unknown) => error as ProviderError,
    );

describe("a statement that is looked after", () => {
    it("may take as long as the server works on it", async () => {
        const { patient, looks } = server([WORKING]);
        await expect(watched(patient, () => sleep(600, "done"))).resolves.toBe("done");
        expect(looks()).toBeGreaterThan(4);
    });

    it("is not looked at any more once it is done", async () => {
        const { patient, looks } = server([WORKING]);
        await watched(patient, () => Promise.resolve("done"));
        await sleep(150);
        expect(looks()).toBe(0);
    });

    it.each([
        ["the server is silent", [SILENT], "does not take another session either (no answer)"],
        ["the server restarts", [new DatabaseError("", 0, "error")].map(starting), "does not take another session"],
        ["its process is gone", [undefined], "nothing to do for it any more"],
        ["its process is idle", [{ ...WORKING, state: "idle" }], "nothing to do for it any more"],
        ["its transaction is idle", [{ ...WORKING, state: "idle in transaction" }], "nothing to do for it any more"],
        ["the server waits for this client", [{ ...WORKING, waitType: "Client" }], "nothing to do for it any more"],
    ])("is given up where %s", async (_, sights, text) => {
        const { patient, statement } = server(sights);
        const startedAt = performance.now();
        const error = await failure(watched(patient, () => statement));
        expect(error).toMatchObject({ code: "SERVER_UNREACHABLE", transient: true });
        expect(error.reason).toContain(text);
        expect(error.reason).toContain("data1:5432/multinode");
        expect(performance.now() - startedAt).toBeLessThan(1_000);
    });

    it.each([
        ["a sign of life follows silence", [SILENT, WORKING]],
        ["the server has no free connection", [Object.assign(refused(), { code: "53300" })]],
    ])("is not given up where %s", async (_, sights) => {
        const { patient } = server(sights);
        await expect(watched(patient, () => sleep(600, "done"))).resolves.toBe("done");
    });

    it("may wait for data that this program gives slowly", async () => {
        const { patient } = server([{ ...WORKING, waitType: "Client" }]);
        const slow = watched(
            patient,
            () => sleep(400, "done"),
            () => true,
        );
        await expect(slow).resolves.toBe("done");
    });

    it("ends soon after statementTimeoutSeconds where the server does not say so", async () => {
        const { patient, statement } = server([WORKING], { statementTimeoutSeconds: 0.1 });
        const error = await failure(watched(patient, () => statement));
        expect(error).toMatchObject({ code: "TIMED_OUT", transient: true });
        expect(error.reason).toContain("statementTimeoutSeconds (0.1 s)");
    });

    it("that waits for a lock in vain says who holds it, and on what", async () => {
        const holder = { pid: 42, user: "app", application: "psql", statement: "LOCK TABLE\n  public.conditions" };
        const blocked = { ...WORKING, pids: [42, 0], blockers: [holder], relation: "public.conditions" };
        const { patient } = server([blocked]);
        const error = await failure(
            watched(patient, async () => {
                await sleep(120);
                throw Object.assign(refused(), { code: "55P03" });
            }),
        );
        expect(error.code).toBe("LOCKED");
        expect(error.transient).toBe(false);
        expect(error.reason).toContain(
            'a lock on public.conditions that is held by process 42 (user app, application psql, statement "LOCK TABLE public.conditions") and a prepared transaction',
        );
    });
});

function refused(): DatabaseError {
    return Object.assign(new DatabaseError("refused", 7, "error"), { severity: "ERROR" });
}

function starting(): DatabaseError {
    return Object.assign(refused(), { code: "57P03" });
}
