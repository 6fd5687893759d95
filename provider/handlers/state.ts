/**
 * What is kept in the state beside inputs and computed outputs, and how states of older versions are read.
 */
import { ProviderError } from "../errors";
import type { Values } from "./schema";

/** The version of the outputs' form. States hold it; raise it together with a migration. */
export const SCHEMA_VERSION = 1;

/** The outputs that every resource has beside its own. */
export interface Bookkeeping {
    readonly schemaVersion: number;
    /**
     * What is left to do, in words, while the resource is half-made or has drifted in a way that no input shows. A
     * refresh forgets that a resource is half-made; this does not, and makes the next update happen.
     */
    readonly incomplete?: string;
}

/** From the form of one version to that of the next. */
export type Migration = (outputs: Values) => Values;

/** By the version they start from: the entry at 1 reads outputs of version 1 and gives version 2. */
const MIGRATIONS: Readonly<Record<number, Migration>> = {};

/**
 * Outputs in today's form, whichever version wrote them.
 *
 * @throws ProviderError STATE_FROM_NEWER_VERSION
 */
export function migrate(
    outputs: Values,
    current: number = SCHEMA_VERSION,
    migrations: Readonly<Record<number, Migration>> = MIGRATIONS,
): Values {
    const written = outputs.schemaVersion;
    if (typeof written !== "number") {
        return outputs;
    }
    if (written > current) {
        throw new ProviderError(
            "STATE_FROM_NEWER_VERSION",
            `the state has schema version ${written}, and this version of pulumi-timescaledb knows ${current}`,
            { remedy: "Upgrade the package to the version that wrote the state, or a later one" },
        );
    }
    let result = outputs;
    for (let version = written; version < current; version++) {
        result = { ...(migrations[version]?.(result) ?? result), schemaVersion: version + 1 };
    }
    return result;
}
