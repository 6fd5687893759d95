/** The engine fdw: postgres_fdw and hash partitions, on PostgreSQL 14 and later. */
import type { Engine } from "../engine";
import { accessNode } from "./accessNode";
import { dataNode } from "./dataNode";
import { distributedHypertable } from "./distributedHypertable";
import { loadRows } from "./loadRows";
import { status } from "./status";

/** The engine fdw. */
export const fdw: Engine = { name: "fdw", accessNode, dataNode, distributedHypertable, status, loadRows };
