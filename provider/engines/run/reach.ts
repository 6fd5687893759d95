/** Servers that may not answer: a dead node is something that is observed, not a failure to observe. */
import { ProviderError, type ErrorCode } from "../../errors";
import { isNoDatabase } from "../../postgres/sqlState";
import type { Servers } from "./servers";

/** What was read from a server, or why it could not be read. */
export type Reached<T> = ({ readonly reachable: true } & T) | Unreached;

/** A server that did not answer, or does not let the provider in. */
export interface Unreached {
    readonly reachable: false;
    readonly cause: ProviderError;
}

const UNREACHED: ReadonlySet<ErrorCode> = new Set([
    "SERVER_UNREACHABLE",
    "AUTHENTICATION_FAILED",
    "TLS_FAILED",
    "PERMISSION_DENIED",
    "TIMED_OUT",
]);

/** Reads from a data node; its failure to answer is an answer. */
export async function reach<T extends object>(
    servers: Servers,
    node: string,
    read: () => Promise<T>,
): Promise<Reached<T>> {
    if (servers.find(node) === undefined) {
        const cause = new ProviderError("SERVER_UNREACHABLE", `no way to ${servers.label(node)} is known`, {
            remedy: "Pass the DataNode itself in dataNodes, so that its connection is known",
        });
        return { reachable: false, cause };
    }
    try {
        return { reachable: true, ...(await read()) };
    } catch (error) {
        if (error instanceof ProviderError && UNREACHED.has(error.code)) {
            return { reachable: false, cause: refusedLogin(servers, node, error) };
        }
        throw error;
    }
}

/** Says which password was refused, and where the right one belongs. */
function refusedLogin(servers: Servers, node: string, error: ProviderError): ProviderError {
    const access = servers.find(node);
    if (error.code !== "AUTHENTICATION_FAILED" || access?.passwordFrom === undefined) {
        return error;
    }
    const { connection, passwordFrom } = access;
    const reason = `${servers.label(node)} refuses user "${connection.user}" with ${passwordFrom}: ${error.reason}`;
    const remedy =
        `Write the password of "${connection.user}" on that server into the data node's connection.password, ` +
        "and check pg_hba.conf there";
    return new ProviderError(error.code, reason, { remedy, cause: error.cause });
}

/** What was read, or the failure as an answer. */
export async function attempt<T>(read: () => Promise<T>): Promise<T | ProviderError> {
    try {
        return await read();
    } catch (error) {
        if (error instanceof ProviderError) {
            return error;
        }
        throw error;
    }
}

/** Reads from a database; undefined where it does not exist. */
export async function ifDatabaseExists<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
        return await read();
    } catch (error) {
        if (isNoDatabase(error)) {
            return undefined;
        }
        throw error;
    }
}

/** The error of a plan that cannot do without a node that was not reached. */
export function unreachable(node: string, { cause }: Unreached): ProviderError {
    const [code, what] =
        cause.code === "PERMISSION_DENIED"
            ? ([cause.code, "may not be looked at"] as const)
            : cause.code === "AUTHENTICATION_FAILED"
              ? ([cause.code, "refuses the login"] as const)
              : (["SERVER_UNREACHABLE", "does not answer"] as const);
    return new ProviderError(code, `data node ${node} ${what}: ${cause.reason}`, {
        remedy: cause.remedy,
        cause,
        transient: cause.transient,
    });
}
