/** What an operation on each kind of resource would do, by the class's name. */
import { accessNodePlanner } from "../accessNode";
import { dataNodePlanner } from "../dataNode";
import { distributedHypertablePlanner } from "../distributedHypertable";
import type { Planner } from "./planner";

/** The planners. */
export const planners: Readonly<Record<string, Planner>> = {
    AccessNode: accessNodePlanner,
    DataNode: dataNodePlanner,
    DistributedHypertable: distributedHypertablePlanner,
};
