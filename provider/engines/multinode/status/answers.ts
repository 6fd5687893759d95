/** What the servers of a cluster of the engine multinode answer. */
import type { ProviderError } from "../../../errors";
import type { RegisteredNode } from "../../run/places";
import type { Versions } from "../../status/read";
import type { ClusterStatus } from "../../status/status";

/** One distributed hypertable in the access node's catalogue. */
export interface AccessTable {
    readonly id: number;
    readonly schema: string;
    readonly name: string;
    readonly replicationFactor: number;
    readonly chunks: number;
    readonly underReplicated: number;
    readonly nodes: readonly { readonly name: string; readonly chunks: number; readonly ids: string }[];
}

/** The access node's answer. */
export interface AccessAnswer extends Versions {
    readonly timescaledb: string;
    readonly uuid: string;
    readonly nodes: readonly (RegisteredNode & { readonly available: boolean; readonly comment: string | null })[];
    readonly tables: readonly AccessTable[];
    readonly underReplicated: ClusterStatus["underReplicated"]["chunks"];
}

/** One hypertable on a data node. */
export interface NodeTable {
    readonly schema: string;
    readonly name: string;
    readonly chunks: number;
    /** The sum of the chunks' ids: another set of as many chunks shows by it. */
    readonly ids: string;
    readonly rows: number;
    readonly bytes: number;
}

/** A data node's answer. */
export interface NodeAnswer extends Versions {
    readonly distUuid: string | null;
    readonly tables: readonly NodeTable[];
    readonly prepared: readonly { readonly transaction: string; readonly preparedAt: string }[];
}

/** A data node in the access node's answer. */
export type Node = AccessAnswer["nodes"][number];

/** What a data node answers, or its failure. */
export type Found = NodeAnswer | ProviderError;

/** A hypertable of the access node as a data node has it. */
export function findTable(answer: NodeAnswer | undefined, { schema, name }: AccessTable): NodeTable | undefined {
    return answer?.tables.find((table) => table.schema === schema && table.name === name);
}
