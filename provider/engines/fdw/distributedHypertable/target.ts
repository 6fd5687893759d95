/** What a plan for a distributed hypertable is made from, worked out once. */
import type { Canonical } from "../../tables/columns";
import type { DistributedHypertableInputs } from "../../inputs";
import { ownerOf } from "../../marks/ownership";
import type { Place } from "../../run/servers";
import { ACCESS } from "../../run/servers";
import type { HypertableRequest, ObservedHypertable } from "./observe";
import type { Layout } from "./layout";
import type { Marking } from "./steps";

/** What a plan aims at. */
export interface Target {
    readonly request: HypertableRequest;
    readonly inputs: DistributedHypertableInputs;
    readonly layout: Layout;
    readonly canonical: Canonical;
    readonly marking: Marking;
    nodePlace(node: string): Place;
}

/** Works it out. */
export function targetOf({ canonical }: ObservedHypertable, request: HypertableRequest, layout: Layout): Target {
    return {
        request,
        inputs: request.inputs,
        layout,
        canonical,
        marking: markingOf(request),
        nodePlace: nodePlaces(request),
    };
}

/** The mark of a table's objects. */
export function markingOf(request: HypertableRequest): Marking {
    const { inputs } = request;
    return {
        owner: ownerOf(request),
        mark: { cluster: inputs.accessNode.id, urn: inputs.logicalUrn, engine: "fdw" },
    };
}

/** The cluster's database on the access node. */
export function accessPlace({ accessNode }: DistributedHypertableInputs): Place {
    return { server: ACCESS, database: accessNode.database };
}

/** The cluster's database on a data node. */
export function nodePlaces({ inputs }: HypertableRequest): (node: string) => Place {
    return (node) => ({ server: node, database: inputs.nodes[node]?.database ?? inputs.accessNode.database });
}
