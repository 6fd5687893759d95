/** What a plan for a distributed hypertable is made from, worked out once. */
import type { Canonical } from "../columns";
import type { DistributedHypertableInputs } from "../desired";
import { ownerOf } from "../ownership";
import type { Place } from "../servers";
import { ACCESS } from "../servers";
import type { HypertableWish, ObservedHypertable } from "./hypertableObserve";
import type { Layout } from "./shards";
import type { Marking } from "./tableSteps";

/** What a plan aims at. */
export interface Target {
    readonly wish: HypertableWish;
    readonly inputs: DistributedHypertableInputs;
    readonly layout: Layout;
    readonly canonical: Canonical;
    readonly marking: Marking;
    nodePlace(node: string): Place;
}

/** Works it out. */
export function targetOf({ canonical }: ObservedHypertable, wish: HypertableWish, layout: Layout): Target {
    return { wish, inputs: wish.inputs, layout, canonical, marking: markingOf(wish), nodePlace: nodePlaces(wish) };
}

/** The mark of a table's objects. */
export function markingOf(wish: HypertableWish): Marking {
    const { inputs } = wish;
    return {
        owner: ownerOf(wish),
        mark: { cluster: inputs.accessNode.id, urn: inputs.logicalUrn, engine: "fdw" },
    };
}

/** The cluster's database on the access node. */
export function accessPlace({ accessNode }: DistributedHypertableInputs): Place {
    return { server: ACCESS, database: accessNode.database };
}

/** The cluster's database on a data node. */
export function nodePlaces({ inputs }: HypertableWish): (node: string) => Place {
    return (node) => ({ server: node, database: inputs.nodes[node]?.database ?? inputs.accessNode.database });
}
