/** Connections with everything that the provider knows of one. */
import type { Connection } from "../../provider/postgres/connection";

/** A complete connection to a host. */
export function connectionTo(host: string, more: Partial<Connection> = {}): Connection {
    return {
        host,
        port: 5432,
        user: "postgres",
        maintenanceDatabase: "postgres",
        sslMode: "prefer",
        connectTimeoutSeconds: 10,
        readyTimeoutSeconds: 0,
        statementTimeoutSeconds: 0,
        lockTimeoutSeconds: 60,
        ...more,
    };
}
