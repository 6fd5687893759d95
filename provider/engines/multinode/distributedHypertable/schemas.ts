/**
 * The schema of a table. CREATE SCHEMA and DROP SCHEMA on the access node do not reach the data nodes, so they are
 * sent there as well.
 */
import type { Session } from "../../../postgres/pool";
import { SQLSTATE } from "../../../postgres/sqlState";
import { identifier } from "../../../postgres/sql";
import type { DistributedHypertableInputs } from "../../inputs";
import { at, type Statement, type Step } from "../../step";
import { readMarker } from "../../marks/marker";
import type { Place } from "../../run/servers";
import { createSchema, dropSchema, isLeftSchema, type SchemaState } from "../../tables/schemas";
import { functionOf, markerOf, type ClusterState } from "../cluster";

/** A schema that every database has. */
const PUBLIC = "public";

/** Reads schemas by name; without names, those that bear a mark. */
export async function observeSchemas(session: Session, names?: readonly string[]): Promise<SchemaState[]> {
    const rows = await session.query<{ name: string; comment: string | null; empty: boolean }>(
        `SELECT n.nspname::text AS name, obj_description(n.oid, 'pg_namespace') AS comment,
                NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                             WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid) AS empty
           FROM pg_catalog.pg_namespace n
          WHERE CASE WHEN $1::text[] IS NULL THEN obj_description(n.oid, 'pg_namespace') LIKE '%[pulumi-timescaledb %'
                     ELSE n.nspname::text = ANY ($1::text[]) END`,
        [names ?? null],
    );
    return rows.map(({ name, comment, empty }) => ({ name, marker: readMarker(comment), empty }));
}

/** The statements to the table's schema on the access node, unless it is there, and on these data nodes. */
export function planCreateSchema(
    cluster: ClusterState,
    nodes: readonly string[],
    inputs: DistributedHypertableInputs,
    isThere: boolean,
): Statement[] {
    const { schema } = inputs;
    return schema === PUBLIC
        ? []
        : [
              ...(isThere ? [] : [createSchema(schema, markerOf(cluster, inputs))]),
              {
                  name: `create schema ${schema} on the data nodes`,
                  why: "CREATE SCHEMA does not reach them",
                  sql: `CALL ${functionOf(cluster, "distributed_exec")}($1::text, $2::text[]::name[])`,
                  values: [`CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}`, nodes],
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
    if (schema === undefined || !isLeftSchema(schema, cluster.clusterId)) {
        return [];
    }
    const drop = dropSchema(schema.name);
    // One at a time: a node where the schema holds something of somebody else's keeps it.
    const remote = nodes.map((node) => ({
        name: `${drop.name} on ${node}`,
        why: drop.why,
        sql: `CALL ${functionOf(cluster, "distributed_exec")}($1::text, ARRAY[$2::name])`,
        values: [`DROP SCHEMA IF EXISTS ${identifier(schema.name)}`, node],
        tolerates: [SQLSTATE.DEPENDENT_OBJECTS_STILL_EXIST],
    }));
    return at(on, [...remote, drop]);
}
