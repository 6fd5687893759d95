/** What the stack's configuration says, with a default for all but the password. */
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();

/** The image of every server. A current one, without multi-node, makes the provider choose its fdw engine. */
export const image = config.get("image") ?? "timescale/timescaledb:2.13.1-pg15";

/** How many servers hold rows. */
export const dataNodeCount = config.getNumber("dataNodes") ?? 2;

/** The access node's port on 127.0.0.1; the data nodes have the ports after it. */
export const firstPort = config.getNumber("port") ?? 5440;

/** Megabytes that one container may use. */
export const memory = config.getNumber("memory") ?? 1024;

/** The password of the role postgres on every server: `pulumi config set --secret password ...`. */
export const password = config.requireSecret("password");

/**
 * Whether `pulumi destroy` and the removal of a data node may destroy rows. This is a cluster to try things on, so they
 * may; for rows that matter set it to false, and see both refused with a count of what would be lost.
 */
export const forceDestroy = config.getBoolean("forceDestroy") ?? true;

/** A certificate for all servers and its key, as PEM text. Without it connections are not encrypted. See README.md. */
export const tls = readTls();

function readTls(): { certificate: string; key: pulumi.Output<string> } | undefined {
    const certificate = config.get("tlsCertificate");
    return certificate === undefined ? undefined : { certificate, key: config.requireSecret("tlsKey") };
}

/** In front of the names of containers and volumes, and the network's name: clusters on one engine must not meet. */
export const prefix = config.get("name") ?? `timescaledb-${pulumi.getStack()}`;
