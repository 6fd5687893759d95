/**
 * What a cut add_data_node() left on a data node to which the provider has no way: the node committed before the access
 * node did, and is refused from then on as one that is a data node already (TS174). Seen and mended through the access
 * node.
 */
import { ProviderError } from "../../errors";
import { serverError } from "../../postgres/sqlState";
import { literal } from "../../postgres/sql";
import type { DataNodeInputs } from "../desired";
import type { Step } from "../engine";
import { nodeCheckOf, readAccess } from "../gather";
import type { Servers } from "../servers";
import {
    DROP_FOREIGN_TABLES,
    makeForeignTables,
    SET_PASSWORD,
    withForeignTables,
    type ForeignTables,
    type Way,
} from "../throughAccess";
import { anonymousBlock } from "./block";
import type { ClusterState } from "./cluster";
import type { DataNodeWish } from "./dataNode";
import { foreignCluster } from "./foreignCluster";
import { wayOf } from "./nodeView";
import { accessDatabase, nodeDatabaseName, nodeLabel } from "./places";

/** A database with TimescaleDB on a data node that the access node does not know. */
export interface Leftover {
    /** The access node's way to it. */
    readonly way: Way;
    /** The cluster that the database belongs to. */
    readonly distUuid: string | null;
    /** Hypertables, for example `public.conditions`. */
    readonly hypertables: readonly string[];
    /** Whether nothing is in it but TimescaleDB. */
    readonly isEmpty: boolean;
}

const METADATA = { schema: "_timescaledb_catalog", table: "metadata", columns: "key name, value text" };
const TABLES: ForeignTables = {
    remote_metadata: METADATA,
    remote_hypertable: {
        schema: "_timescaledb_catalog",
        table: "hypertable",
        columns: "id integer, schema_name name, table_name name, replication_factor smallint",
    },
    remote_tables: { schema: "pg_catalog", table: "pg_tables", columns: "schemaname name" },
};

/** Looks for it; undefined where there is none, or where the access node cannot look. */
export async function observeLeftover(servers: Servers, wish: DataNodeWish): Promise<Leftover | undefined> {
    const access = await readAccess(servers);
    const way = wayOf(servers, nodeCheckOf(wish), access);
    try {
        return await withForeignTables(servers, access, way, nodeDatabaseName(wish.inputs), TABLES, async (session) => {
            const [row] = await session.query<{ dist_uuid: string | null; hypertables: string[]; tables: number }>(
                `SELECT (SELECT m.value FROM pg_temp.remote_metadata m WHERE m.key = 'dist_uuid') AS dist_uuid,
                        (SELECT coalesce(array_agg(h.schema_name || '.' || h.table_name ORDER BY h.id), '{}')
                           FROM pg_temp.remote_hypertable h WHERE h.replication_factor IS NOT NULL) AS hypertables,
                        (SELECT count(*)::integer FROM pg_temp.remote_tables t
                          WHERE t.schemaname !~ '^(pg_|_timescaledb_|information_schema$)') AS tables`,
            );
            return row && { way, distUuid: row.dist_uuid, hypertables: row.hypertables, isEmpty: row.tables === 0 };
        });
    } catch (error) {
        // No such database, no TimescaleDB in it, no postgres_fdw, no right to make it: nothing is known of the node.
        if (serverError(error) === undefined) {
            throw error;
        }
        return undefined;
    }
}

/** The steps after which the node can be added, and whether its database is ours to drop. */
export function planLeftover(
    cluster: ClusterState,
    leftover: Leftover | undefined,
    { inputs }: DataNodeWish,
): { readonly steps: Step[]; readonly ours: boolean } {
    if (leftover === undefined) {
        return { steps: [], ours: false };
    }
    const { distUuid, hypertables, isEmpty, way } = leftover;
    const ours = inputs.bootstrap && !inputs.adopt && isEmpty;
    if (distUuid === null) {
        return { steps: [], ours };
    }
    if (distUuid !== cluster.clusterId && !(inputs.adopt && inputs.forceDestroy)) {
        throw foreignCluster(inputs, distUuid);
    }
    if (hypertables.length > 0) {
        throw new ProviderError(
            "HOLDS_DATA",
            `database "${nodeDatabaseName(inputs)}" on ${nodeLabel(inputs)} still holds ${hypertables.join(", ")} ` +
                "of an earlier membership",
            { remedy: "Drop the database on that server, or choose another database" },
        );
    }
    return { steps: releaseThrough(inputs, way, distUuid), ours };
}

function releaseThrough(inputs: DataNodeInputs, way: Way, distUuid: string): Step[] {
    const secrets = way.password === undefined ? [] : [way.password];
    const common = {
        on: accessDatabase(inputs.accessNode),
        transaction: `release ${inputs.nodeName}`,
        secrets,
    };
    return [
        {
            ...common,
            name: "setConfig",
            why: "the access node needs the data node's password for the next step",
            sql: SET_PASSWORD,
            values: [way.password ?? ""],
        },
        {
            ...common,
            name: "deleteDistUuid",
            why: `the node says that it belongs to cluster ${distUuid}, which does not know it`,
            sql: anonymousBlock(
                [
                    "DECLARE had boolean := EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'postgres_fdw');",
                    "BEGIN",
                    ...makeForeignTables(way, nodeDatabaseName(inputs), { remote_metadata: METADATA }).map(indented),
                    indented(
                        "DELETE FROM pg_temp.remote_metadata " +
                            `WHERE key = 'dist_uuid' AND value = ${literal(distUuid)}`,
                    ),
                    indented(DROP_FOREIGN_TABLES),
                    "    IF NOT had THEN",
                    "        DROP EXTENSION postgres_fdw;",
                    "    END IF;",
                    "END",
                ].join("\n"),
            ),
        },
    ];
}

function indented(statement: string): string {
    return `    ${statement};`;
}
