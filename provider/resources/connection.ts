import * as pulumi from "@pulumi/pulumi";
import type { SslMode } from "../postgres/connection";

/**
 * How the provider reaches a server. It may differ from `DataNode.host` and `port`, by which the access node reaches
 * a data node: published ports against container names. A change never replaces anything and runs no DDL; it is
 * refused when it reaches another cluster.
 */
export interface ConnectionArgs {
    /** Host name, IP address, or the folder of a unix socket. Example: `"access.example.com"`. */
    host: pulumi.Input<string>;
    /** TCP port, 1 to 65535. Default: 5432. */
    port?: pulumi.Input<number>;
    /** Role. Default: `"postgres"`. A right that it lacks is named in the error (PERMISSION_DENIED). */
    user?: pulumi.Input<string>;
    /** Kept as a secret. Default: `PGPASSWORD` or `PGPASSFILE`, as libpq has them. */
    password?: pulumi.Input<string>;
    /** Where CREATE DATABASE is issued. Default: `"postgres"`. */
    maintenanceDatabase?: pulumi.Input<string>;
    /** libpq's sslmode, word for word. Default: `"prefer"`. */
    sslMode?: pulumi.Input<SslMode>;
    /** Certificates of the authorities to trust, as PEM text. */
    sslRootCert?: pulumi.Input<string>;
    /** Client certificate, as PEM text. */
    sslCert?: pulumi.Input<string>;
    /** Client key, as PEM text; kept as a secret. */
    sslKey?: pulumi.Input<string>;
    /** Seconds for one attempt to connect, above 0. Default: 10. */
    connectTimeoutSeconds?: pulumi.Input<number>;
    /** Seconds to wait, at create, for a server that is still starting; 0 = one attempt. Default: 120. */
    readyTimeoutSeconds?: pulumi.Input<number>;
    /** Seconds for one statement; 0 = no limit. Default: 0. */
    statementTimeoutSeconds?: pulumi.Input<number>;
    /** Seconds to wait for a lock; 0 = no limit. Default: 60. */
    lockTimeoutSeconds?: pulumi.Input<number>;
}

/** The same connection with what is secret in it marked as a secret, whether the program did so or not. */
export function secretConnection(
    connection: pulumi.Input<ConnectionArgs> | undefined,
): pulumi.Input<ConnectionArgs> | undefined {
    if (pulumi.Output.isInstance(connection) || connection instanceof Promise) {
        return pulumi.output(connection).apply((known) => marked(known));
    }
    return connection === undefined ? undefined : marked(connection);
}

function marked({ password, sslKey, ...open }: ConnectionArgs): ConnectionArgs {
    return {
        ...open,
        ...(password === undefined ? {} : { password: pulumi.secret(password) }),
        ...(sslKey === undefined ? {} : { sslKey: pulumi.secret(sslKey) }),
    };
}
