/** Everything that programs import from "pulumi-timescaledb". */
export {
    checkServers,
    checkServersOutput,
    type CheckServersArgs,
    type CheckServersOutputArgs,
} from "./functions/checkServers";
export {
    getClusterStatus,
    getClusterStatusOutput,
    type GetClusterStatusArgs,
    type GetClusterStatusOutputArgs,
} from "./functions/clusterStatus";
export { loadRows, type LoadRowsArgs } from "./functions/loadRows";
export {
    type ConnectionValues,
    type DataNodeValues,
    type DataNodeValuesArgs,
    type DataNodeWay,
    type DataNodeWayArgs,
    type FunctionOptions,
} from "./functions/arguments";
export { AccessNode, type AccessNodeArgs } from "./resources/accessNode";
export { type ConnectionArgs } from "./resources/connection";
export { DataNode, type DataNodeArgs } from "./resources/dataNode";
export {
    DistributedHypertable,
    type ColumnArgs,
    type DistributedHypertableArgs,
    type IndexArgs,
} from "./resources/distributedHypertable";
export {
    TimescaleCluster,
    type ChildOptions,
    type ClientsArgs,
    type ClusterDataNodeArgs,
    type ClusterHypertableArgs,
    type TimescaleClusterArgs,
} from "./resources/timescaleCluster";
export { type Dimension, type EngineChoice, type EngineName, type TimescaledbChoice } from "./engines/inputs";
export { type Problem } from "./engines/engine";
export { type LoadProgress, type LoadResult, type Row, type Rows } from "./engines/load";
export {
    type ClusterStatus,
    type DriftItem,
    type Held,
    type HypertableNode,
    type HypertableStatus,
    type InDoubtTransaction,
    type NodeStatus,
    type UnderReplicated,
} from "./engines/status/status";
export { ERROR_CODES, type ErrorCode } from "./errors";
export { type Connection, type SslMode } from "./postgres/connection";
