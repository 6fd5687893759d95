/** The rights that a distributed hypertable needs on a server, in one query. */
import { identifier, qualified } from "../../postgres/sql";
import type { DistributedHypertableInputs } from "../inputs";
import type { Problem } from "../engine";
import { problem } from "./checks";
import type { Place, Servers } from "../run/servers";

interface RightsRow {
    readonly user_name: string;
    /** The data nodes, and whether they may be used. */
    readonly nodes: Readonly<Record<string, boolean>>;
    /** null: there is no such schema. */
    readonly may_create_table: boolean | null;
    readonly may_create_schema: boolean;
    /** null: there is no such table. */
    readonly owns_table: boolean | null;
}

const RIGHTS = `
SELECT current_user::text AS user_name,
       COALESCE((SELECT jsonb_object_agg(s.srvname, has_server_privilege(s.oid, 'USAGE'))
                   FROM pg_catalog.pg_foreign_server s JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw
                  WHERE w.fdwname = $3), '{}') AS nodes,
       (SELECT has_schema_privilege(n.oid, 'CREATE') FROM pg_catalog.pg_namespace n WHERE n.nspname = $1) AS may_create_table,
       has_database_privilege(current_database(), 'CREATE') AS may_create_schema,
       (SELECT pg_has_role(c.relowner, 'USAGE')
          FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')) AS owns_table`;

/**
 * Checks the rights in the cluster's database on a server. That nodes are missing altogether is the plan's to say.
 *
 * @param wrapper the foreign-data wrapper of the data nodes
 */
export async function checkHypertableRights(
    servers: Servers,
    on: Place,
    wrapper: string,
    { schema, tableName, dataNodes }: DistributedHypertableInputs,
): Promise<Problem[]> {
    const row = await servers.on(on, (session) => session.one<RightsRow>(RIGHTS, [schema, tableName, wrapper]));
    const server = servers.label(on.server);
    const role = identifier(row.user_name);
    const unusable = Object.entries(row.nodes).filter(
        ([name, usable]) => !usable && (dataNodes === undefined || dataNodes.includes(name)),
    );
    const problems = unusable.map(([name]) =>
        problem(server, {
            check: "node_usage",
            what: `role "${row.user_name}" may not use data node "${name}"`,
            remedy: `GRANT USAGE ON FOREIGN SERVER ${identifier(name)} TO ${role}`,
        }),
    );
    if (row.owns_table === false) {
        problems.push(
            problem(server, {
                check: "table_owner",
                what: `role "${row.user_name}" does not own table ${schema}.${tableName}`,
                remedy: `ALTER TABLE ${qualified(schema, tableName)} OWNER TO ${role}`,
            }),
        );
    }
    if (row.owns_table === null && row.may_create_table === false) {
        problems.push(
            problem(server, {
                check: "schema_create",
                what: `role "${row.user_name}" may not create tables in schema "${schema}"`,
                remedy: `GRANT CREATE ON SCHEMA ${identifier(schema)} TO ${role}`,
            }),
        );
    }
    if (row.may_create_table === null && !row.may_create_schema) {
        problems.push(
            problem(server, {
                check: "database_create",
                what: `role "${row.user_name}" may not create schema "${schema}"`,
                remedy: `GRANT CREATE ON DATABASE ${identifier(on.database)} TO ${role}`,
            }),
        );
    }
    return problems;
}
