import * as pulumi from "@pulumi/pulumi";
import * as timescaledb from "pulumi-timescaledb";
import { AccessNode, DataNode } from "pulumi-timescaledb";

const config = new pulumi.Config();
const password = config.requireSecret("password");
const at = (port) => ({ host: "127.0.0.1", port: config.requireNumber(port), password });

const access = new AccessNode("access", { connection: at("accessPort"), database: "installed" });
const { nodeName } = new timescaledb.DataNode("dn1", { accessNode: access, ...at("nodePort") });

export const engine = access.engine;
export { nodeName as node };
export const isOneModule = timescaledb.DataNode === DataNode;
