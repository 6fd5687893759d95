/** A distributed hypertable: a table on the access node and on each data node that it is attached to. */
import type { DistributedHypertableComputed, DistributedHypertableInputs } from "../../inputs";
import type { Lock, ResourceEngine, Request } from "../../engine";
import { foreseeHypertable } from "../foresee";
import { describeHypertable } from "./describe";
import { planDeleteHypertable } from "./delete";
import { observeHypertable, type ObservedHypertable } from "./observe";
import { planHypertable } from "./plan";
import { accessDatabase } from "../places";
import { preflightDistributedHypertable } from "../preflight";

/** What a program wants of a distributed hypertable. */
export type HypertableRequest = Request<DistributedHypertableInputs, DistributedHypertableComputed>;

/** Distributed hypertables of the engine multinode. */
export const distributedHypertable: ResourceEngine<
    DistributedHypertableInputs,
    DistributedHypertableComputed,
    ObservedHypertable | undefined
> = {
    locks: ({ inputs, last }) => ({ on: accessDatabase(inputs.accessNode), locks: locksOf(inputs, last) }),
    preflight: preflightDistributedHypertable,
    observe: observeHypertable,
    isThere: (observed) => observed !== undefined,
    foresee: foreseeHypertable,
    plan: planHypertable,
    planDelete: planDeleteHypertable,
    describe: describeHypertable,
};

/** The old name is locked with the new one, in one order for everybody. */
function locksOf(...names: (DistributedHypertableInputs | undefined)[]): Lock[] {
    const tables = new Set(names.flatMap((name) => (name === undefined ? [] : [`${name.schema}.${name.tableName}`])));
    return [
        { name: "cluster", shared: true },
        ...[...tables].sort().map((name) => ({ name: `table ${name}`, shared: false })),
    ];
}
