/** What the access node and the data nodes hold of a distributed hypertable. */
import type { Session } from "../../../postgres/pool";
import { askSpelling } from "../../tables/columnSql";
import type { Canonical } from "../../tables/columns";
import { askInterval } from "../../tables/intervals";
import type { DistributedHypertableComputed, DistributedHypertableInputs } from "../../inputs";
import type { Purpose, Request } from "../../engine";
import { ownerOf } from "../../marks/ownership";
import { ACCESS, type Place, type Servers } from "../../run/servers";
import { snapshot } from "../../run/snapshot";
import { readAccessCatalogue, type AccessCatalogue } from "../catalogue";
import { readServerFacts, type ServerFacts } from "../serverFacts";
import { allNames } from "./objects";
import { shortHash } from "./names";
import { partOf } from "./parts";
import { ifDatabaseExists, reach, type Reached } from "../../run/reach";
import { marked, named } from "./findParts";
import { readRelations, type RelationFilter, type Relations } from "./relations";
import { countRows, type Held } from "./rowCounts";
import { isLeft } from "./steps";

/** A distributed hypertable's request. */
export type HypertableRequest = Request<DistributedHypertableInputs, DistributedHypertableComputed>;

/** TimescaleDB in a data node's database. */
export interface Timescaledb {
    readonly version: string;
    readonly schema: string;
}

/** A data node's side. */
export interface NodeSide extends Relations {
    /** Whether the cluster's database is there at all. */
    readonly exists: boolean;
    readonly facts: ServerFacts;
    readonly timescaledb: Timescaledb | null;
    /** The chunk interval of each hypertable, in its own unit (microseconds for times), by {@link relationKey}. */
    readonly intervals: Readonly<Record<string, string>>;
    /** What shards hold, by {@link relationKey}; empty where it was not asked. */
    readonly held: Readonly<Record<string, Held>>;
}

/** The access node's side. */
export interface AccessTables extends Relations {
    readonly facts: ServerFacts;
    readonly catalogue: AccessCatalogue;
}

/** A distributed hypertable as all sides have it. */
export interface ObservedHypertable {
    readonly access: AccessTables;
    readonly nodes: Readonly<Record<string, Reached<NodeSide>>>;
    /** How the server spells the requested columns, and the chunk interval in its own unit. */
    readonly canonical: Canonical;
}

/** The key of a relation in what is observed. */
export function relationKey({ schema, name }: { readonly schema: string; readonly name: string }): string {
    return JSON.stringify([schema, name]);
}

/** Under these many shards, what bears an expected name is found at once. */
const EXPECTED_SHARDS = 64;

/** Reads all sides: the access node first, which knows the nodes, and then these at once. */
export async function observeHypertable(
    servers: Servers,
    request: HypertableRequest,
    purpose: Purpose,
): Promise<ObservedHypertable | undefined> {
    const access = await ifDatabaseExists(() => readAccess(servers, request, purpose));
    if (access === undefined) {
        return undefined;
    }
    const names = nodeNames(access, request);
    const sides = await Promise.all(
        names.map(
            async (name) =>
                [name, await reach(servers, name, () => readNode(servers, name, request, purpose))] as const,
        ),
    );
    const nodes = Object.fromEntries(sides);
    const silent = sides.some(([, side]) => !side.reachable);
    const all = [access, ...Object.values(nodes).filter((side) => side.reachable)];
    const anything = all.some((side) => holdsOwn(side, request));
    // A schema that was made for tables is seen to be empty only when the last of them is gone.
    const leaves = all.some(({ schemas }) =>
        schemas.some((schema) => schema.name === request.inputs.schema && isLeft(schema, request.inputs.accessNode.id)),
    );
    if (!anything && (purpose === "read" || (request.last !== undefined && !silent && !leaves))) {
        return undefined;
    }
    const canonical = await readSpelling(servers, servers.cluster(ACCESS), request);
    return { access, nodes, canonical };
}

/** Something is ours by its mark, or with the mark lost by its name. */
function holdsOwn({ relations }: Relations, request: HypertableRequest): boolean {
    if (marked(relations, ownerOf(request)).length > 0) {
        return true;
    }
    const found = request.last && named(relations, request.last.schema, request.last.tableName);
    return found !== undefined && found.kind === "p" && found.marker === undefined;
}

async function readAccess(servers: Servers, request: HypertableRequest, purpose: Purpose): Promise<AccessTables> {
    const place = servers.cluster(ACCESS);
    const read = (filter: RelationFilter): Promise<AccessTables> =>
        servers.on(place, async (session) => ({
            facts: await readServerFacts(session),
            catalogue: await readAccessCatalogue(session),
            ...(await readRelations(session, filter)),
        }));
    if (purpose === "read") {
        return snapshot(servers, place, "fdw tables", () => read({ everything: true }));
    }
    const found = await read(namedFilter(request));
    const complete = found.relations.some(({ marker }) => partOf(marker)?.kind === "table");
    return complete || request.last === undefined ? found : read(markedFilter(request));
}

async function readNode(
    servers: Servers,
    node: string,
    request: HypertableRequest,
    purpose: Purpose,
): Promise<NodeSide> {
    const place = servers.cluster(node);
    const read = async (filter: RelationFilter): Promise<NodeSide> =>
        (await ifDatabaseExists(() => servers.on(place, (session) => readNodeSide(session, filter)))) ??
        servers.on(servers.maintenance(node), async (session) => ({
            exists: false,
            facts: await readServerFacts(session),
            relations: [],
            schemas: [],
            timescaledb: null,
            intervals: {},
            held: {},
        }));
    if (purpose === "read") {
        return snapshot(servers, place, "fdw tables", () => read({ everything: true }));
    }
    const named = await read(namedFilter(request));
    const complete = named.relations.some(({ marker }) => partOf(marker)?.kind === "shard");
    const found = complete || request.last === undefined || !named.exists ? named : await read(markedFilter(request));
    const shards = marked(found.relations, ownerOf(request)).filter(({ marker }) => partOf(marker)?.kind === "shard");
    if (shards.length === 0) {
        return found;
    }
    const held = await servers.on(place, (session) => countRows(session, shards));
    return {
        ...found,
        held: Object.fromEntries(shards.map((shard, index) => [relationKey(shard), held[index] as Held])),
    };
}

async function readNodeSide(session: Session, filter: RelationFilter): Promise<NodeSide> {
    const facts = await readServerFacts(session);
    const found = await readRelations(session, filter);
    const [timescaledb] = await session.query<{ version: string; schema: string }>(
        `SELECT e.extversion AS version, n.nspname::text AS schema
           FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
          WHERE e.extname = 'timescaledb'`,
    );
    return {
        exists: true,
        facts,
        ...found,
        timescaledb: timescaledb ?? null,
        intervals: timescaledb === undefined ? {} : await readIntervals(session, filter),
        held: {},
    };
}

async function readIntervals(session: Session, filter: RelationFilter): Promise<Record<string, string>> {
    const all = "everything" in filter;
    const rows = await session.query<{ schema: string; name: string; interval: string }>(
        `SELECT h.schema_name::text AS schema, h.table_name::text AS name, d.interval_length::text AS interval
           FROM _timescaledb_catalog.hypertable h
           JOIN _timescaledb_catalog.dimension d ON d.hypertable_id = h.id
          WHERE d.interval_length IS NOT NULL
            AND ($1::boolean OR (h.schema_name = ANY ($2::name[]) AND h.table_name = ANY ($3::name[])))`,
        [all || (filter.urns ?? []).length > 0, all ? [] : filter.schemas, all ? [] : filter.names],
    );
    return Object.fromEntries(rows.map((row) => [relationKey(row), row.interval]));
}

function namedFilter({ inputs, last }: HypertableRequest): Exclude<RelationFilter, { everything: true }> {
    const shards = Math.max(EXPECTED_SHARDS, inputs.numberPartitions ?? 0);
    const tables = new Set([inputs.tableName, ...(last?.tableName === undefined ? [] : [last.tableName])]);
    return {
        schemas: [...new Set([inputs.schema, ...(last?.schema === undefined ? [] : [last.schema])])],
        names: [...tables].flatMap((table) => allNames(table, shards)),
    };
}

function markedFilter(request: HypertableRequest): RelationFilter {
    return { ...namedFilter(request), urns: [...ownerOf(request).urns] };
}

/** The nodes that may hold something of the table. */
function nodeNames({ catalogue, relations }: AccessTables, request: HypertableRequest): string[] {
    const { inputs, last } = request;
    const owner = ownerOf(request);
    const attached = marked(relations, owner).flatMap(({ server }) => (server === null ? [] : [server]));
    const given = inputs.dataNodes ?? (last?.attachedDataNodes.length ? last.attachedDataNodes : undefined);
    const known = catalogue.servers
        .filter(({ marker }) => marker?.cluster === inputs.accessNode.id)
        .map(({ name }) => name);
    return [...new Set([...(given ?? known), ...(last?.attachedDataNodes ?? []), ...attached])].sort();
}

/**
 * The recorded forms where the program spells as it did then, else the server is asked.
 *
 * @param on any database of the server
 */
export async function readSpelling(
    servers: Servers,
    on: Place,
    { inputs, last }: HypertableRequest,
): Promise<Canonical> {
    const hash = spellingHash(inputs);
    if (last?.canonical?.spelling === hash) {
        return last.canonical;
    }
    return servers.on(on, async (session) => ({
        ...(await askSpelling(session, inputs.columns ?? [])),
        chunkTimeInterval: await askInterval(session, inputs.chunkTimeInterval),
        spelling: hash,
    }));
}

/** Stands for all that has a canonical form, as the program spells it. */
export function spellingHash({
    columns,
    chunkTimeInterval,
}: Pick<DistributedHypertableInputs, "columns" | "chunkTimeInterval">): string {
    const spelled = (columns ?? []).map((column) => [column.name, column.type, column.default, column.check]);
    return shortHash(JSON.stringify([spelled, chunkTimeInterval]));
}
