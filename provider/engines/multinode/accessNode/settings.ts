/** The settings that distributed queries need of the access node's database. */
import type { Session } from "../../../postgres/pool";
import { supports, type RunningVersions } from "../../versions/capabilities";
import type { Settings } from "../../marks/settings";
import { compareVersions } from "../../versions/range";

/** TimescaleDB reads it, but does not define it: to set it for a database takes a right of its own. */
export const INSERT_WITH_COPY = "timescaledb.enable_distributed_insert_with_copy";
const PARTITIONWISE_AGGREGATE = "enable_partitionwise_aggregate";
const JIT = "jit";

/** Whether a right to set something can be granted. */
export function grantsSettings(postgresVersion: string): boolean {
    return compareVersions(postgresVersion, "15") >= 0;
}

/** Whether the session's user may set {@link INSERT_WITH_COPY} for a database. */
export async function mayInsertWithoutCopy(session: Session, postgresVersion: string): Promise<boolean> {
    const { superuser } = await session.one<{ superuser: boolean }>(
        "SELECT current_setting('is_superuser') = 'on' AS superuser",
    );
    if (superuser || !grantsSettings(postgresVersion)) {
        return superuser;
    }
    const { may } = await session.one<{ may: boolean }>("SELECT has_parameter_privilege($1::text, 'SET') AS may", [
        INSERT_WITH_COPY,
    ]);
    return may;
}

/**
 * The settings for an access node of these versions.
 *
 * @param insertsWithoutCopy whether the user may set that, see {@link mayInsertWithoutCopy}
 */
export function settingsFor(versions: RunningVersions, insertsWithoutCopy: boolean): Settings {
    return {
        // Estimates for remote scans are high enough to compile every short query; the vendor advises to turn it off.
        [JIT]: "off",
        // Aggregates are computed on the data nodes; from 2.10 on some queries fail by it, and it stays as it is.
        ...(supports("partitionwiseAggregateBug", versions) ? {} : { [PARTITIONWISE_AGGREGATE]: "on" }),
        // An INSERT by COPY for rows of a data node that is down crashes the access node, all sessions of all its
        // databases with it. Without COPY it fails cleanly and takes about 1.6 times as long; whoever prefers speed
        // sets it to true (no other word will do) for a role, which overrides the database.
        ...(insertsWithoutCopy && supports("insertWithCopySetting", versions) ? { [INSERT_WITH_COPY]: "false" } : {}),
    };
}
