/**
 * What a cut add_data_node() left on a data node that the provider cannot reach: the node committed before the access
 * node did, and is refused from then on as one that is a data node already (TS174). Seen and mended through the access
 * node.
 */
import type { Session } from "../../../postgres/pool";
import { refusalOf } from "../../../postgres/refusal";
import { serverError } from "../../../postgres/sqlState";
import type { DataNodeInputs } from "../../inputs";
import type { Step } from "../../step";
import { nodeCheckOf, readAccess } from "../../preflight/readServers";
import type { Servers } from "../../run/servers";
import {
    DROP_FOREIGN_TABLES,
    makeForeignTables,
    SET_PASSWORD,
    withForeignTables,
    type ForeignTables,
    type Route,
} from "../../preflight/remoteTables";
import { anonymousBlock, statements } from "../block";
import type { ClusterState } from "../cluster";
import type { DataNodeRequest } from "./observe";
import { foreignCluster, stillHolds, USERS_TABLES } from "./formerMember";
import { routeOf } from "../accessRoute";
import { eraseNote, isMaking, makingOf, noteSchema, planNote, readNote, type Note } from "./notes";
import { accessDatabase, nodeDatabaseName } from "../places";
import { deleteDistUuid, explainRelease, unknownTo } from "./release";

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
export async function observeLeftover(servers: Servers, request: DataNodeRequest): Promise<Leftover> {
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
        // Else: no postgres_fdw, no route: nothing is known of the node.
        return refusalOf(found.detail ?? found.message).cause === "database"
            ? { note, seen: { route, contents: undefined } }
            : { note };
    }
}

async function readContents(session: Session): Promise<LeftoverContents> {
    const [first] = await session.query<{ timescaledb: boolean; tables: number }>(
        `SELECT EXISTS (SELECT FROM pg_temp.remote_extension e WHERE e.extname = 'timescaledb') AS timescaledb,
                (SELECT count(*)::integer FROM pg_temp.remote_tables t
                  WHERE ${USERS_TABLES}) AS tables`,
    );
    const common = { timescaledb: first?.timescaledb === true, isEmpty: first?.tables === 0 };
    if (!common.timescaledb) {
        return { ...common, distUuid: null, hypertables: [] };
    }
    const [row] = await session.query<{ dist_uuid: string | null; hypertables: string[] }>(
        `SELECT (SELECT m.value FROM pg_temp.remote_metadata m WHERE m.key = 'dist_uuid') AS dist_uuid,
                (SELECT coalesce(array_agg(h.schema_name || '.' || h.table_name ORDER BY h.id), '{}')
                   FROM pg_temp.remote_hypertable h WHERE h.replication_factor IS NOT NULL) AS hypertables`,
    );
    return { ...common, distUuid: row?.dist_uuid ?? null, hypertables: row?.hypertables ?? [] };
}

/** What goes before and with add_data_node(), and whether the node's database is ours to drop. */
export interface LeftoverPlan {
    readonly steps: readonly Step[];
    readonly ours: boolean;
    /** Statements of the block that adds the node. */
    readonly together: readonly string[];
}

/** From what is seen to a data node that can be added. */
export function planLeftover(
    cluster: ClusterState,
    { route, contents }: SeenLeftover,
    note: Note | undefined,
    { inputs }: DataNodeRequest,
): LeftoverPlan {
    const isNoted = isMaking(note, inputs);
    const isToNote = contents === undefined && inputs.bootstrap && !isNoted;
    const together = note !== undefined || isToNote ? [eraseNote(noteSchema(inputs))] : [];
    if (contents === undefined) {
        return { steps: isToNote ? [planMaking(inputs)] : [], ours: false, together };
    }
    const { timescaledb, distUuid, hypertables, isEmpty } = contents;
    const ours = inputs.bootstrap && !inputs.adopt && isEmpty && (timescaledb || isNoted);
    if (distUuid === null) {
        return { steps: [], ours, together };
    }
    if (distUuid !== cluster.clusterId && !(inputs.adopt && inputs.forceDestroy)) {
        throw foreignCluster(inputs, distUuid);
    }
    if (hypertables.length > 0) {
        throw stillHolds(inputs, hypertables, "Drop the database on that server, or choose another database");
    }
    return { steps: releaseThrough(inputs, route, distUuid), ours, together };
}

/**
 * add_data_node() makes the node's database some time before it does anything that could be told from a user's own
 * empty database. So it is noted that there was none.
 */
function planMaking(inputs: DataNodeInputs): Step {
    const why = `there is no database ${nodeDatabaseName(inputs)} on ${inputs.nodeName}, and the access node makes one`;
    return planNote(inputs, makingOf(inputs), why);
}

function releaseThrough(inputs: DataNodeInputs, route: Route, distUuid: string): Step[] {
    const secrets = route.password === undefined ? [] : [route.password];
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
            values: [route.password ?? ""],
        },
        {
            ...common,
            name: "deleteDistUuid",
            why: unknownTo(distUuid),
            explains: explainRelease(inputs.nodeName, nodeDatabaseName(inputs)),
            sql: anonymousBlock(
                [
                    "DECLARE had boolean := EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'postgres_fdw');",
                    "BEGIN",
                    ...statements("    ", [
                        ...makeForeignTables(route, nodeDatabaseName(inputs), { remote_metadata: METADATA }),
                        deleteDistUuid(distUuid, "pg_temp.remote_metadata"),
                        DROP_FOREIGN_TABLES,
                    ]),
                    "    IF NOT had THEN",
                    "        DROP EXTENSION postgres_fdw;",
                    "    END IF;",
                    "END",
                ].join("\n"),
            ),
        },
    ];
}
