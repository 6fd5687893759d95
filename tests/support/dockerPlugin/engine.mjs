// @ts-check
/** The Docker engine, by its API. */
import Docker from "dockerode";

export const docker = new Docker();

/**
 * What a call answers; undefined where the object it is about does not exist.
 *
 * @template T
 * @param {Promise<T>} call
 * @returns {Promise<T | undefined>}
 */
export async function unlessMissing(call) {
    try {
        return await call;
    } catch (error) {
        if (error instanceof Error && "statusCode" in error && error.statusCode === 404) return undefined;
        throw error;
    }
}
