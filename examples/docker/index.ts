/**
 * A distributed TimescaleDB in Docker containers: an access node, data nodes, and a table that is spread over them.
 *
 *     pulumi config set --secret password ...
 *     pulumi up
 */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as timescaledb from "pulumi-timescaledb";
import { makeServer, TLS_CERTIFICATE_FILE, type Server } from "./server";
import { dataNodeCount, firstPort, forceDestroy, image as imageName, password, prefix, tls } from "./settings";

const DATABASE = "multinode";

// Kept when the stack goes: it costs a download.
const image = new docker.RemoteImage("image", { name: imageName, keepLocally: true });
const network = new docker.Network("network", { name: prefix });

const dataServers = Array.from({ length: dataNodeCount }, (_, index) =>
    makeServer(`dn${index + 1}`, { image, network, port: firstPort + 1 + index }),
);
// An access node runs with data nodes that are newer, not with older ones: with another image it is replaced last.
const accessServer = makeServer("access", {
    image,
    network,
    port: firstPort,
    after: dataServers.map(({ container }) => container),
});

/** The provider's way to a server: the published port. */
function connectionTo({ port }: Server): timescaledb.ConnectionArgs {
    // The only certificate that is trusted is the servers' own: nobody else has its key, whatever name they bear.
    const encryption = tls ? ({ sslMode: "verify-ca", sslRootCert: tls.certificate } as const) : {};
    // Its container has waited for it already: what does not answer now has been stopped.
    return { host: "localhost", port, password, readyTimeoutSeconds: 20, ...encryption };
}

const access = new timescaledb.AccessNode(
    "access",
    { connection: connectionTo(accessServer), database: DATABASE, forceDestroy },
    { dependsOn: [accessServer.container] },
);

const dataNodes = dataServers.map(
    (server, index) =>
        new timescaledb.DataNode(
            `dn${index + 1}`,
            {
                accessNode: access,
                // The access node's way to it: its name in the network, and the port inside the container.
                host: server.host,
                password,
                serverOptions: tls ? { sslmode: "verify-ca", sslrootcert: TLS_CERTIFICATE_FILE } : undefined,
                connection: connectionTo(server),
                drainOnDelete: true,
                forceDestroy,
            },
            // So that `pulumi up --replace <urn>` registers a node anew whose volume was lost.
            { dependsOn: [server.container], deleteBeforeReplace: true },
        ),
);

const conditions = new timescaledb.DistributedHypertable("conditions", {
    accessNode: access,
    dataNodes,
    columns: [
        { name: "time", type: "timestamptz", nullable: false },
        { name: "device", type: "integer" },
        { name: "temp", type: "double precision" },
    ],
    timeColumn: "time",
    partitioningColumn: "device",
    forceDestroy,
});

/** Which engine the image led to: multinode or fdw. */
export const engine = access.engine;

/** Opens the database; psql asks for the password. */
export const psql = `psql "host=localhost port=${firstPort} user=postgres dbname=${DATABASE}${tls ? " sslmode=require" : ""}"`;

/** For applications on this machine, and for those in the containers' network. */
export const url = connectionUrl("localhost", firstPort);
export const urlInNetwork = connectionUrl(accessServer.host, 5432);

export const table = pulumi.interpolate`${conditions.schema}.${conditions.tableName}`;

/** What each data node holds, and what does not answer. There is no secret in it, though the connection is one. */
export const status = pulumi.unsecret(
    timescaledb
        .getClusterStatusOutput(access, { dependsOn: [conditions] })
        .nodes.apply((nodes) =>
            nodes
                .filter(({ role, answers }) => role === "data node" || answers === null)
                .map(({ name, answers, failure, approximateRows, bytes }) =>
                    answers ? { name, approximateRows, bytes } : { name, failure },
                ),
        ),
);

function connectionUrl(host: string, port: number): pulumi.Output<string> {
    const encryption = tls ? "?sslmode=require" : "";
    const escaped = password.apply(encodeURIComponent);
    return pulumi.secret(pulumi.interpolate`postgresql://postgres:${escaped}@${host}:${port}/${DATABASE}${encryption}`);
}
