/** The engine fdw: postgres_fdw and hash partitions, on PostgreSQL 14 and later. */
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
import { accessNodeLocks, dataNodeLocks } from "../run/places";
import { planDeleteAccessNode } from "./accessNode/delete";
import { describeAccessNode } from "./accessNode/describe";
import { observeAccessNode, type ObservedAccessNode } from "./accessNode/observe";
import { planAccessNode } from "./accessNode/plan";
import { planDeleteDataNode } from "./dataNode/delete";
import { describeDataNode } from "./dataNode/describe";
import { isDataNodeThere, observeDataNode, type ObservedDataNode } from "./dataNode/observe";
import { planDataNode } from "./dataNode/plan";
import { foreseeAccessNode, foreseeDataNode, foreseeHypertable } from "./foresee";
import { tableLocks } from "../tables/locks";
import { planDeleteHypertable } from "./distributedHypertable/delete";
import { describeHypertable } from "./distributedHypertable/describe";
import { hypertableLimits } from "./distributedHypertable/limits";
import { isHypertableThere, observeHypertable, type ObservedHypertable } from "./distributedHypertable/observe";
import { planHypertable } from "./distributedHypertable/plan";
import { accessPlace } from "./distributedHypertable/target";
import { loadRows } from "./load/loadRows";
import { checkServers, preflightAccessNode, preflightDataNode, preflightDistributedHypertable } from "./preflight";
import { status } from "./status/status";

/** Access nodes: a database with postgres_fdw. */
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

/** Data nodes: a database on its own server, and on the access node a foreign server and a user mapping for it. */
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

/** Hash partitions on the access node, each a view of a shard on a data node. */
export const distributedHypertable: ResourceEngine<
    DistributedHypertableInputs,
    DistributedHypertableComputed,
    ObservedHypertable
> = {
    locks: (request) => ({ on: accessPlace(request.inputs), locks: tableLocks(request) }),
    limits: hypertableLimits,
    preflight: preflightDistributedHypertable,
    observe: observeHypertable,
    isThere: isHypertableThere,
    foresee: foreseeHypertable,
    plan: planHypertable,
    planDelete: planDeleteHypertable,
    describe: describeHypertable,
};

/** The engine fdw. */
export const fdw: Engine = { name: "fdw", accessNode, dataNode, distributedHypertable, checkServers, status, loadRows };
