/**
 * What a finished cluster of the engine fdw looks like to the plans: read from a PostgreSQL 16 with two data nodes, a
 * schema "plant" and a table "conditions" of four shards. Ports, passwords and oids are replaced.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import type {
    AccessNodeComputed,
    AccessNodeInputs,
    DataNodeComputed,
    DataNodeInputs,
    DistributedHypertableComputed,
    DistributedHypertableInputs,
} from "../../../../provider/engines/inputs";
import type { ObservedAccessNode } from "../../../../provider/engines/fdw/accessNode/observe";
import type { ObservedDataNode } from "../../../../provider/engines/fdw/dataNode/observe";
import type { ObservedHypertable } from "../../../../provider/engines/fdw/distributedHypertable/observe";

/** A type whose parts a test may change. */
export type Mutable<T> = T extends Error
    ? T
    : T extends (infer Item)[] | readonly (infer Item)[]
      ? Mutable<Item>[]
      : T extends object
        ? { -readonly [Key in keyof T]: Mutable<T[Key]> }
        : T;

/** A resource that was made: its inputs, its outputs, and what is observed of it. */
export interface Recorded<Inputs, Computed, Observed> {
    inputs: Mutable<Inputs>;
    outs: Mutable<Inputs & Computed>;
    observed: Mutable<Observed>;
}

interface File {
    accessNode: Recorded<AccessNodeInputs, AccessNodeComputed, ObservedAccessNode>;
    dataNode: Recorded<DataNodeInputs, DataNodeComputed, ObservedDataNode>;
    distributedHypertable: Recorded<DistributedHypertableInputs, DistributedHypertableComputed, ObservedHypertable>;
}

const text = readFileSync(path.join(__dirname, "observed.json"), "utf8");

/** A copy that a test may change. */
export function recorded<Kind extends keyof File>(kind: Kind): File[Kind] {
    return (JSON.parse(text) as File)[kind];
}
