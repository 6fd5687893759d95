/** The engine multinode: TimescaleDB 2.0 to 2.13 by its own multi-node functions. */
import type { Engine, ResourceEngine } from "../engine";
import type {
    AccessNodeComputed,
    AccessNodeInputs,
    DataNodeComputed,
    DataNodeInputs,
    DistributedHypertableComputed,
    DistributedHypertableInputs,
} from "../inputs";
import { isDatabaseThere } from "../marks/database";
import { accessDatabase, accessNodeLocks, dataNodeLocks } from "../run/places";
import { tableLocks } from "../tables/locks";
import { planDeleteAccessNode } from "./accessNode/delete";
import { describeAccessNode } from "./accessNode/describe";
import { observeAccessNode, type ObservedAccessNode } from "./accessNode/observe";
import { planAccessNode } from "./accessNode/plan";
import { planDeleteDataNode } from "./dataNode/delete";
import { describeDataNode } from "./dataNode/describe";
import { isDataNodeThere, observeDataNode, type ObservedDataNode } from "./dataNode/observe";
import { planDataNode } from "./dataNode/plan";
import { planDeleteHypertable } from "./distributedHypertable/delete";
import { describeHypertable } from "./distributedHypertable/describe";
import { isHypertableThere, observeHypertable, type ObservedHypertable } from "./distributedHypertable/observe";
import { planHypertable } from "./distributedHypertable/plan";
import { foreseeAccessNode, foreseeDataNode, foreseeHypertable } from "./foresee";
import { checkServers, preflightAccessNode, preflightDataNode, preflightDistributedHypertable } from "./preflight";
import { loadRows } from "./loadRows";
import { status } from "./status/status";

/** Access nodes: a database with TimescaleDB, which is a cluster by itself. */
export const accessNode: ResourceEngine<AccessNodeInputs, AccessNodeComputed, ObservedAccessNode> = {
    locks: accessNodeLocks,
    preflight: preflightAccessNode,
    observe: observeAccessNode,
    isThere: isDatabaseThere,
    foresee: foreseeAccessNode,
    plan: planAccessNode,
    planDelete: planDeleteAccessNode,
    describe: describeAccessNode,
};

/** Data nodes: an entry on the access node, and a database on its own server. */
export const dataNode: ResourceEngine<DataNodeInputs, DataNodeComputed, ObservedDataNode> = {
    locks: dataNodeLocks,
    preflight: preflightDataNode,
    observe: observeDataNode,
    isThere: isDataNodeThere,
    foresee: foreseeDataNode,
    plan: planDataNode,
    planDelete: planDeleteDataNode,
    describe: describeDataNode,
};

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
