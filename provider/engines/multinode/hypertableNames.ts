/** What a table is called, and how it is marked. */
import { qualified } from "../../postgres/sql";
import type { DistributedHypertableInputs } from "../desired";
import type { Marker } from "../marker";
import type { ClusterState } from "./cluster";

/** The mark of this resource's table. */
export function markerOf({ clusterId }: ClusterState, { logicalUrn }: DistributedHypertableInputs): Marker {
    return { cluster: clusterId, urn: logicalUrn, engine: "multinode" };
}

/** The quoted name under which the table is wished. */
export function wishedName({ schema, tableName }: DistributedHypertableInputs): string {
    return qualified(schema, tableName);
}
