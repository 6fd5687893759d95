/** The access node: a database with TimescaleDB, the settings that distributed queries need, and the cluster's mark. */
import { ProviderError } from "../../../errors";
import {
    isNothing,
    observeDatabase,
    planDatabase,
    type DatabaseState,
    type ObservedDatabase,
} from "../../marks/database";
import type { AccessNodeComputed, AccessNodeInputs } from "../../inputs";
import type { Purpose, Description, ResourceEngine, Request } from "../../engine";
import type { Plan, Step } from "../../step";
import type { Marker } from "../../marks/marker";
import { mayTake, ownerOf, wantedClaim } from "../../marks/ownership";
import { ACCESS, type Servers } from "../../run/servers";
import { planDeleteAccessNode } from "./delete";
import { observeCluster, type ClusterState } from "../cluster";
import { foreseeAccessNode } from "../foresee";
import { pingNodes } from "../liveness";
import { readNoteSchemas } from "../dataNode/notes";
import { accessDatabase, accessLabel, accessMaintenance } from "../places";
import { preflightAccessNode } from "../preflight";
import { observeRelations } from "./relations";
import { mayInsertWithoutCopy, planSettings, settingsFor, type Settings } from "./settings";

/** What a program wants of an access node. */
export type AccessNodeRequest = Request<AccessNodeInputs, AccessNodeComputed>;

/** What an access node's server holds of it. */
export interface ObservedAccessNode {
    /** For example "15.18". */
    readonly postgresVersion: string;
    readonly database: ObservedDatabase;
    readonly settings: Settings;
    /** Whether the user may set that rows are inserted without COPY, see settings.ts. */
    readonly mayInsertWithoutCopy: boolean;
    /** undefined while the database does not exist under its name, or has no TimescaleDB. */
    readonly cluster?: ClusterState;
    /** The data nodes that answer; empty where that was not asked. */
    readonly alive: ReadonlySet<string>;
    /** What users have in the database, for example `table "public.users"`. */
    readonly relations: readonly string[];
    /** The schemas of notes that cut runs left, see notes.ts. */
    readonly notes: readonly string[];
}

/** Access nodes of the engine multinode. */
export const accessNode: ResourceEngine<AccessNodeInputs, AccessNodeComputed, ObservedAccessNode | undefined> = {
    locks: ({ inputs }) => ({
        on: accessMaintenance(inputs),
        locks: [{ name: `access node ${inputs.database}`, shared: false }],
    }),
    preflight: preflightAccessNode,
    observe,
    isThere: (observed) => observed !== undefined,
    foresee: foreseeAccessNode,
    plan,
    planDelete: planDeleteAccessNode,
    describe,
};

async function observe(
    servers: Servers,
    { inputs }: AccessNodeRequest,
    purpose: Purpose,
): Promise<ObservedAccessNode | undefined> {
    const server = await servers.on(servers.maintenance(ACCESS), async (session) => {
        const [row] = await session.query<{ version: string; settings: string[] }>(
            `SELECT current_setting('server_version') AS version,
                    (SELECT coalesce(array_agg(item.value), '{}')
                       FROM pg_catalog.pg_db_role_setting s
                       JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) AS item (value)
                      WHERE s.setrole = 0 AND d.datname = $1::text) AS settings`,
            [inputs.database],
        );
        const postgresVersion = row?.version.split(" ", 1)[0] ?? "";
        return {
            postgresVersion,
            database: await observeDatabase(session, inputs.database),
            settings: Object.fromEntries((row?.settings ?? []).map(splitSetting)),
            mayInsertWithoutCopy: await mayInsertWithoutCopy(session, postgresVersion),
        };
    });
    if (server.database.database === undefined) {
        // What is left of it is for create and delete to find: a read is told that it is gone.
        return purpose === "read" || isNothing(server.database)
            ? undefined
            : { ...server, alive: new Set(), relations: [], notes: [] };
    }
    // The session is ended: one that stays open would keep the database from being dropped.
    return servers.on(
        servers.cluster(ACCESS),
        async (session) => {
            const cluster = await observeCluster(session);
            const names = purpose === "read" ? [] : (cluster?.nodes.map(({ name }) => name) ?? []);
            return {
                ...server,
                cluster,
                alive: cluster === undefined ? new Set<string>() : await pingNodes(session, cluster.versions, names),
                relations: purpose === "read" ? [] : await observeRelations(session),
                notes: purpose === "read" ? [] : await readNoteSchemas(session),
            };
        },
        true,
    );
}

/** `jit=off` -> its name and its value, which may hold a "=" of its own. */
function splitSetting(text: string): [string, string] {
    const at = text.indexOf("=");
    return [text.slice(0, at), text.slice(at + 1)];
}

function plan(observed: ObservedAccessNode | undefined, request: AccessNodeRequest): Plan {
    const { inputs, last } = request;
    const found: ObservedDatabase = observed?.database ?? { database: undefined, provisional: undefined };
    const cluster = observed?.cluster;
    if (last !== undefined) {
        refuseOtherCluster(cluster, request, last.clusterId);
    }
    refuseOthers(found.database, request);
    const steps = planDatabase(
        accessMaintenance(inputs),
        accessLabel(inputs),
        inputs.database,
        withLostMark(found, request),
        markerOf(cluster?.clusterId ?? found.database?.marker?.cluster, request),
        { adopt: inputs.adopt },
    );
    return {
        steps: [
            ...steps,
            ...(cluster === undefined
                ? [createExtension(inputs)]
                : planSettings(
                      accessDatabase(inputs),
                      settingsFor(cluster.versions, observed?.mayInsertWithoutCopy === true),
                      observed?.settings ?? {},
                  )),
        ],
        ...(cluster === undefined
            ? { continues: "TimescaleDB's version and the cluster's id are known only then: settings and mark follow" }
            : {}),
        warnings: [],
    };
}

function createExtension(inputs: AccessNodeInputs): Step {
    return {
        name: "createExtension",
        why: `database ${inputs.database} has no TimescaleDB`,
        on: accessDatabase(inputs),
        sql: "CREATE EXTENSION timescaledb",
    };
}

/** The mark on the database. */
export function markerOf(cluster: string | undefined, request: AccessNodeRequest): Marker {
    const { logicalUrn } = request.inputs;
    return {
        ...(cluster === undefined ? {} : { cluster }),
        urn: logicalUrn,
        engine: "multinode",
        ...wantedClaim(request),
    };
}

/** Every access node has its database's cluster: whose it is, only the resource in the mark tells. */
function refuseOthers(database: DatabaseState | undefined, request: AccessNodeRequest): void {
    const { inputs } = request;
    const marker = database?.marker;
    if (marker !== undefined && !mayTake(ownerOf(request), marker)) {
        throw new ProviderError(
            "ALREADY_EXISTS",
            `database "${inputs.database}" exists on ${accessLabel(inputs)} and belongs to ${marker.urn}`,
            { remedy: "Choose another database, or set adopt: true to take it over" },
        );
    }
}

/** The cluster's id is the resource's: what has another one is not this resource, and cannot be made into it. */
function refuseOtherCluster(cluster: ClusterState | undefined, { inputs }: AccessNodeRequest, clusterId: string): void {
    const where = `database "${inputs.database}" on ${accessLabel(inputs)}`;
    if (cluster === undefined) {
        throw new ProviderError("NOT_FOUND", `${where} is gone, or holds no TimescaleDB any more`, {
            remedy: "Run `pulumi refresh`, so that the next `pulumi up` makes a new cluster",
        });
    }
    if (cluster.clusterId !== clusterId) {
        throw new ProviderError("FOREIGN_CLUSTER", `${where} is cluster ${cluster.clusterId}, not ${clusterId}`, {
            remedy: "Point connection at the server that holds this stack's access node",
        });
    }
}

/** A database that this resource made or took over, and that bears no mark, has lost it. */
function withLostMark(found: ObservedDatabase, request: AccessNodeRequest): ObservedDatabase {
    const { last } = request;
    if (!ownerOf(request).known || found.database === undefined || found.database.marker !== undefined) {
        return found;
    }
    const marker = { ...markerOf(undefined, request), ...(last?.created.database ? {} : { adopted: true as const }) };
    return { ...found, database: { ...found.database, marker } };
}

function describe(
    { database, cluster, postgresVersion }: ObservedAccessNode,
    { inputs, last }: AccessNodeRequest,
): Description<AccessNodeInputs, AccessNodeComputed> {
    if (cluster === undefined) {
        throw new ProviderError("NOT_FOUND", `database "${inputs.database}" holds no TimescaleDB`);
    }
    const marker = database.database?.marker;
    return {
        inputs,
        computed: {
            engine: "multinode",
            postgresVersion,
            timescaledbVersion: cluster.versions.timescaledbVersion,
            clusterId: cluster.clusterId,
            claim: last === undefined ? marker?.claim : last.claim,
            created: { database: marker === undefined ? (last?.created.database ?? false) : !marker.adopted },
        },
    };
}
