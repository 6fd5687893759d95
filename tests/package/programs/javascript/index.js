const pulumi = require("@pulumi/pulumi");
const { AccessNode, DataNode } = require("pulumi-timescaledb");

const config = new pulumi.Config();
const password = config.requireSecret("password");
const at = (port) => ({ host: "127.0.0.1", port: config.requireNumber(port), password });

const access = new AccessNode("access", { connection: at("accessPort"), database: "installed" });
const node = new DataNode("dn1", { accessNode: access, ...at("nodePort") });

exports.engine = access.engine;
exports.node = node.nodeName;
