/**
 * The schema of a table. CREATE SCHEMA and DROP SCHEMA on the access node do not reach the data nodes, so they are
 * sent there as well. One that was made for a table bears our mark and goes with the last table in it.
 */
import type { Session } from "../../../postgres/pool";
import { identifier, literal } from "../../../postgres/sql";
import type { Step } from "../../step";
import { readMarker, withMarker, type Marker } from "../../marks/marker";
import type { Place } from "../../run/servers";
import { functionOf, type ClusterState } from "../cluster";

/** A schema that is there. */
export interface SchemaState {
    readonly name: string;
    readonly comment: string | null;
    readonly marker: Marker | undefined;
    readonly isEmpty: boolean;
}

/** A schema that every database has. */
const PUBLIC = "public";
const DEPENDENT_OBJECTS = "2BP01";

/** Reads schemas by name; without names, those that bear a mark. */
export async function observeSchemas(session: Session, names?: readonly string[]): Promise<SchemaState[]> {
    const rows = await session.query<{ name: string; comment: string | null; is_empty: boolean }>(
        `SELECT n.nspname::text AS name, obj_description(n.oid, 'pg_namespace') AS comment,
                NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                             WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid) AS is_empty
           FROM pg_catalog.pg_namespace n
          WHERE CASE WHEN $1::text[] IS NULL THEN obj_description(n.oid, 'pg_namespace') LIKE '%[pulumi-timescaledb %'
                     ELSE n.nspname::text = ANY ($1::text[]) END`,
        [names ?? null],
    );
    return rows.map(({ name, comment, is_empty }) => ({
        name,
        comment,
        marker: readMarker(comment),
        isEmpty: is_empty,
    }));
}

/** Whether a schema was made for tables of this cluster. */
export function isOurSchema(schema: SchemaState | undefined, clusterId: string): boolean {
    return schema?.marker?.cluster === clusterId && schema.marker.adopted !== true;
}

/** The steps to a schema on the access node, where it is missing, and on these data nodes. */
export function planCreateSchema(
    cluster: ClusterState,
    name: string,
    found: SchemaState | undefined,
    nodes: readonly string[],
    marker: Marker,
): Omit<Step, "on">[] {
    if (name === PUBLIC) {
        return [];
    }
    const why = `schema ${name} has to be there`;
    const create = `CREATE SCHEMA IF NOT EXISTS ${identifier(name)}`;
    return [
        ...(found === undefined
            ? [
                  {
                      // IF NOT EXISTS does not keep two sessions from both making it.
                      name: "lockSchema",
                      why: "another table may need the same schema just now",
                      sql: "SELECT pg_advisory_xact_lock(hashtext($1::text))",
                      values: [`pulumi-timescaledb schema ${name}`],
                  },
                  { name: "createSchema", why, sql: create },
                  {
                      name: "markSchema",
                      why: `schema ${name} is made for this table`,
                      sql: `COMMENT ON SCHEMA ${identifier(name)} IS ${literal(withMarker(null, marker))}`,
                  },
              ]
            : []),
        {
            name: "distributedExec",
            why: `${why} on the data nodes too`,
            sql: `CALL ${functionOf(cluster, "distributed_exec")}($1::text, $2::text[]::name[])`,
            values: [create, nodes],
        },
    ];
}

/** The steps by which a schema goes that was made for tables and holds none any more. */
export function planDropSchema(
    on: Place,
    cluster: ClusterState,
    schema: SchemaState | undefined,
    nodes: readonly string[],
): Step[] {
    if (schema === undefined || !schema.isEmpty || !isOurSchema(schema, cluster.clusterId)) {
        return [];
    }
    const why = `schema ${schema.name} was made for tables that are gone`;
    return [
        // One at a time: a node where the schema holds something of somebody else's keeps it.
        ...nodes.map((node) => ({
            name: "distributedExec",
            why: `${why}, on ${node} too`,
            on,
            sql: `CALL ${functionOf(cluster, "distributed_exec")}($1::text, ARRAY[$2::name])`,
            values: [`DROP SCHEMA IF EXISTS ${identifier(schema.name)}`, node],
            tolerates: [DEPENDENT_OBJECTS],
        })),
        {
            name: "dropSchema",
            why,
            on,
            sql: `DROP SCHEMA ${identifier(schema.name)}`,
            tolerates: [DEPENDENT_OBJECTS],
        },
    ];
}
