/** An access node as inputs and outputs. */
import { ProviderError } from "../../../errors";
import type { AccessNodeComputed, AccessNodeInputs } from "../../inputs";
import type { Description } from "../../engine";
import type { AccessNodeRequest, ObservedAccessNode } from "./observe";

/** What the server holds of it. */
export function describeAccessNode(
    { database, cluster, postgresVersion }: ObservedAccessNode,
    { inputs, last }: AccessNodeRequest,
): Description<AccessNodeInputs, AccessNodeComputed> {
    if (cluster === undefined) {
        throw new ProviderError("NOT_FOUND", `database "${inputs.database}" holds no TimescaleDB`);
    }
    const marker = database.database?.marker;
    return {
        inputs,
        computed: {
            engine: "multinode",
            postgresVersion,
            timescaledbVersion: cluster.versions.timescaledbVersion,
            clusterId: cluster.clusterId,
            claim: last === undefined ? marker?.claim : last.claim,
            created: { database: marker === undefined ? (last?.created.database ?? false) : !marker.adopted },
        },
    };
}
