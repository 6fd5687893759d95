import * as pulumi from "@pulumi/pulumi";
import * as timescaledb from "pulumi-timescaledb";

const config = new pulumi.Config();
const password = config.requireSecret("password");
const at = (port: string): timescaledb.ConnectionArgs & { host: string } => ({
    host: "127.0.0.1",
    port: config.requireNumber(port),
    password,
});

const access = new timescaledb.AccessNode("access", { connection: at("accessPort"), database: "installed" });
const { nodeName } = new timescaledb.DataNode("dn1", { accessNode: access, ...at("nodePort") });

export const engine: pulumi.Output<timescaledb.EngineName> = access.engine;
export const node = nodeName;
