/**
 * What each engine can do on which versions, and the source that says so. Preflight and plans refuse by it, and plans
 * choose their statements by it.
 */
import type { EngineName } from "../inputs";
import { describeRange, inRange, type VersionRange } from "./range";

/** One combination of versions; an absent product may have any version, or be absent. */
export interface Need {
    readonly timescaledb?: VersionRange;
    readonly postgres?: VersionRange;
}

/** One thing that an engine can do. */
export interface Capability {
    /** What it is, in a phrase. */
    readonly what: string;
    /** Absent: the engine never has it. Several needs: any one of them is enough. */
    readonly engines: Partial<Readonly<Record<EngineName, readonly Need[]>>>;
    /** A page of the documentation, or file@tag. */
    readonly source: string;
}

const MULTINODE: readonly Need[] = [
    pair("2.0", "2.1", "11", "13"),
    pair("2.1", "2.4", "11", "14"),
    pair("2.4", "2.5", "12", "14"),
    pair("2.5", "2.9", "12", "15"),
    pair("2.9", "2.12", "12", "16"),
    pair("2.12", "2.14", "13", "16"),
];
const FDW: readonly Need[] = [{ postgres: { from: "14" } }];

/** Every capability by name. */
export const CAPABILITIES = {
    distribution: {
        what: "distributed hypertables at all",
        engines: { multinode: MULTINODE, fdw: FDW },
        source: "timescaledb CMakeLists.txt and tsl/src/data_node.c@2.0.0 to 2.13.1; postgresql.org/docs/14/postgres-fdw.html",
    },
    insertWithCopySetting: {
        what: "the setting timescaledb.enable_distributed_insert_with_copy",
        engines: multinode("2.3"),
        source: "timescaledb src/guc.c@2.3.0",
    },
    moveChunk: {
        what: "timescaledb_experimental.move_chunk, copy_chunk and chunk_replication_status",
        engines: multinode("2.4"),
        source: "timescaledb sql/ddl_experimental.sql@2.4.0",
    },
    alterColumnType: {
        what: "ALTER TABLE ... ALTER COLUMN TYPE on a distributed hypertable",
        engines: { ...multinode("2.5"), fdw: FDW },
        source: "timescaledb CHANGELOG.md@2.5.0",
    },
    deleteDataNodeDropDatabase: {
        what: "delete_data_node(drop_database => true)",
        engines: multinode("2.6"),
        source: "timescaledb sql/ddl_api.sql@2.6.0",
    },
    detachDropRemoteData: {
        what: "detach_data_node(drop_remote_data => true)",
        engines: multinode("2.8"),
        source: "timescaledb sql/ddl_api.sql@2.8.0",
    },
    alterDataNode: {
        what: "alter_data_node: another host, port or availability of a data node that is attached",
        engines: { ...multinode("2.9"), fdw: FDW },
        source: "timescaledb sql/ddl_api.sql@2.9.0",
    },
    partitionwiseAggregateBug: {
        what: "the fault that fails some queries while enable_partitionwise_aggregate is on",
        engines: multinode("2.10"),
        source: "github.com/timescale/timescaledb/issues/5916",
    },
    pingTimeout: {
        what: "the timeout argument of data_node_ping",
        engines: multinode("2.11"),
        source: "timescaledb sql/ping_data_node.sql@2.11.0",
    },
    functionsSchema: {
        what: "internal functions in _timescaledb_functions (in _timescaledb_internal before)",
        engines: { ...multinode("2.12"), fdw: [{ timescaledb: { from: "2.12" }, postgres: { from: "14" } }] },
        source: "timescaledb sql/pre_install/schemas.sql@2.12.0",
    },
    byRange: {
        what: "create_hypertable(..., by_range(...))",
        engines: { ...multinode("2.13"), fdw: [{ timescaledb: { from: "2.13" }, postgres: { from: "14" } }] },
        source: "timescaledb sql/dimension_info.sql and sql/ddl_api.sql@2.13.0",
    },
    dropDatabaseForce: {
        what: "DROP DATABASE ... WITH (FORCE)",
        engines: { multinode: [{ postgres: { from: "13" } }], fdw: FDW },
        source: "postgresql.org/docs/13/sql-dropdatabase.html",
    },
    parallelCommit: {
        what: "the server option parallel_commit",
        engines: fdw("15"),
        source: "postgresql.org/docs/15/postgres-fdw.html",
    },
    parallelAbort: {
        what: "the server option parallel_abort",
        engines: fdw("16"),
        source: "postgresql.org/docs/16/postgres-fdw.html",
    },
    copyBatching: {
        what: "COPY into foreign partitions by batches instead of row by row",
        engines: fdw("16"),
        source: "postgresql.org/docs/16/postgres-fdw.html",
    },
} as const satisfies Readonly<Record<string, Capability>>;

/** The name of a capability. */
export type CapabilityName = keyof typeof CAPABILITIES;

/** What a server runs, under the names that an access node's outputs have. */
export interface RunningVersions {
    readonly engine: EngineName;
    /** For example "15.18". */
    readonly postgresVersion: string;
    /** For example "2.13.1"; null without TimescaleDB. */
    readonly timescaledbVersion: string | null;
}

/** Whether an engine on these versions has a capability. */
export function supports(capability: CapabilityName, versions: RunningVersions): boolean {
    return needsOf(capability, versions.engine).some((need) => satisfies(need, versions));
}

/** What versions a capability needs, in words: `TimescaleDB 2.9 or later`; undefined: the engine never has it. */
export function describeNeeds(capability: CapabilityName, engine: EngineName): string | undefined {
    const needs = needsOf(capability, engine);
    return needs.length === 0 ? undefined : needs.map(describe).join("; or ");
}

function needsOf(capability: CapabilityName, engine: EngineName): readonly Need[] {
    const found: Capability = CAPABILITIES[capability];
    return found.engines[engine] ?? [];
}

function satisfies(need: Need, versions: RunningVersions): boolean {
    const { postgresVersion, timescaledbVersion } = versions;
    return (
        (need.postgres === undefined || inRange(postgresVersion, need.postgres)) &&
        (need.timescaledb === undefined ||
            (timescaledbVersion !== null && inRange(timescaledbVersion, need.timescaledb)))
    );
}

function describe(need: Need): string {
    const timescaledb = need.timescaledb === undefined ? [] : [`TimescaleDB ${describeRange(need.timescaledb)}`];
    const postgres = need.postgres === undefined ? [] : [`PostgreSQL ${describeRange(need.postgres)}`];
    return [...timescaledb, ...postgres].join(" on ");
}

function pair(from: string, below: string, postgresFrom: string, postgresBelow: string): Need {
    return { timescaledb: { from, below }, postgres: { from: postgresFrom, below: postgresBelow } };
}

function multinode(from: string): { readonly multinode: readonly Need[] } {
    return { multinode: [{ timescaledb: { from, below: "2.14" } }] };
}

function fdw(from: string): { readonly fdw: readonly Need[] } {
    return { fdw: [{ postgres: { from } }] };
}
