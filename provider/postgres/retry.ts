/** Trying again what failed for a passing reason. */
import { ProviderError } from "../errors";
import { isTransient } from "./sqlState";

const ATTEMPTS = 8;
const LIMIT_SECONDS = 60;
const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_SECONDS = 5;

/** Limits of {@link retryTransient}. */
export interface RetryOptions {
    /** How often the work is tried at the most, the first time included. Default 8; Infinity: only time limits it. */
    readonly attempts?: number;
    /** After how many seconds no further attempt starts. An attempt under way is not cut off. Default 60. */
    readonly limitSeconds?: number;
    /** The pauses grow up to this. Default 5. */
    readonly longestDelaySeconds?: number;
    /** Which errors are worth another attempt. Default: those of the table in sqlState.ts. */
    readonly isRetryable?: (error: unknown) => boolean;
}

/**
 * Does the work, and does it again while it fails for a passing reason, with growing pauses of random length in between.
 *
 * The work must look at what is there before it changes anything: a statement whose connection broke may have run.
 *
 * @param work is told which attempt it is, from 1 on
 * @throws the error of the last attempt. After several it says how often and how long was tried, and has the code
 * TRANSIENT where it had none of its own (SERVER_ERROR).
 */
export async function retryTransient<T>(work: (attempt: number) => Promise<T>, options: RetryOptions = {}): Promise<T> {
    const { attempts = ATTEMPTS, limitSeconds = LIMIT_SECONDS, isRetryable = isTransient } = options;
    const { longestDelaySeconds = LONGEST_DELAY_SECONDS } = options;
    // Only here: it is an ES module, which the test runners of programs that import this package cannot require.
    const { default: pRetry } = await import("p-retry");
    const startedAt = performance.now();
    let tried = 0;
    try {
        return await pRetry(
            (attempt) => {
                tried = attempt;
                return work(attempt);
            },
            {
                retries: attempts - 1,
                maxRetryTime: limitSeconds * 1_000,
                minTimeout: FIRST_DELAY_MS,
                maxTimeout: longestDelaySeconds * 1_000,
                randomize: true,
                shouldRetry: ({ error }) => isRetryable(error),
            },
        );
    } catch (error) {
        throw tried > 1 && isRetryable(error) ? givenUp(error, tried, (performance.now() - startedAt) / 1_000) : error;
    }
}

function givenUp(error: unknown, tried: number, seconds: number): unknown {
    if (!(error instanceof ProviderError)) {
        return error;
    }
    const code = error.code === "SERVER_ERROR" ? "TRANSIENT" : error.code;
    return new ProviderError(code, `${error.reason} (tried ${tried} times in ${seconds.toFixed(1)} s)`, {
        remedy: error.remedy,
        cause: error.cause,
        transient: error.transient,
    });
}
