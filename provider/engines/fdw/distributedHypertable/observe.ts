/** What the access node and the data nodes hold of a distributed hypertable. */
import type { Session } from "../../../postgres/pool";
import type { Purpose, Request } from "../../engine";
import type { DistributedHypertableComputed, DistributedHypertableInputs } from "../../inputs";
import { ownerOf } from "../../marks/ownership";
import { ACCESS, type Servers } from "../../run/servers";
import { snapshot } from "../../run/snapshot";
import type { Canonical } from "../../tables/columns";
import { readAccessCatalogue, type AccessCatalogue } from "../catalogue";
import { ifDatabaseExists, reach, type Reached } from "../../run/reach";
import { readServerFacts, type ServerFacts } from "../serverFacts";
import { byName, byOwner } from "./findParts";
import { allNames, partOf, type PartKind } from "./parts";
import {
    indexRelations,
    readRelations,
    relationKey,
    type NameFilter,
    type Relation,
    type RelationFilter,
    type Relations,
} from "./relations";
import { countRows, type RowCount } from "./rowCounts";
import { readSpelling } from "./spelling";

/** What a program requests of a distributed hypertable. */
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
    /** The rows of shards, by {@link relationKey}; empty where they were not counted. */
    readonly rowCounts: Readonly<Record<string, RowCount>>;
}

/** The access node's side. */
export interface AccessTables extends Relations {
    /** undefined: the cluster's database is gone. */
    readonly catalogue: AccessCatalogue | undefined;
}

/** A distributed hypertable as all sides have it. */
export interface ObservedHypertable {
    readonly access: AccessTables;
    readonly nodes: Readonly<Record<string, Reached<NodeSide>>>;
    /**
     * How the server spells the requested columns, and the chunk interval in its own unit; empty where nothing is left
     * of the table, so that a type that is gone as well keeps nobody from deleting it.
     */
    readonly canonical: Canonical;
}

/** Under these many shards, what bears an expected name is found at once. */
const EXPECTED_SHARDS = 64;

/** Reads all sides: the access node first, which knows the nodes, and then these at once. */
export async function observeHypertable(
    servers: Servers,
    request: HypertableRequest,
    purpose: Purpose,
): Promise<ObservedHypertable> {
    const access = await ifDatabaseExists(() => readAccess(servers, request, purpose));
    if (access === undefined) {
        return { access: { catalogue: undefined, relations: [], schemas: [] }, nodes: {}, canonical: {} };
    }
    const sides = await Promise.all(
        nodeNames(access, request).map(
            async (name) =>
                [name, await reach(servers, name, () => readNode(servers, name, request, purpose))] as const,
        ),
    );
    const observed = { access, nodes: Object.fromEntries(sides), canonical: {} };
    const isNew = purpose === "change" && request.last === undefined;
    return isNew || isHypertableThere(observed, request)
        ? { ...observed, canonical: await readSpelling(servers, servers.cluster(ACCESS), request) }
        : observed;
}

/** Whether any side holds something of the table: ours by its mark, or with the mark lost by its name. */
export function isHypertableThere(observed: ObservedHypertable, request: HypertableRequest): boolean {
    const { last } = request;
    return reachedSides(observed).some(({ relations }) => {
        const named = last && byName(relations, last.schema, last.tableName);
        return byOwner(relations, ownerOf(request)).length > 0 || (named?.kind === "p" && named.marker === undefined);
    });
}

/** The access node and the data nodes that answer. */
export function reachedSides({ access, nodes }: Pick<ObservedHypertable, "access" | "nodes">): Relations[] {
    return [access, ...Object.values(nodes).filter((side) => side.reachable)];
}

async function readAccess(servers: Servers, request: HypertableRequest, purpose: Purpose): Promise<AccessTables> {
    const read = (filter: RelationFilter): Promise<AccessTables> =>
        servers.on(servers.cluster(ACCESS), async (session) => ({
            catalogue: await readAccessCatalogue(session),
            ...(await readRelations(session, filter)),
        }));
    return purpose === "read"
        ? readFromSnapshot(servers, ACCESS, request, read)
        : readForChange(request, "table", read);
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
            rowCounts: {},
        }));
    if (purpose === "read") {
        return readFromSnapshot(servers, node, request, read);
    }
    const found = await readForChange(request, "shard", read);
    const shards = byOwner(found.relations, ownerOf(request)).filter(isPart("shard"));
    if (shards.length === 0) {
        return found;
    }
    const counts = await servers.on(place, (session) => countRows(session, shards));
    return {
        ...found,
        rowCounts: Object.fromEntries(shards.map((shard, index) => [relationKey(shard), counts[index] as RowCount])),
    };
}

/** A run reads a database once, and takes each of its tables from that. */
async function readFromSnapshot<Side extends Relations>(
    servers: Servers,
    server: string,
    request: HypertableRequest,
    read: (filter: RelationFilter) => Promise<Side>,
): Promise<Side> {
    const { side, find } = await snapshot(servers, servers.cluster(server), "fdw tables", async () => {
        const whole = await read({ everything: true });
        return { side: whole, find: indexRelations(whole.relations) };
    });
    return { ...side, relations: find(markedFilter(request)) };
}

/** By name is quick; marks are looked through only where what is there may still bear another name. */
async function readForChange<Side extends Relations>(
    request: HypertableRequest,
    kind: PartKind,
    read: (filter: RelationFilter) => Promise<Side>,
): Promise<Side> {
    const found = await read(namedFilter(request));
    return request.last === undefined || found.relations.some(isPart(kind)) ? found : read(markedFilter(request));
}

function isPart(kind: PartKind): (relation: Relation) => boolean {
    return ({ marker }) => partOf(marker)?.kind === kind;
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
        rowCounts: {},
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

function namedFilter({ inputs, last }: HypertableRequest): NameFilter {
    const shards = Math.max(EXPECTED_SHARDS, inputs.numberPartitions ?? 0);
    const tables = new Set([inputs.tableName, ...(last?.tableName === undefined ? [] : [last.tableName])]);
    return {
        schemas: [...new Set([inputs.schema, ...(last?.schema === undefined ? [] : [last.schema])])],
        names: [...tables].flatMap((table) => allNames(table, shards)),
    };
}

function markedFilter(request: HypertableRequest): NameFilter {
    return { ...namedFilter(request), urns: [...ownerOf(request).urns] };
}

/** The nodes that may hold something of the table. */
function nodeNames({ catalogue, relations }: AccessTables, request: HypertableRequest): string[] {
    const { inputs, last } = request;
    const attached = byOwner(relations, ownerOf(request)).flatMap(({ server }) => (server === null ? [] : [server]));
    const recorded = last?.attachedDataNodes ?? [];
    const given = inputs.dataNodes ?? (recorded.length > 0 ? recorded : clusterNodes(catalogue, inputs));
    return [...new Set([...given, ...recorded, ...attached])].sort();
}

/** The data nodes of the table's cluster. */
export function clusterNodes(
    catalogue: AccessCatalogue | undefined,
    { accessNode }: DistributedHypertableInputs,
): string[] {
    const servers = catalogue?.servers ?? [];
    return servers.filter(({ marker }) => marker?.cluster === accessNode.id).map(({ name }) => name);
}
