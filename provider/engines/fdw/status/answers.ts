/** What the servers of a cluster of the fdw engine answer. */
import type { Marker } from "../../marks/marker";
import type { RegisteredNode } from "../../run/places";
import type { Versions } from "../../status/read";
import type { TableName } from "../../tables/names";
import type { Part } from "../distributedHypertable/parts";

/** A marked object. */
export interface Marked extends TableName {
    readonly kind: string;
    readonly marker: Marker;
    readonly part: Part | undefined;
}

/** A marked object on the access node; the last three where it is a partition or a foreign table. */
export interface AccessObject extends Marked {
    readonly parent: TableName | null;
    readonly server: string | null;
    readonly target: TableName;
}

/** A marked object on a data node. */
export interface NodeObject extends Marked {
    /** Whether rows that belong elsewhere are refused. */
    readonly guarded: boolean;
    /** null: it is no table. */
    readonly rows: number | null;
    readonly bytes: number | null;
    readonly chunks: number | null;
}

/** The access node's side. */
export interface AccessSide extends Versions {
    readonly comment: string | null;
    readonly nodes: readonly (RegisteredNode & { readonly comment: string | null })[];
    readonly objects: readonly AccessObject[];
}

/** A data node's side. */
export interface NodeSide extends Versions {
    readonly comment: string | null;
    readonly objects: readonly NodeObject[];
}
