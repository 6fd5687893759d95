/** The engine multinode: TimescaleDB 2.0 to 2.13 by its own multi-node functions. */
import type { Engine } from "../engine";
import { accessNode } from "./accessNode/plan";
import { dataNode } from "./dataNode/observe";
import { distributedHypertable } from "./distributedHypertable";
import { checkServers } from "./preflight";
import { loadRows } from "./loadRows";
import { status } from "./status/status";

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
