/**
 * What a server holds, so that tests can prove that nothing is left.
 *
 *     const before = await residueOf(server);
 *     ...
 *     expectNoResidue(before, await residueOf(server));
 *
 * Two snapshots of a server on which nothing was left are equal, whatever happened in between. No password is in them.
 */
import { Client } from "pg";

/** What is there, one sorted list of descriptions a kind of thing. */
export type Residue = Readonly<Record<string, readonly string[]>>;

/** How to reach the server as a superuser. */
export interface ResidueServer {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password?: string;
}

interface Finding {
    readonly kind: string;
    readonly what: string;
}

const APPLICATION = "residue";
const SETTLE_SECONDS = 2;

/** A server's sessions, but for those that read this. */
const OTHER_SESSIONS = `
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> '${APPLICATION}'`;

const CONNECTIONS = `
    SELECT 'connections' AS kind, concat_ws(' ', application_name, 'to', datname, 'as', usename, state) AS what ${OTHER_SESSIONS}`;

/** The server ends a session a moment after its client has, and those it had on other servers another moment later. */
const SETTLE = `
    DO $$
    BEGIN
        FOR attempt IN 1 .. ${SETTLE_SECONDS} * 20 LOOP
            EXIT WHEN NOT EXISTS (SELECT ${OTHER_SESSIONS});
            PERFORM pg_sleep(0.05);
            PERFORM pg_stat_clear_snapshot();
        END LOOP;
    END $$`;

/** Options by name and value, secrets by name. */
const optionsOf = (column: string): string => `
    (SELECT string_agg(
        CASE WHEN option ~* '^(password|sslpassword|passcode)=' THEN split_part(option, '=', 1) ELSE option END, ' ' ORDER BY option)
     FROM unnest(${column}) AS option)`;

const SERVER_WIDE = `
    SELECT 'databases' AS kind, concat_ws(' ', datname, 'owned by', pg_get_userbyid(datdba), pg_encoding_to_char(encoding),
        datcollate, 'access', datacl, 'comment', shobj_description(oid, 'pg_database')) AS what
    FROM pg_database
    UNION ALL
    SELECT 'roles', concat_ws(' ', rolname, 'superuser', rolsuper, 'createdb', rolcreatedb, 'createrole', rolcreaterole, 'login', rolcanlogin,
        'replication', rolreplication, 'comment', shobj_description(oid, 'pg_authid'))
    FROM pg_roles WHERE rolname !~ '^pg_'
    UNION ALL
    SELECT 'role memberships', roleid::regrole || ' has ' || member::regrole FROM pg_auth_members WHERE roleid::regrole::text !~ '^pg_'
    UNION ALL
    SELECT 'database and role settings', concat_ws(' ', datname, CASE WHEN setrole <> 0 THEN setrole::regrole END, setting)
    FROM pg_db_role_setting CROSS JOIN unnest(setconfig) AS setting LEFT JOIN pg_database ON pg_database.oid = setdatabase
    UNION ALL
    SELECT 'server settings', name || ' = ' || setting FROM pg_file_settings WHERE sourcefile LIKE '%postgresql.auto.conf'
    UNION ALL
    SELECT 'replication slots', concat_ws(' ', slot_name, plugin, database) FROM pg_replication_slots
    UNION ALL
    SELECT 'subscriptions', subname || ' in ' || datname FROM pg_subscription JOIN pg_database ON pg_database.oid = subdbid
    UNION ALL
    SELECT 'prepared transactions', gid || ' in ' || database FROM pg_prepared_xacts
    UNION ALL
    SELECT 'tablespaces', spcname FROM pg_tablespace
    UNION ALL
    SELECT 'labels', concat_ws(' ', datname, provider, label) FROM pg_shseclabel JOIN pg_database ON pg_database.oid = objoid`;

/** What was made in the database, not what came with it or with an extension. */
const isOurs = (oid: string, catalogue: string): string => `
    ${oid} >= 16384 AND NOT EXISTS (
        SELECT FROM pg_depend WHERE classid = '${catalogue}'::regclass AND objid = ${oid} AND deptype = 'e')`;

const IN_DATABASE = `
    SELECT 'extensions' AS kind, extname || ' ' || extversion AS what FROM pg_extension
    UNION ALL
    SELECT 'schemas', concat_ws(' ', nspname, 'owned by', nspowner::regrole, 'comment', obj_description(oid, 'pg_namespace'))
    FROM pg_namespace WHERE ${isOurs("oid", "pg_namespace")} AND nspname !~ '^pg_(temp|toast)'
    UNION ALL
    SELECT 'relations', concat_ws(' ', relkind::text, oid::regclass, 'comment', obj_description(oid, 'pg_class'))
    FROM pg_class WHERE ${isOurs("oid", "pg_class")} AND relnamespace::regnamespace::text !~ '^pg_(temp|toast)'
    UNION ALL
    SELECT 'functions', oid::regprocedure::text FROM pg_proc WHERE ${isOurs("oid", "pg_proc")}
    UNION ALL
    SELECT 'event triggers', evtname::text FROM pg_event_trigger WHERE ${isOurs("oid", "pg_event_trigger")}
    UNION ALL
    SELECT 'foreign data wrappers', fdwname::text FROM pg_foreign_data_wrapper
    UNION ALL
    SELECT 'foreign servers', concat_ws(' ', srvname, ${optionsOf("srvoptions")}, 'comment', obj_description(oid, 'pg_foreign_server'))
    FROM pg_foreign_server
    UNION ALL
    SELECT 'user mappings', concat_ws(' ', srvname, usename, ${optionsOf("umoptions")}) FROM pg_user_mappings
    UNION ALL
    SELECT 'publications', pubname::text FROM pg_publication`;

/** The jobs that TimescaleDB has by itself are numbered below 1000. */
const IN_TIMESCALEDB = `
    SELECT 'jobs' AS kind, concat_ws(' ', id, proc_name, config) AS what FROM _timescaledb_config.bgw_job WHERE id >= 1000
    UNION ALL
    SELECT 'dist_uuid', value FROM _timescaledb_catalog.metadata WHERE key = 'dist_uuid'`;

/** Reads it from all databases but the templates. The server must run. */
export async function residueOf(server: ResidueServer): Promise<Residue> {
    const findings = await inDatabase(server, "postgres", async (client) => {
        await client.query(SETTLE);
        const connections = await client.query<Finding>(CONNECTIONS);
        const wide = await client.query<Finding>(SERVER_WIDE);
        const databases = await client.query<{ name: string }>(
            "SELECT datname AS name FROM pg_database WHERE datallowconn AND NOT datistemplate",
        );
        const inside = await Promise.all(databases.rows.map(({ name }) => findingsIn(server, name)));
        return [...connections.rows, ...wide.rows, ...inside.flat()];
    });
    const kinds = [...new Set(findings.map(({ kind }) => kind))].sort();
    const ofKind = (kind: string): string[] =>
        findings.filter((finding) => finding.kind === kind).map(({ what }) => what);
    return Object.fromEntries(kinds.map((kind) => [kind, ofKind(kind).sort()]));
}

/** Fails and shows the difference, unless what is there after is what was there before. */
export function expectNoResidue(before: Residue | readonly Residue[], after: Residue | readonly Residue[]): void {
    expect(after).toEqual(before);
}

function findingsIn(server: ResidueServer, database: string): Promise<Finding[]> {
    return inDatabase(server, database, async (client) => {
        const { rows } = await client.query<Finding>(IN_DATABASE);
        const hasTimescaledb = rows.some(({ kind, what }) => kind === "extensions" && what.startsWith("timescaledb "));
        const more = hasTimescaledb ? (await client.query<Finding>(IN_TIMESCALEDB)).rows : [];
        return [...rows, ...more].map(({ kind, what }) => ({ kind, what: `${database}: ${what}` }));
    });
}

async function inDatabase<T>(
    server: ResidueServer,
    database: string,
    body: (client: Client) => Promise<T>,
): Promise<T> {
    const { host, port, user, password } = server;
    const client = new Client({ host, port, user, password, database, application_name: APPLICATION });
    await client.connect();
    try {
        return await body(client);
    } finally {
        await client.end();
    }
}
