/** Why a database that is, or was, a data node cannot be added, whichever way it was seen. */
import { ProviderError } from "../../../errors";
import type { DataNodeInputs } from "../../inputs";
import { nodeDatabaseName, nodeLabel } from "../places";

/** The rows of pg_tables, as t, that are neither PostgreSQL's nor TimescaleDB's. */
export const USERS_TABLES = "t.schemaname !~ '^(pg_|_timescaledb_|information_schema$)'";

/** Another cluster must not lose its database by mistake. */
export function foreignCluster(inputs: DataNodeInputs, distUuid: string): ProviderError {
    return new ProviderError(
        "FOREIGN_CLUSTER",
        `database "${nodeDatabaseName(inputs)}" on ${nodeLabel(inputs)} is a data node of cluster ${distUuid}`,
        {
            remedy:
                "Remove it there first. If that cluster is gone, drop the database, " +
                "or set adopt: true and forceDestroy: true to take it over without its tables",
        },
    );
}

/** Its tables would keep new ones of their names from being made, and may be all that is left of them. */
export function stillHolds(inputs: DataNodeInputs, tables: readonly string[], remedy: string): ProviderError {
    return new ProviderError(
        "HOLDS_DATA",
        `database "${nodeDatabaseName(inputs)}" on ${nodeLabel(inputs)} still holds ${tables.join(", ")} ` +
            "of an earlier membership",
        { remedy },
    );
}
