/**
 * What a program wants of each resource, resolved: no inputs, no unknowns, defaults filled in by check.
 * Absent keys mean that the server, or the engine at create, decides. Engines read these and nothing else.
 */
import type { Connection } from "../postgres/connection";

/** The engine as a user may write it. */
export type EngineChoice = "auto" | EngineName;

/** The two ways to distribute: TimescaleDB's own multi-node, or postgres_fdw and partitions. */
export type EngineName = "multinode" | "fdw";

/** Whether the timescaledb extension is installed: where it can be had, always, or never. */
export type TimescaledbChoice = "auto" | "required" | "none";

/** What every resource's inputs hold beside its own properties. */
export interface CommonInputs {
    /** The resource's URN: marks what it made on the servers. A change runs no DDL but the marker's. */
    readonly logicalUrn: string;
    /** Whether delete may destroy rows, chunks and objects that are not this resource's. */
    readonly forceDestroy: boolean;
    /** Whether an object that exists already is taken over instead of refused. */
    readonly adopt: boolean;
}

export interface AccessNodeInputs extends CommonInputs {
    readonly connection: Connection;
    readonly database: string;
    readonly engine: EngineChoice;
    readonly timescaledb: TimescaledbChoice;
}

/** What a child knows of its access node: echoed inputs of it, and its id. */
export interface AccessNodeReference {
    /** The cluster's id. */
    readonly id: string;
    readonly connection: Connection;
    readonly database: string;
}

export interface DataNodeInputs extends CommonInputs {
    readonly accessNode: AccessNodeReference;
    readonly nodeName: string;
    /** The access node's way to the data node. */
    readonly host: string;
    readonly port: number;
    /** Absent: the access node's. */
    readonly database?: string;
    readonly user?: string;
    readonly password?: string;
    readonly serverOptions: Readonly<Record<string, string>>;
    readonly bootstrap: boolean;
    /** The provider's own way to the server. Absent: host and port, with the access node's user, password and TLS. */
    readonly connection?: Connection;
    readonly available: boolean;
    readonly drainOnDelete: boolean;
    /** Used by the fdw engine only. */
    readonly timescaledb: TimescaledbChoice;
}

/** What a hypertable knows of a data node: echoed inputs of it. */
export interface DataNodeReference {
    readonly host?: string;
    readonly port?: number;
    readonly database?: string;
    readonly user?: string;
    readonly password?: string;
    readonly connection?: Connection;
    /** Whether its chunks move to other nodes before a table leaves it. */
    readonly drainOnDelete?: boolean;
}

export interface Column {
    readonly name: string;
    readonly type: string;
    readonly nullable: boolean;
    readonly default?: string;
    readonly collation?: string;
    readonly check?: string;
}

export interface Index {
    readonly name?: string;
    readonly columns: readonly string[];
    readonly method?: string;
    readonly unique?: boolean;
    readonly where?: string;
}

export interface DistributedHypertableInputs extends CommonInputs {
    readonly accessNode: AccessNodeReference;
    readonly schema: string;
    readonly tableName: string;
    /** Absent: the table exists and only becomes distributed. */
    readonly columns?: readonly Column[];
    readonly primaryKey?: readonly string[];
    readonly uniqueKeys?: readonly (readonly string[])[];
    readonly indexes?: readonly Index[];
    readonly timeColumn: string;
    readonly partitioningColumn?: string;
    readonly numberPartitions?: number;
    /** An interval such as "7 days", or a number for an integer time column. Absent: "7 days". */
    readonly chunkTimeInterval?: string | number;
    readonly replicationFactor: number;
    /** Names. Absent: decided at create, see resources.md. */
    readonly dataNodes?: readonly string[];
    /** How to reach data nodes, by name. May hold more nodes than are attached, or fewer. */
    readonly nodes: Readonly<Record<string, DataNodeReference>>;
    readonly createDefaultIndexes: boolean;
    readonly partitioningFunc?: string;
    readonly timePartitioningFunc?: string;
    readonly associatedSchemaName?: string;
    readonly associatedTablePrefix?: string;
    readonly migrateData: boolean;
    /** Used by the fdw engine only. */
    readonly lastPoint: boolean;
}

/** What an access node's outputs hold beside its inputs. */
export interface AccessNodeComputed {
    readonly engine: EngineName;
    /** For example "15.18". */
    readonly postgresVersion: string;
    /** For example "2.13.1"; null where the database has no TimescaleDB. */
    readonly timescaledbVersion: string | null;
    readonly clusterId: string;
    /** What create wrote into the database's mark; absent in states that are older than it. */
    readonly claim?: string;
    /** What delete may drop. */
    readonly created: { readonly database: boolean };
}

/** What a data node's outputs hold beside its inputs. */
export interface DataNodeComputed {
    readonly engine: EngineName;
    readonly clusterId: string;
    readonly created: { readonly database: boolean };
}

/** One dimension, as the server reports it. */
export interface Dimension {
    readonly column: string;
    readonly type: "time" | "space";
    /** The column's type, for example "timestamp with time zone". */
    readonly columnType: string;
    /** An interval or a number as text; null for space dimensions. */
    readonly interval: string | null;
    /** null for time dimensions. */
    readonly partitions: number | null;
}

/** What a distributed hypertable's outputs hold beside its inputs. */
export interface DistributedHypertableComputed {
    readonly engine: EngineName;
    readonly hypertableId: string;
    readonly dimensions: readonly Dimension[];
    /** The names of the nodes that hold the table, sorted. */
    readonly attachedDataNodes: readonly string[];
    readonly created: { readonly table: boolean; readonly schema: boolean };
    /** The server's spelling of what the user spelled otherwise, by a path that the engine chooses. */
    readonly canonical: Readonly<Record<string, string>>;
}
