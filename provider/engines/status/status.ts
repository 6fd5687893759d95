/** How a cluster is at a moment, as data: the same form for both engines. */
import type { EngineName } from "../inputs";

/** How a cluster is at a moment. Plain JSON. */
export interface ClusterStatus {
    /** When it was read, for example "2026-11-24T12:00:00.000Z". */
    readonly takenAt: string;
    /** null while the access node does not answer: then only the servers are known. */
    readonly engine: EngineName | null;
    readonly clusterId: string | null;
    readonly database: string;
    /** The access node first, then the data nodes by name. */
    readonly nodes: readonly NodeStatus[];
    readonly hypertables: readonly HypertableStatus[];
    readonly underReplicated: UnderReplicated;
    /** Transactions that a crash left prepared on a data node; they hold locks until they are healed. */
    readonly inDoubt: readonly InDoubtTransaction[];
    /** What differs from what the cluster's own records say, as far as it shows without the program's inputs. */
    readonly drift: readonly DriftItem[];
}

/** One server of a cluster. A server that does not answer is data too. */
export interface NodeStatus {
    /** "access node", or the data node's name. */
    readonly name: string;
    readonly role: "access node" | "data node";
    /** Host and port: the provider's way to it where there is one, else the access node's. */
    readonly address: string;
    readonly database: string;
    /** From where it answers; null: from nowhere. Through the access node alone, rows are not known. */
    readonly answers: "provider" | "access node" | null;
    /** Why it does not answer the provider. */
    readonly failure: string | null;
    readonly postgresVersion: string | null;
    /** null: none, or not known. */
    readonly timescaledbVersion: string | null;
    /** Whether queries and new rows go to it. */
    readonly available: boolean;
    /** null where they are not known, and on the access node; shards: also on multinode, which has none. */
    readonly shards: number | null;
    readonly chunks: number | null;
    /** By the servers' statistics, not counted. */
    readonly approximateRows: number | null;
    readonly bytes: number | null;
}

/** What a data node holds of one hypertable. */
export interface HypertableNode extends Held {
    readonly name: string;
}

/** What something holds; null where it is not known. */
export interface Held {
    readonly shards: number | null;
    readonly chunks: number | null;
    readonly approximateRows: number | null;
    readonly bytes: number | null;
}

/** One distributed hypertable. */
export interface HypertableStatus extends Held {
    readonly schema: string;
    readonly table: string;
    /** Copies that each new chunk gets. */
    readonly replicationFactor: number;
    readonly nodes: readonly HypertableNode[];
}

/** Chunks with fewer copies than their hypertable's replication factor. */
export interface UnderReplicated {
    readonly count: number;
    /** The first hundred. */
    readonly chunks: readonly { readonly chunk: string; readonly copies: number; readonly wanted: number }[];
}

/** A transaction that a crash left prepared. */
export interface InDoubtTransaction {
    readonly node: string;
    readonly transaction: string;
    readonly preparedAt: string;
}

/** One thing that is not as it should be. */
export interface DriftItem {
    readonly node: string;
    readonly object: string;
    readonly what: string;
}

/** Nothing is known of what it holds. */
export const UNKNOWN_HELD: Held = { shards: null, chunks: null, approximateRows: null, bytes: null };

/** The sum of what is known; null where something is not. */
export function sum(values: readonly (number | null)[]): number | null {
    return values.reduce<number | null>((total, value) => (total === null || value === null ? null : total + value), 0);
}

/** The sums over everything held. */
export function sumHeld(all: readonly Held[]): Held {
    const of = (key: keyof Held): number | null => sum(all.map((held) => held[key]));
    return { shards: of("shards"), chunks: of("chunks"), approximateRows: of("approximateRows"), bytes: of("bytes") };
}

/** Whether there is nothing that somebody should look at. */
export function isHealthy({ nodes, underReplicated, inDoubt, drift }: ClusterStatus): boolean {
    return (
        nodes.every(({ answers, available }) => answers !== null && available) &&
        underReplicated.count === 0 &&
        inDoubt.length === 0 &&
        drift.length === 0
    );
}
