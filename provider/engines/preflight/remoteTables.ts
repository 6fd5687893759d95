/**
 * A data node's tables as the access node sees them: postgres_fdw's foreign tables that exist in one transaction of the
 * access node and are gone with it. This is how the access node's route is tried, and how a data node is looked at to
 * which the provider has no route of its own.
 */
import type { Session } from "../../postgres/pool";
import { anonymousBlock, identifier, literal } from "../../postgres/sql";
import type { AccessSide } from "./readServers";
import { passwordSecret, withSecrets } from "../run/secrets";
import type { Servers } from "../run/servers";
import { createMappingSql } from "../userMapping";
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
const KEEP_NOTHING = { keep_connections: "off" };

/** The statements of a block that make the foreign tables; {@link passwordSecret} binds the route's password. */
export function makeForeignTables(route: Route, database: string, tables: ForeignTables): string[] {
    const server = {
        host: route.host,
        port: String(route.port),
        dbname: database,
        // libpq takes less than 2 seconds for 2.
        connect_timeout: String(Math.max(2, Math.ceil(route.connectTimeoutSeconds))),
        ...route.options,
    };
    return [
        "CREATE EXTENSION IF NOT EXISTS postgres_fdw",
        `CREATE SERVER ${SERVER} FOREIGN DATA WRAPPER postgres_fdw ${optionList(server)}`,
        createMappingSql("CURRENT_USER", SERVER, route),
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
    const block = anonymousBlock(`BEGIN\n    ${statements.join(";\n    ")};\nEND`);
    const look = async (session: Session): Promise<T> => {
        await session.query("BEGIN");
        try {
            const { secrets } = passwordSecret(route.password);
            await withSecrets(session, secrets, true, () => session.query(block));
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
