/**
 * What makes a database free to be a data node: TimescaleDB leaves it the id of the cluster that it was in, and refuses
 * it for good. Only a superuser may delete that id. And why a database that is, or was, a data node cannot be added.
 */
import { ProviderError } from "../../../errors";
import { SQLSTATE } from "../../../postgres/sqlState";
import { anonymousBlock, literal } from "../../../postgres/sql";
import type { DataNodeInputs } from "../../inputs";
import { nodeDatabaseName, nodeLabel } from "../../run/places";
import type { Explanation, Statement } from "../../step";

/** The rows of pg_tables, as t, that are neither PostgreSQL's nor TimescaleDB's. */
export const USERS_TABLES = "t.schemaname !~ '^(pg_|_timescaledb_|information_schema$)'";

/** The DELETE, in the node's database or on a foreign table. */
export function deleteDistUuid(distUuid: string, metadata = "_timescaledb_catalog.metadata"): string {
    return `DELETE FROM ${metadata} WHERE key = 'dist_uuid' AND value = ${literal(distUuid)}`;
}

/** Why a node has to be freed: while it says so it cannot be added, not even to that cluster. */
export function unknownTo(distUuid: string): string {
    return `the node says that it belongs to cluster ${distUuid}, which does not know it`;
}

/** Why it was refused, for {@link Statement.explains}. */
export function explainRelease(nodeName: string, database: string): Readonly<Record<string, Explanation>> {
    return {
        [SQLSTATE.INSUFFICIENT_PRIVILEGE]: {
            code: "PERMISSION_DENIED",
            reason: `database "${database}" on data node "${nodeName}" cannot leave the cluster`,
            remedy:
                `Use a superuser, or as a superuser in that database: ` +
                "GRANT SELECT, DELETE ON _timescaledb_catalog.metadata TO the role that is used there",
        },
    };
}

/** The statement in the node's database. */
export function release(inputs: DataNodeInputs, distUuid: string, why: string): Statement {
    return {
        name: `release data node ${inputs.nodeName}`,
        why,
        sql: deleteDistUuid(distUuid),
        explains: explainRelease(inputs.nodeName, nodeDatabaseName(inputs)),
    };
}

/** The statement where add_data_node() makes the extension anew: where the user may not delete the id, it goes with that. */
export function releaseToBootstrap(inputs: DataNodeInputs, distUuid: string): Statement {
    return {
        ...release(inputs, distUuid, unknownTo(distUuid)),
        sql: anonymousBlock(`BEGIN
    ${deleteDistUuid(distUuid)};
EXCEPTION WHEN insufficient_privilege THEN
    DROP EXTENSION timescaledb;
END`),
    };
}

/** Another cluster must not lose its database by mistake. */
export function foreignClusterError(inputs: DataNodeInputs, distUuid: string): ProviderError {
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
export function holdsTablesError(inputs: DataNodeInputs, tables: readonly string[], remedy: string): ProviderError {
    return new ProviderError(
        "HOLDS_DATA",
        `database "${nodeDatabaseName(inputs)}" on ${nodeLabel(inputs)} still holds ${tables.join(", ")} ` +
            "of an earlier membership",
        { remedy },
    );
}
