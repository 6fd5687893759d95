/** An access node as inputs and outputs. */
import { ProviderError } from "../../../errors";
import type { AccessNodeComputed, AccessNodeInputs } from "../../inputs";
import type { Description } from "../../engine";
import type { AccessNodeRequest, ObservedAccessNode } from "./observe";

/** What the server holds of it. A timescaledb that is required and missing shows in the plan. */
export function describeAccessNode(
    { facts, database: { database }, catalogue }: ObservedAccessNode,
    { inputs, last }: AccessNodeRequest,
): Description<AccessNodeInputs, AccessNodeComputed> {
    if (database === undefined) {
        throw new ProviderError("NOT_FOUND", `database "${inputs.database}" does not exist`);
    }
    const { marker } = database;
    return {
        inputs,
        computed: {
            engine: "fdw",
            postgresVersion: facts.postgresVersion,
            timescaledbVersion: catalogue?.extensions.timescaledb ?? null,
            clusterId: marker?.cluster ?? last?.clusterId ?? "",
            claim: last === undefined ? marker?.claim : last.claim,
            created: { database: marker?.adopted !== true },
        },
    };
}
