/** How a server is reached. Property names and defaults are the users' own: see docs/resources/connection.md. */

/** libpq's sslmode values that are offered, with libpq's meaning. */
export const SSL_MODES = ["disable", "prefer", "require", "verify-ca", "verify-full"] as const;

/** One of libpq's sslmode values. */
export type SslMode = (typeof SSL_MODES)[number];

/** A resolved connection: what a user gives, with every default filled in. */
export interface Connection {
    /** A host name, an IP address, or the folder of a unix socket. */
    readonly host: string;
    readonly port: number;
    readonly user: string;
    /** Absent: PGPASSWORD or PGPASSFILE, as libpq has them. */
    readonly password?: string;
    readonly maintenanceDatabase: string;
    readonly sslMode: SslMode;
    /** PEM texts. */
    readonly sslRootCert?: string;
    readonly sslCert?: string;
    readonly sslKey?: string;
    readonly connectTimeoutSeconds: number;
    readonly readyTimeoutSeconds: number;
    /** 0: none. */
    readonly statementTimeoutSeconds: number;
    /** 0: none. */
    readonly lockTimeoutSeconds: number;
}

/** `data1.example.com:5432`, as messages name a server. */
export function address(connection: Pick<Connection, "host" | "port">): string {
    return `${connection.host}:${connection.port}`;
}

/** Whether the host is the folder of a unix socket. */
export function isUnixSocket(connection: Pick<Connection, "host">): boolean {
    return connection.host.startsWith("/");
}
