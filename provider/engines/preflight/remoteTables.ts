/**
 * A data node's tables as the access node sees them: postgres_fdw's foreign tables that exist in one transaction of the
 * access node and are gone with it. This is how the access node's route is tried, and how a data node is looked at to
 * which the provider has no route of its own.
 */
import type { Session } from "../../postgres/pool";
import { identifier, literal } from "../../postgres/sql";
import type { AccessSide } from "./readServers";
import type { Servers } from "../run/servers";
import { compareVersions } from "../versions/range";

/** How the access node is to reach a data node. */
export interface Route {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password?: string;
    /** Options of the foreign server. */
    readonly options: Readonly<Record<string, string>>;
    readonly connectTimeoutSeconds: number;
}

/** A table of the data node. */
export interface RemoteTable {
    readonly schema: string;
    readonly table: string;
    /** Those that are asked for: `key name, value text`. */
    readonly columns: string;
}

/** By the names of the foreign tables in pg_temp, which no other table may have: pg_temp is searched first. */
export type ForeignTables = Readonly<Record<string, RemoteTable>>;

const SERVER = "pulumi_timescaledb_probe";
const PASSWORD_SETTING = "pulumi_timescaledb.password";
const KEEP_NOTHING = { keep_connections: "off" };

/** Bound, and not in the text of a block: a server logs the text of what fails. Its one value is the password. */
export const SET_PASSWORD = `SELECT pg_catalog.set_config('${PASSWORD_SETTING}', $1::text, true)`;

/** The statements of a block that make the foreign tables. The transaction has run {@link SET_PASSWORD}. */
export function makeForeignTables(route: Route, database: string, tables: ForeignTables): string[] {
    const server = {
        host: route.host,
        port: String(route.port),
        dbname: database,
        // libpq takes less than 2 seconds for 2.
        connect_timeout: String(Math.max(2, Math.ceil(route.connectTimeoutSeconds))),
        ...route.options,
    };
    const mapping = `CREATE USER MAPPING FOR CURRENT_USER SERVER ${SERVER} OPTIONS (user ${literal(route.user)}`;
    return [
        "CREATE EXTENSION IF NOT EXISTS postgres_fdw",
        `CREATE SERVER ${SERVER} FOREIGN DATA WRAPPER postgres_fdw ${optionList(server)}`,
        route.password === undefined
            ? `${mapping})`
            : `EXECUTE ${literal(mapping)} || ', password ' || quote_literal(current_setting(${literal(PASSWORD_SETTING)})) || ')'`,
        ...Object.entries(tables).map(
            ([name, { schema, table, columns }]) =>
                `CREATE FOREIGN TABLE pg_temp.${identifier(name)} (${columns}) SERVER ${SERVER} ` +
                optionList({ schema_name: schema, table_name: table }),
        ),
    ];
}

/** The statement of a block that takes them away again, in a transaction that is to commit. */
export const DROP_FOREIGN_TABLES = `DROP SERVER ${SERVER} CASCADE`;

/** Makes the foreign tables, uses them, and rolls back: nothing stays on either side. */
export async function withForeignTables<T>(
    servers: Servers,
    { place, facts }: Pick<AccessSide, "place" | "facts">,
    route: Route,
    database: string,
    tables: ForeignTables,
    use: (session: Session) => Promise<T>,
): Promise<T> {
    // The connection to the data node must not outlive the look: before this option only the session's end closes it.
    const closes = compareVersions(facts.postgresVersion, "14") >= 0;
    const options = { ...route.options, ...(closes ? KEEP_NOTHING : {}) };
    const statements = makeForeignTables({ ...route, options }, database, tables);
    const look = async (session: Session): Promise<T> => {
        await session.query("BEGIN");
        try {
            await session.query(SET_PASSWORD, [route.password ?? ""]);
            await session.query(`DO ${literal(`BEGIN ${statements.join("; ")}; END`)}`);
            return await use(session);
        } finally {
            // A session that is gone has rolled back: the error that matters is the first one.
            await session.query("ROLLBACK").catch(() => undefined);
        }
    };
    return servers.on(place, look, !closes);
}

function optionList(options: Readonly<Record<string, string>>): string {
    return `OPTIONS (${Object.entries(options)
        .map(([name, value]) => `${identifier(name)} ${literal(value)}`)
        .join(", ")})`;
}
