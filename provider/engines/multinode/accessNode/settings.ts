/** The settings that distributed queries need of the access node's database. */
import type { Session } from "../../../postgres/pool";
import { identifier, literal } from "../../../postgres/sql";
import { supports, type RunningVersions } from "../../versions/capabilities";
import type { Step } from "../../step";
import type { Place } from "../../run/servers";
import { compareVersions } from "../../versions/range";

/** Settings by name, as pg_db_role_setting has them. */
export type Settings = Readonly<Record<string, string>>;

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
    const [user] = await session.query<{ superuser: boolean }>(
        "SELECT current_setting('is_superuser') = 'on' AS superuser",
    );
    if (user?.superuser === true || !grantsSettings(postgresVersion)) {
        return user?.superuser === true;
    }
    const [right] = await session.query<{ may: boolean }>("SELECT has_parameter_privilege($1::text, 'SET') AS may", [
        INSERT_WITH_COPY,
    ]);
    return right?.may === true;
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

/** The steps to these settings. */
export function planSettings(on: Place, wanted: Settings, observed: Settings): Step[] {
    return Object.entries(wanted)
        .filter(([name, value]) => observed[name] !== value)
        .map(([name, value]) => ({
            name: "alterDatabaseSet",
            why: `${name} is ${observed[name] ?? "not set"}`,
            on,
            sql: `ALTER DATABASE ${identifier(on.database)} SET ${settingName(name)} = ${literal(value)}`,
            transaction: "settings",
        }));
}

/** The steps by which a database that is kept loses these settings. */
export function planResetSettings(on: Place, wanted: Settings, observed: Settings): Step[] {
    return Object.entries(wanted)
        .filter(([name, value]) => observed[name] === value)
        .map(([name]) => ({
            name: "alterDatabaseReset",
            why: "the database is kept without what was set for the cluster",
            on,
            sql: `ALTER DATABASE ${identifier(on.database)} RESET ${settingName(name)}`,
            transaction: "settings",
        }));
}

function settingName(name: string): string {
    return name.split(".").map(identifier).join(".");
}
