/**
 * The public entry that the loader text in every state requires: `require("pulumi-timescaledb/handlers").<name>`.
 * Its path and its names never change.
 */
export { accessNode } from "./accessNode";
export { dataNode } from "./dataNode";
export { distributedHypertable } from "./distributedHypertable";
