import { ProviderError, type ErrorCode } from "../../../provider/errors";
import { retryTransient } from "../../../provider/postgres/retry";

const passing = (code: ErrorCode = "SERVER_UNREACHABLE"): ProviderError =>
    new ProviderError(code, "gone for a moment", {
        transient: true,
        remedy: "Wait",
        cause: Object.assign(new Error("cut"), { code: "ECONNRESET" }),
    });
const lasting = new ProviderError("PERMISSION_DENIED", "not allowed");
const QUICK = { longestDelaySeconds: 0.001 };

/** Work that fails with each error in turn and then succeeds. */
function failing(...errors: Error[]): jest.Mock<Promise<string>, [number]> {
    return jest.fn((attempt: number) => {
        const error = errors[attempt - 1];
        return error === undefined ? Promise.resolve("done") : Promise.reject(error);
    });
}

async function rejection(promise: Promise<unknown>): Promise<ProviderError> {
    const error: unknown = await promise.then(
        () => undefined,
        (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ProviderError);
    return error as ProviderError;
}

describe("retryTransient", () => {
    it("returns what the work returns", async () => {
        const work = failing();
        await expect(retryTransient(work)).resolves.toBe("done");
        expect(work).toHaveBeenCalledTimes(1);
    });

    it("tries again after passing errors and tells the work which attempt it is", async () => {
        const work = failing(passing(), passing());
        await expect(retryTransient(work, QUICK)).resolves.toBe("done");
        expect(work.mock.calls).toEqual([[1], [2], [3]]);
    });

    it("fails at once, and with the error as it is, when it is lasting", async () => {
        const work = failing(lasting);
        await expect(retryTransient(work, QUICK)).rejects.toBe(lasting);
        expect(work).toHaveBeenCalledTimes(1);
    });

    it("ends with a lasting error that follows a passing one", async () => {
        const work = failing(passing(), lasting);
        await expect(retryTransient(work, QUICK)).rejects.toBe(lasting);
        expect(work).toHaveBeenCalledTimes(2);
    });

    it("gives up after the attempts, and says the last cause, how often and how long", async () => {
        const work = failing(passing(), passing(), passing("TIMED_OUT"), passing());
        const error = await rejection(retryTransient(work, { ...QUICK, attempts: 3 }));
        expect(work).toHaveBeenCalledTimes(3);
        expect(error.code).toBe("TIMED_OUT");
        expect(error.reason).toMatch(/^gone for a moment \(tried 3 times in \d+\.\d s\)$/);
        expect(error.remedy).toBe("Wait");
        expect(error.cause).toHaveProperty("code", "ECONNRESET");
    });

    it("calls the fault TRANSIENT where the last error has no code of its own", async () => {
        const error = await rejection(
            retryTransient(() => Promise.reject(passing("SERVER_ERROR")), { ...QUICK, attempts: 2 }),
        );
        expect(error.code).toBe("TRANSIENT");
    });

    it("says nothing of attempts where one is all there may be", async () => {
        const error = passing();
        await expect(retryTransient(() => Promise.reject(error), { attempts: 1 })).rejects.toBe(error);
    });

    it("gives up when the time is over, however many attempts are left", async () => {
        const startedAt = performance.now();
        const error = await rejection(
            retryTransient(() => Promise.reject(passing()), { attempts: Infinity, limitSeconds: 0.5 }),
        );
        expect(performance.now() - startedAt).toBeLessThan(2_000);
        expect(error.reason).toMatch(/tried \d times in 0\.\d s/);
    });

    it("waits longer before each further attempt, for a time that is partly left to chance", async () => {
        jest.spyOn(Math, "random").mockReturnValue(0.5);
        const at: number[] = [];
        await rejection(
            retryTransient(
                () => {
                    at.push(performance.now());
                    return Promise.reject(passing());
                },
                { attempts: 3 },
            ),
        );
        jest.restoreAllMocks();
        const [first = 0, second = 0, third = 0] = at;
        // 200 and 400 ms, each by one and a half.
        expect(second - first).toBeGreaterThanOrEqual(290);
        expect(third - second).toBeGreaterThanOrEqual(590);
        expect(third - first).toBeLessThan(3_000);
    });

    it("asks the caller's own question where there is one", async () => {
        const work = failing(lasting);
        await expect(retryTransient(work, { ...QUICK, isRetryable: (error) => error === lasting })).resolves.toBe(
            "done",
        );
        expect(work).toHaveBeenCalledTimes(2);
    });
});
