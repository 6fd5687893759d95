/** The access node: a database with postgres_fdw, the settings that spread queries need, and the cluster's mark. */
import { ProviderError } from "../../../errors";
import { identifier } from "../../../postgres/sql";
import {
    isNothing,
    observeDatabase,
    planDatabase,
    planDropDatabase,
    type ObservedDatabase,
} from "../../marks/database";
import type { AccessNodeComputed, AccessNodeInputs } from "../../inputs";
import type { Purpose, Description, ResourceEngine, Request } from "../../engine";
import type { Plan, Step } from "../../step";
import { type Marker } from "../../marks/marker";
import { ACCESS, type Place, type Servers } from "../../run/servers";
import { readAccessCatalogue, type AccessCatalogue } from "../catalogue";
import { readServerFacts, wantsTimescaledb, type ServerFacts } from "../serverFacts";
import { foreseeAccessNode } from "../foresee";
import { readForeignObjects } from "./foreignObjects";
import { claimedAnew, isClaimedAnew, isMarked, ownerOf, wantedClaim } from "../../marks/ownership";
import { preflightAccessNode } from "../preflight";

/** What a program wants of an access node. */
export type AccessNodeRequest = Request<AccessNodeInputs, AccessNodeComputed>;

/** What an access node's server holds of it. */
export interface ObservedAccessNode {
    readonly facts: ServerFacts;
    readonly database: ObservedDatabase;
    /** undefined while the database does not exist under its name. */
    readonly catalogue?: AccessCatalogue;
    /** What in the database was not made by this package, for example `table "public.users"`. */
    readonly foreignObjects: readonly string[];
}

/** Without these a query over all shards is never split into one a shard. */
const SETTINGS = ["enable_partitionwise_aggregate", "enable_partitionwise_join"];

const LIMITS =
    "the engine fdw has no atomic commit across nodes, no upsert and no foreign keys, and is fast only for queries " +
    "that keep the partitioning column: see docs/engines/fdw.md";

/** Access nodes of the engine fdw. */
export const accessNode: ResourceEngine<AccessNodeInputs, AccessNodeComputed, ObservedAccessNode | undefined> = {
    locks: ({ inputs }) => ({
        on: { server: ACCESS, database: inputs.connection.maintenanceDatabase },
        locks: [{ name: `access node ${inputs.database}`, shared: false }],
    }),
    preflight: preflightAccessNode,
    observe,
    isThere: (observed) => observed !== undefined,
    foresee: foreseeAccessNode,
    plan,
    planDelete,
    describe,
};

async function observe(
    servers: Servers,
    { inputs }: AccessNodeRequest,
    purpose: Purpose,
): Promise<ObservedAccessNode | undefined> {
    const { facts, database } = await servers.on(servers.maintenance(ACCESS), async (session) => ({
        facts: await readServerFacts(session),
        database: await observeDatabase(session, inputs.database),
    }));
    if (database.database === undefined) {
        // What is left of it is for create and delete to find: a read is told that it is gone.
        return purpose === "read" || isNothing(database) ? undefined : { facts, database, foreignObjects: [] };
    }
    return servers.on(servers.cluster(ACCESS), async (session) => ({
        facts,
        database,
        catalogue: await readAccessCatalogue(session),
        foreignObjects: await readForeignObjects(session),
    }));
}

function plan(observed: ObservedAccessNode | undefined, request: AccessNodeRequest): Plan {
    const { inputs } = request;
    const found: ObservedDatabase = observed?.database ?? { database: undefined, provisional: undefined };
    const marker = wantedMarker(found, request);
    const warnings = request.last === undefined ? [LIMITS] : [];
    const label = `access node (${inputs.connection.host}:${inputs.connection.port})`;
    const database = planDatabase(maintenance(inputs), label, inputs.database, found, marker, { adopt: inputs.adopt });
    // What the database itself holds is seen in the round after it was made.
    const catalogue = observed?.catalogue;
    const contents =
        catalogue === undefined
            ? []
            : [...planExtensions(catalogue, observed?.facts, inputs), ...planSettings(catalogue, inputs)];
    return {
        steps: [...database, ...contents],
        ...(catalogue === undefined
            ? { continues: "what a new database holds is read only then: extensions and settings follow" }
            : {}),
        warnings,
    };
}

/** Refuses another cluster, and a data node of this one: its database has the same name and the same cluster's id. */
function refuseElsewhere(found: Marker | undefined, request: AccessNodeRequest): void {
    const { inputs, last } = request;
    const isHere = found?.cluster === last?.clusterId;
    if (last === undefined || found === undefined || (isHere && isMarked(ownerOf(request), found))) {
        return;
    }
    const there = isHere
        ? `${found.urn} of this cluster, not its access node`
        : `cluster ${found.cluster ?? "without an id"}, not ${last.clusterId}`;
    throw new ProviderError("FOREIGN_CLUSTER", `database "${inputs.database}" is ${there}`, {
        remedy: "Point connection at the server that holds this stack's access node",
    });
}

/** The mark with the cluster's id: the one that is there if it is ours or taken over, else a new one. */
function wantedMarker({ database, provisional }: ObservedDatabase, request: AccessNodeRequest): Marker {
    const { inputs, last, newId } = request;
    const found = database?.marker ?? provisional?.marker;
    refuseElsewhere(found, request);
    if (found !== undefined && found.engine !== "fdw") {
        throw new ProviderError("ENGINE_CHANGE_REFUSED", `database "${inputs.database}" is a ${found.engine} cluster`, {
            remedy: "Choose another database, or leave engine out",
        });
    }
    const taken = isMarked(ownerOf(request), found) || inputs.adopt ? found?.cluster : undefined;
    return {
        cluster: last?.clusterId ?? taken ?? newId,
        urn: inputs.logicalUrn,
        engine: "fdw",
        ...wantedClaim(request),
    };
}

/** The mark that a new database gets. */
export function markerOfNew(request: AccessNodeRequest): Marker {
    return wantedMarker({ database: undefined, provisional: undefined }, request);
}

function planExtensions(catalogue: AccessCatalogue, facts: ServerFacts | undefined, inputs: AccessNodeInputs): Step[] {
    const wanted = [
        "postgres_fdw",
        ...(facts !== undefined && wantsTimescaledb(inputs.timescaledb, facts) ? ["timescaledb"] : []),
    ];
    return wanted
        .filter((name) => catalogue.extensions[name] === undefined)
        .map((name) => ({
            name: "createExtension",
            why: `extension ${name} is not installed`,
            on: { server: ACCESS, database: inputs.database },
            sql: `CREATE EXTENSION IF NOT EXISTS ${identifier(name)}`,
        }));
}

function planSettings(catalogue: AccessCatalogue, inputs: AccessNodeInputs): Step[] {
    return SETTINGS.filter((name) => catalogue.settings[name] !== "on").map((name) => ({
        name: "setDatabaseSetting",
        why: `${name} is not on`,
        on: maintenance(inputs),
        sql: `ALTER DATABASE ${identifier(inputs.database)} SET ${identifier(name)} = 'on'`,
    }));
}

function planDelete(observed: ObservedAccessNode | undefined, request: AccessNodeRequest): Plan {
    const { inputs, last } = request;
    const database = observed?.database.database;
    if (observed === undefined) {
        return { steps: [], warnings: [] };
    }
    if (isClaimedAnew(request, database?.marker)) {
        return { steps: [], warnings: [claimedAnew(inputs.database)] };
    }
    const ours = last !== undefined && database?.marker?.cluster === last.clusterId;
    if (database !== undefined && !ours && !isMarked(ownerOf(request), database.marker)) {
        return {
            steps: [],
            warnings: [`database "${inputs.database}" bears no mark of this cluster and is left alone`],
        };
    }
    const drop = database?.marker?.adopted !== true && last?.created.database !== false;
    const servers = observed.catalogue?.servers.filter(({ marker }) => marker?.engine === "fdw") ?? [];
    refuseLosses(
        observed,
        servers.map(({ name }) => name),
        drop,
        inputs,
    );
    const left = servers.map(
        ({ name, options }) =>
            `data node ${name} (${options.host}:${options.port}) is still attached: ` +
            `its database ${options.dbname} stays there`,
    );
    return {
        steps: [
            ...(drop ? [] : planReset(observed.catalogue, inputs)),
            ...planDropDatabase(maintenance(inputs), inputs.database, observed.database, {
                owner: ownerOf(request),
                drop,
                force: true,
                why: "the access node is deleted",
            }),
        ],
        warnings: left,
    };
}

function refuseLosses(
    { foreignObjects }: ObservedAccessNode,
    nodes: readonly string[],
    drop: boolean,
    inputs: AccessNodeInputs,
): void {
    const held = [...nodes.map((name) => `data node ${name}`), ...(drop ? foreignObjects : [])];
    if (inputs.forceDestroy || held.length === 0) {
        return;
    }
    const more = held.length > 10 ? ` and ${held.length - 10} more` : "";
    throw new ProviderError(
        "HOLDS_OTHER_OBJECTS",
        `database "${inputs.database}" holds ${held.slice(0, 10).join(", ")}${more}`,
        { remedy: "Remove them first, or set forceDestroy: true and run `pulumi up` once before you destroy" },
    );
}

/** A database that is kept gets back the settings it had. */
function planReset(catalogue: AccessCatalogue | undefined, inputs: AccessNodeInputs): Step[] {
    return SETTINGS.filter((name) => catalogue?.settings[name] !== undefined).map((name) => ({
        name: "resetDatabaseSetting",
        why: "the access node is deleted, its database is kept",
        on: maintenance(inputs),
        sql: `ALTER DATABASE ${identifier(inputs.database)} RESET ${identifier(name)}`,
    }));
}

function describe(
    { facts, database, catalogue }: ObservedAccessNode,
    { inputs, last }: AccessNodeRequest,
): Description<AccessNodeInputs, AccessNodeComputed> {
    const marker = database.database?.marker ?? database.provisional?.marker;
    const timescaledbVersion = catalogue?.extensions.timescaledb ?? null;
    const lacksRequired = inputs.timescaledb === "required" && timescaledbVersion === null;
    return {
        inputs: lacksRequired ? { ...inputs, timescaledb: "auto" } : inputs,
        computed: {
            engine: "fdw",
            postgresVersion: facts.postgresVersion,
            timescaledbVersion,
            clusterId: marker?.cluster ?? last?.clusterId ?? "",
            claim: last === undefined ? marker?.claim : last.claim,
            created: { database: marker?.adopted !== true },
        },
    };
}

function maintenance({ connection }: AccessNodeInputs): Place {
    return { server: ACCESS, database: connection.maintenanceDatabase };
}
