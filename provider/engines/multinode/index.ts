/** The engine multinode: TimescaleDB 2.0 to 2.13 by its own multi-node functions. */
import type { Engine, ResourceEngine } from "../engine";
import type { DistributedHypertableComputed, DistributedHypertableInputs } from "../inputs";
import { tableLocks } from "../tables/locks";
import { accessNode } from "./accessNode/plan";
import { dataNode } from "./dataNode/observe";
import { planDeleteHypertable } from "./distributedHypertable/delete";
import { describeHypertable } from "./distributedHypertable/describe";
import { isHypertableThere, observeHypertable, type ObservedHypertable } from "./distributedHypertable/observe";
import { planHypertable } from "./distributedHypertable/plan";
import { foreseeHypertable } from "./foresee";
import { accessDatabase } from "./places";
import { checkServers, preflightDistributedHypertable } from "./preflight";
import { loadRows } from "./loadRows";
import { status } from "./status/status";

/** A table on the access node and on each data node that it is attached to. */
export const distributedHypertable: ResourceEngine<
    DistributedHypertableInputs,
    DistributedHypertableComputed,
    ObservedHypertable
> = {
    locks: (request) => ({ on: accessDatabase(request.inputs.accessNode), locks: tableLocks(request) }),
    preflight: preflightDistributedHypertable,
    observe: observeHypertable,
    isThere: isHypertableThere,
    foresee: foreseeHypertable,
    plan: planHypertable,
    planDelete: planDeleteHypertable,
    describe: describeHypertable,
};

/** TimescaleDB's own multi-node. */
export const multinode: Engine = {
    name: "multinode",
    accessNode,
    dataNode,
    distributedHypertable,
    checkServers,
    status,
    loadRows,
};
