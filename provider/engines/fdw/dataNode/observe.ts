/** What the access node and the node's own server hold of a data node. */
import { isNothing, observeDatabase, type ObservedDatabase } from "../../marks/database";
import type { DataNodeComputed, DataNodeInputs } from "../../inputs";
import type { Purpose, Request } from "../../engine";
import { readForeignObjects } from "../../marks/foreignObjects";
import { readMarker, type Marker } from "../../marks/marker";
import { ifDatabaseExists, reach, type Reached } from "../../run/reach";
import { ACCESS, type Servers } from "../../run/servers";
import type { Session } from "../../../postgres/pool";
import { findServer, readAccessCatalogue, type AccessCatalogue } from "../catalogue";
import { readServerFacts, type ServerFacts } from "../serverFacts";
import { partOf } from "../distributedHypertable/parts";
import { findHolding } from "../distributedHypertable/rowCounts";
import type { TableName } from "../../tables/names";

/** A data node's request. */
export type DataNodeRequest = Request<DataNodeInputs, DataNodeComputed>;

/** A foreign table on a data node's server. */
export interface AttachedShard extends TableName {
    readonly marker: Marker | undefined;
    /** The partitioned table that it is a partition of; null while it is detached. */
    readonly parent: TableName | null;
}

/** A marked table or view in a data node's database. */
export interface MarkedRelation extends TableName {
    readonly kind: string;
    readonly marker: Marker;
}

/** The node's own server. */
export interface NodeServer {
    readonly facts: ServerFacts;
    readonly database: ObservedDatabase;
    /** The version of the timescaledb extension in the node's database; null: none. */
    readonly timescaledb: string | null;
    readonly foreignObjects: readonly string[];
    readonly marked: readonly MarkedRelation[];
    /** Shards that hold rows: the first few. */
    readonly holding: readonly string[];
}

/** The access node's side. */
export interface AccessSide {
    readonly facts: ServerFacts;
    readonly catalogue: AccessCatalogue;
    readonly shards: readonly AttachedShard[];
    /** The marked partitioned tables, of which detached shards become partitions again. */
    readonly parents: readonly (TableName & { readonly marker: Marker })[];
}

/** A data node as both sides have it. */
export interface ObservedDataNode {
    /** undefined: the access node's database does not exist. */
    readonly access?: AccessSide;
    readonly node: Reached<NodeServer>;
}

/** Reads both sides at once. */
export async function observeDataNode(
    servers: Servers,
    { inputs: { nodeName } }: DataNodeRequest,
    purpose: Purpose,
): Promise<ObservedDataNode> {
    const [access, node] = await Promise.all([
        ifDatabaseExists(() => servers.on(servers.cluster(ACCESS), (session) => readAccessSide(session, nodeName))),
        reach(servers, nodeName, () => readNode(servers, nodeName, purpose)),
    ]);
    return { ...(access === undefined ? {} : { access }), node };
}

/** Whether the node is registered, or something of it is on its server, as far as that answers. */
export function isDataNodeThere({ access, node }: ObservedDataNode, { inputs }: DataNodeRequest): boolean {
    const isRegistered = access !== undefined && findServer(access.catalogue, inputs.nodeName) !== undefined;
    return isRegistered || !node.reachable || !isNothing(node.database);
}

async function readAccessSide(session: Session, nodeName: string): Promise<AccessSide> {
    const facts = await readServerFacts(session);
    const catalogue = await readAccessCatalogue(session);
    const shards = await session.query<TableName & { comment: string | null; parent: TableName | null }>(
        `SELECT n.nspname AS schema, c.relname AS name, obj_description(c.oid, 'pg_class') AS comment,
                (SELECT jsonb_build_object('schema', pn.nspname, 'name', p.relname)
                   FROM pg_catalog.pg_inherits i
                   JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
                   JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
                  WHERE i.inhrelid = c.oid) AS parent
           FROM pg_catalog.pg_foreign_table f
           JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
           JOIN pg_catalog.pg_class c ON c.oid = f.ftrelid
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE s.srvname = $1::name
          ORDER BY n.nspname, c.relname`,
        [nodeName],
    );
    const anyDetached = shards.some(({ parent }) => parent === null);
    return {
        facts,
        catalogue,
        shards: shards.map(({ schema, name, comment, parent }) => ({
            schema,
            name,
            parent,
            marker: readMarker(comment),
        })),
        parents: anyDetached ? await readMarked(session, ["p"]) : [],
    };
}

/** Reads the node's own server. */
export async function readNode(servers: Servers, nodeName: string, purpose: Purpose): Promise<NodeServer> {
    const server = await servers.on(servers.maintenance(nodeName), async (session) => ({
        facts: await readServerFacts(session),
        database: await observeDatabase(session, servers.cluster(nodeName).database),
    }));
    const contents = await ifDatabaseExists(() =>
        servers.on(servers.cluster(nodeName), async (session) => {
            const marked = await readMarked(session, ["r", "p", "v"]);
            const shards = marked.filter(({ marker }) => partOf(marker)?.kind === "shard");
            const [extension] = await session.query<{ version: string }>(
                "SELECT extversion AS version FROM pg_catalog.pg_extension WHERE extname = 'timescaledb'",
            );
            return {
                timescaledb: extension?.version ?? null,
                foreignObjects: await readForeignObjects(session),
                marked,
                holding: purpose === "read" ? [] : await findHolding(session, shards),
            };
        }),
    );
    return { ...server, ...(contents ?? { timescaledb: null, foreignObjects: [], marked: [], holding: [] }) };
}

async function readMarked(session: Session, kinds: readonly string[]): Promise<MarkedRelation[]> {
    const rows = await session.query<TableName & { kind: string; comment: string }>(
        `SELECT n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, d.description AS comment
           FROM pg_catalog.pg_class c
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_catalog.pg_description d
             ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
          WHERE c.relkind::text = ANY ($1::text[]) AND d.description LIKE '%[pulumi-timescaledb {%'
          ORDER BY n.nspname, c.relname`,
        [kinds],
    );
    return rows.flatMap(({ schema, name, kind, comment }) => {
        const marker = readMarker(comment);
        return marker === undefined ? [] : [{ schema, name, kind, marker }];
    });
}
