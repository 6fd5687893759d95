/** The engine fdw: postgres_fdw and hash partitions, on PostgreSQL 14 and later. */
import type { Engine, ResourceEngine } from "../engine";
import type { AccessNodeComputed, AccessNodeInputs, DataNodeComputed, DataNodeInputs } from "../inputs";
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
import { distributedHypertable } from "./distributedHypertable";
import { foreseeAccessNode, foreseeDataNode } from "./foresee";
import { loadRows } from "./load/loadRows";
import { checkServers, preflightAccessNode, preflightDataNode } from "./preflight";
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

/** The engine fdw. */
export const fdw: Engine = { name: "fdw", accessNode, dataNode, distributedHypertable, checkServers, status, loadRows };
