/** The engine fdw: postgres_fdw and hash partitions, on PostgreSQL 14 and later. */
import type { Engine } from "../engine";
import { accessNode } from "./accessNode/plan";
import { dataNode } from "./dataNode";
import { distributedHypertable } from "./distributedHypertable";
import { checkServers } from "./preflight";
import { loadRows } from "./load/loadRows";
import { status } from "./status/status";

/** The engine fdw. */
export const fdw: Engine = { name: "fdw", accessNode, dataNode, distributedHypertable, checkServers, status, loadRows };
