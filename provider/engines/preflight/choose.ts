/** Which engine a server is for: a new access node by what the server has, everything later by what is there. */
import { ProviderError } from "../../errors";
import { isNoDatabase } from "../../postgres/sqlState";
import { describeNeeds, supports } from "../versions/capabilities";
import type { EngineChoice, EngineName } from "../inputs";
import { readFutureAccess } from "./readServers";
import { readMarker } from "../marks/marker";
import type { ExtensionVersion, ServerFacts } from "./serverFacts";
import { ACCESS, type Servers } from "../run/servers";
import { snapshot } from "../run/snapshot";
import { compareVersions } from "../versions/range";

/**
 * The engine for a new access node, by what its server has. Reads the maintenance database.
 *
 * @param choice what the program asks for; "auto" takes multinode where CREATE EXTENSION gives a version that has it
 * @throws ENGINE_UNAVAILABLE with what is needed and what the server has
 */
export async function chooseEngineName(servers: Servers, choice: EngineChoice): Promise<EngineName> {
    const { facts } = await readFutureAccess(servers);
    const marked = facts.database?.marker?.engine;
    if (choice === "auto" && marked !== undefined) {
        return marked;
    }
    const multinode = multinodeObstacle(facts, choice === "multinode" ? facts.timescaledb : newest(facts));
    const fdw = fdwObstacle(facts);
    if (choice !== "fdw" && multinode === undefined) {
        return "multinode";
    }
    if (choice !== "multinode" && fdw === undefined) {
        return "fdw";
    }
    const obstacles = [
        ...(choice === "fdw" ? [] : [`multinode needs ${NEEDS.multinode}: ${multinode}`]),
        ...(choice === "multinode" ? [] : [`fdw needs ${NEEDS.fdw}: ${fdw}`]),
    ];
    throw new ProviderError("ENGINE_UNAVAILABLE", `${servers.label(ACCESS)}: ${obstacles.join("; ")}`, {
        remedy:
            choice === "multinode" && fdw === undefined
                ? 'Set engine to "fdw" or "auto", or use a server that has what is needed'
                : "Use a server that has what is needed",
    });
}

const NEEDS: Readonly<Record<EngineName, string>> = {
    multinode: "TimescaleDB 2.0 to 2.13 under the timescale licence, on PostgreSQL up to 15",
    fdw: describeNeeds("distribution", "fdw") ?? "",
};

/** The newest version of TimescaleDB on a server that has multi-node there; undefined where there is none. */
export function multinodeVersion(facts: Pick<ServerFacts, "postgresVersion" | "timescaledb">): string | undefined {
    return facts.timescaledb
        .filter((extension) => hasMultinode(facts.postgresVersion, extension.version))
        .map((extension) => extension.version)
        .sort(compareVersions)
        .at(-1);
}

/** Whether the licence keeps the server from distributing: as configured, else as the files were built. */
export function isApache(facts: Pick<ServerFacts, "license">, extension: ExtensionVersion | undefined): boolean {
    return facts.license === null ? /\bApache\b/.test(extension?.comment ?? "") : facts.license === "apache";
}

function multinodeObstacle(facts: ServerFacts, candidates: readonly ExtensionVersion[]): string | undefined {
    const { postgresVersion, timescaledb } = facts;
    const version = multinodeVersion({ postgresVersion, timescaledb: candidates });
    if (version === undefined) {
        const found = timescaledb.map((extension) => extension.version).sort(compareVersions);
        const has = found.length === 0 ? "no TimescaleDB" : `TimescaleDB ${found.join(", ")}`;
        return `it has ${has} on PostgreSQL ${postgresVersion}`;
    }
    return isApache(
        facts,
        candidates.find((candidate) => candidate.version === version),
    )
        ? `its TimescaleDB ${version} is under the licence "apache"`
        : undefined;
}

/** Why a server cannot be an access node of the engine fdw; undefined where it can. */
export function fdwObstacle({
    postgresVersion,
    postgresFdw,
}: Pick<ServerFacts, "postgresVersion" | "postgresFdw">): string | undefined {
    if (!supports("distribution", { engine: "fdw", postgresVersion, timescaledbVersion: null })) {
        return `it has PostgreSQL ${postgresVersion}`;
    }
    return postgresFdw ? undefined : "it lacks the contrib extension postgres_fdw";
}

function newest({ timescaledb }: ServerFacts): readonly ExtensionVersion[] {
    return [...timescaledb].sort((a, b) => compareVersions(a.version, b.version)).slice(-1);
}

function hasMultinode(postgresVersion: string, timescaledbVersion: string): boolean {
    return supports("distribution", { engine: "multinode", postgresVersion, timescaledbVersion });
}

interface CatalogueRow {
    readonly comment: string | null;
    readonly wrappers: readonly string[];
    readonly timescaledb: string | null;
    readonly postgres: string;
}

/** Of the servers only the wrapper counts: timescaledb_fdw is multinode's, postgres_fdw is fdw's. */
const CATALOGUE = `
SELECT shobj_description(d.oid, 'pg_database') AS comment,
       ARRAY(SELECT DISTINCT w.fdwname::text
               FROM pg_catalog.pg_foreign_server s JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw) AS wrappers,
       (SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname = 'timescaledb') AS timescaledb,
       current_setting('server_version') AS postgres
  FROM pg_catalog.pg_database d WHERE d.datname = current_database()`;

/**
 * The engine of an access node that is there, by the mark on its database, else by its catalogue.
 *
 * @throws NOT_FOUND where the database does not exist
 */
export async function engineNameOf(servers: Servers): Promise<EngineName> {
    const place = servers.cluster(ACCESS);
    const rows = await snapshot(servers, place, "engine", () =>
        servers
            .on(place, (session) => session.query<CatalogueRow>(CATALOGUE))
            .catch((error: unknown) => {
                throw isNoDatabase(error) ? notThere(servers, error) : error;
            }),
    );
    const row = rows[0];
    return row === undefined ? "fdw" : (readMarker(row.comment)?.engine ?? byCatalogue(row));
}

function byCatalogue({ wrappers, timescaledb, postgres }: CatalogueRow): EngineName {
    if (wrappers.includes("timescaledb_fdw")) {
        return "multinode";
    }
    if (wrappers.includes("postgres_fdw")) {
        return "fdw";
    }
    return timescaledb !== null && hasMultinode(postgres, timescaledb) ? "multinode" : "fdw";
}

function notThere(servers: Servers, cause: unknown): ProviderError {
    return new ProviderError(
        "NOT_FOUND",
        `database "${servers.access.database}" does not exist on ${servers.label(ACCESS)}`,
        { remedy: "Make the access node first, or correct its database", cause },
    );
}
