/** Everything that programs import from "pulumi-timescaledb". */
export { AccessNode, type AccessNodeArgs } from "./resources/accessNode";
export { type ConnectionArgs } from "./resources/connection";
export { DataNode, type DataNodeArgs } from "./resources/dataNode";
export {
    DistributedHypertable,
    type ColumnArgs,
    type DistributedHypertableArgs,
    type IndexArgs,
} from "./resources/distributedHypertable";
export { type Dimension, type EngineChoice, type EngineName, type TimescaledbChoice } from "./engines/desired";
export { ERROR_CODES, type ErrorCode } from "./errors";
export { type Connection, type SslMode } from "./postgres/connection";
