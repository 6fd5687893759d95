/**
 * What an interrupted add_data_node() left on a data node that the provider cannot reach: the node committed before the
 * access node did, and is refused from then on as one that is a data node already (TS174). The access node sees and
 * frees it.
 */
import type { Session } from "../../../postgres/pool";
import { refusalOf } from "../../../postgres/refusal";
import { anonymousBlock } from "../../../postgres/sql";
import { serverError } from "../../../postgres/sqlState";
import type { DataNodeComputed, DataNodeInputs } from "../../inputs";
import type { Request } from "../../engine";
import { at, type Statement, type Step } from "../../step";
import { nodeCheckOf, readAccess } from "../../preflight/readServers";
import { passwordSecret } from "../../run/secrets";
import type { Servers } from "../../run/servers";
import {
    DROP_FOREIGN_TABLES,
    makeForeignTables,
    withForeignTables,
    type ForeignTables,
    type Route,
} from "../../preflight/remoteTables";
import type { ClusterState } from "../cluster";
import { routeOf } from "../accessRoute";
import type { Ownership } from "./adding/addStatement";
import { eraseNote, isMaking, makingOf, noteDataNode, noteSchema, readNote, type Note } from "./notes";
import { accessDatabase, nodeDatabaseName } from "../../run/places";
import {
    deleteDistUuid,
    explainRelease,
    foreignClusterError,
    holdsTablesError,
    unknownTo,
    USERS_TABLES,
} from "./release";

/** A data node that the access node does not know yet, as seen from there. */
export interface Leftover {
    /** What an earlier run noted of it. */
    readonly note: Note | undefined;
    /** undefined: the access node cannot look at it. */
    readonly seen?: SeenLeftover;
}

/** What the access node sees. */
export interface SeenLeftover {
    /** The access node's route to it. */
    readonly route: Route;
    /** What is in the database; undefined where it does not exist. */
    readonly contents: LeftoverContents | undefined;
}

/** What is in a database that the access node does not know. */
export interface LeftoverContents {
    /** Whether TimescaleDB is in it. */
    readonly timescaledb: boolean;
    /** The cluster that the database belongs to. */
    readonly distUuid: string | null;
    /** Hypertables, for example `public.conditions`. */
    readonly hypertables: readonly string[];
    /** Whether no tables are in it but TimescaleDB's own. */
    readonly isEmpty: boolean;
}

const METADATA = { schema: "_timescaledb_catalog", table: "metadata", columns: "key name, value text" };
const TABLES: ForeignTables = {
    remote_extension: { schema: "pg_catalog", table: "pg_extension", columns: "extname name" },
    remote_metadata: METADATA,
    remote_hypertable: {
        schema: "_timescaledb_catalog",
        table: "hypertable",
        columns: "id integer, schema_name name, table_name name, replication_factor smallint",
    },
    remote_tables: { schema: "pg_catalog", table: "pg_tables", columns: "schemaname name" },
};

/** Looks at it. */
export async function observeLeftover(
    servers: Servers,
    request: Request<DataNodeInputs, DataNodeComputed>,
): Promise<Leftover> {
    const access = await readAccess(servers);
    const note = await servers.on(access.place, (session) => readNote(session, request.inputs));
    if (!access.facts.user.superuser) {
        // It may be let look, but it could not free what it sees.
        return { note };
    }
    const route = routeOf(servers, nodeCheckOf(request), access);
    try {
        const database = nodeDatabaseName(request.inputs);
        const contents = await withForeignTables(servers, access, route, database, TABLES, readContents);
        return { note, seen: { route, contents } };
    } catch (error) {
        const found = serverError(error);
        if (found === undefined) {
            throw error;
        }
        // Else: no postgres_fdw, no way: nothing is known of the node.
        return refusalOf(found.detail ?? found.message).cause === "database"
            ? { note, seen: { route, contents: undefined } }
            : { note };
    }
}

async function readContents(session: Session): Promise<LeftoverContents> {
    const { timescaledb, tables } = await session.one<{ timescaledb: boolean; tables: number }>(
        `SELECT EXISTS (SELECT FROM pg_temp.remote_extension e WHERE e.extname = 'timescaledb') AS timescaledb,
                (SELECT count(*)::integer FROM pg_temp.remote_tables t
                  WHERE ${USERS_TABLES}) AS tables`,
    );
    const common = { timescaledb, isEmpty: tables === 0 };
    if (!timescaledb) {
        return { ...common, distUuid: null, hypertables: [] };
    }
    const { dist_uuid, hypertables } = await session.one<{ dist_uuid: string | null; hypertables: string[] }>(
        `SELECT (SELECT m.value FROM pg_temp.remote_metadata m WHERE m.key = 'dist_uuid') AS dist_uuid,
                (SELECT coalesce(array_agg(h.schema_name || '.' || h.table_name ORDER BY h.id), '{}')
                   FROM pg_temp.remote_hypertable h WHERE h.replication_factor IS NOT NULL) AS hypertables`,
    );
    return { ...common, distUuid: dist_uuid, hypertables };
}

/** What goes before and with add_data_node(). */
export interface LeftoverPlan {
    readonly steps: readonly Step[];
    readonly ownership: Ownership;
    /** SQL of further statements of the block that adds the node. */
    readonly more: readonly string[];
}

/** From what is seen to a data node that can be added. */
export function planLeftover(
    cluster: ClusterState,
    { route, contents }: SeenLeftover,
    note: Note | undefined,
    inputs: DataNodeInputs,
): LeftoverPlan {
    const isNoted = isMaking(note, inputs);
    const needsNote = contents === undefined && inputs.bootstrap && !isNoted;
    const more = note !== undefined || needsNote ? [eraseNote(noteSchema(inputs))] : [];
    const unlessMade = inputs.bootstrap ? "ours if it is made now" : "adopted";
    if (contents === undefined) {
        const on = accessDatabase(inputs.accessNode);
        return { steps: at(on, needsNote ? [noteMaking(inputs)] : []), ownership: unlessMade, more };
    }
    const { timescaledb, distUuid, hypertables, isEmpty } = contents;
    const isOurs = inputs.bootstrap && !inputs.adopt && isEmpty && (timescaledb || isNoted);
    const ownership = isOurs ? "ours" : unlessMade;
    if (distUuid === null) {
        return { steps: [], ownership, more };
    }
    if (distUuid !== cluster.clusterId && !(inputs.adopt && inputs.forceDestroy)) {
        throw foreignClusterError(inputs, distUuid);
    }
    if (hypertables.length > 0) {
        throw holdsTablesError(inputs, hypertables, "Drop the database on that server, or choose another database");
    }
    return { steps: planReleaseOver(route, distUuid, inputs), ownership, more };
}

/**
 * add_data_node() makes the node's database some time before it does anything that shows the difference to a user's own
 * empty database. So a note says that there was none.
 */
function noteMaking(inputs: DataNodeInputs): Statement {
    const why = `there is no database ${nodeDatabaseName(inputs)} on ${inputs.nodeName}, and the access node makes one`;
    return noteDataNode(inputs, makingOf(inputs), why);
}

/** The steps by which the access node frees the database, through a foreign table of its metadata. */
function planReleaseOver(route: Route, distUuid: string, inputs: DataNodeInputs): Step[] {
    const { nodeName, accessNode } = inputs;
    const database = nodeDatabaseName(inputs);
    const statements = [
        {
            name: `release data node ${nodeName}`,
            why: unknownTo(distUuid),
            explains: explainRelease(nodeName, database),
            sql: anonymousBlock(`DECLARE
    had_extension boolean := EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'postgres_fdw');
BEGIN
    ${makeForeignTables(route, database, { remote_metadata: METADATA }).join(";\n    ")};
    ${deleteDistUuid(distUuid, "pg_temp.remote_metadata")};
    ${DROP_FOREIGN_TABLES};
    IF NOT had_extension THEN
        DROP EXTENSION postgres_fdw;
    END IF;
END`),
            ...passwordSecret(route.password),
        },
    ];
    return at(accessDatabase(accessNode), statements);
}
