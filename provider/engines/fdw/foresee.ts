/** A cluster that is not there yet, as it will be when a plan's turn comes. */
import { newDatabase } from "../marks/database";
import type { DataNodeInputs } from "../inputs";
import type { PendingCluster } from "../engine";
import { readFutureAccess } from "../preflight/readServers";
import { ACCESS, type Place, type Servers } from "../run/servers";
import type { AccessCatalogue, ForeignServer } from "./catalogue";
import type { AccessNodeRequest, ObservedAccessNode } from "./accessNode/observe";
import { markerOfNew } from "./accessNode/plan";
import { readNode, type DataNodeRequest, type ObservedDataNode } from "./dataNode/observe";
import { mappingOptions } from "./dataNode/mapping";
import { readServerFacts, wantsTimescaledb, type ServerFacts } from "./serverFacts";
import type { HypertableRequest, NodeSide, ObservedHypertable } from "./distributedHypertable/observe";
import { readSpelling } from "./distributedHypertable/spelling";
import { nodeDatabaseName } from "../run/places";
import { reach } from "../run/reach";
import type { Schema } from "./distributedHypertable/relations";

/** The schema that every new database has. */
const PUBLIC: Schema = {
    name: "public",
    owner: "pg_database_owner",
    comment: null,
    marker: undefined,
    empty: true,
    grants: [{ role: null, privilege: "USAGE", grantable: false }],
};

interface NewAccess {
    readonly facts: ServerFacts;
    readonly catalogue: AccessCatalogue;
}

/** An access node's database that was made and marked, and holds nothing yet. */
export async function foreseeAccessNode(
    servers: Servers,
    request: AccessNodeRequest,
    ahead: PendingCluster,
): Promise<ObservedAccessNode> {
    const { facts, catalogue } = await foreseeAccess(servers, request.newId, ahead);
    return {
        facts,
        database: newDatabase(markerOfNew(request), catalogue.locale),
        catalogue: { ...catalogue, extensions: {}, settings: {} },
        foreignObjects: [],
    };
}

/** A data node's own server as it is, and a new cluster. */
export async function foreseeDataNode(
    servers: Servers,
    { inputs }: DataNodeRequest,
    ahead: PendingCluster,
): Promise<ObservedDataNode> {
    const { nodeName, accessNode } = inputs;
    const [access, node] = await Promise.all([
        foreseeAccess(servers, accessNode.id, ahead),
        reach(servers, nodeName, () => readNode(servers, nodeName, "change")),
    ]);
    return { access: { ...access, shards: [], parents: [] }, node };
}

/** A new cluster without tables. */
export async function foreseeHypertable(
    servers: Servers,
    request: HypertableRequest,
    ahead: PendingCluster,
): Promise<ObservedHypertable> {
    const { accessNode, dataNodes } = request.inputs;
    const nodes = ahead.dataNodes.filter(({ nodeName }) => dataNodes?.includes(nodeName) ?? true);
    const [{ catalogue }, sides] = await Promise.all([
        foreseeAccess(servers, accessNode.id, ahead),
        Promise.all(
            nodes.map(
                async (node) =>
                    [node.nodeName, await reach(servers, node.nodeName, () => foreseeSide(servers, node))] as const,
            ),
        ),
    ]);
    const canonical = await readSpelling(servers, servers.maintenance(ACCESS), request);
    return { access: { catalogue, relations: [], schemas: [PUBLIC] }, nodes: Object.fromEntries(sides), canonical };
}

async function foreseeAccess(
    servers: Servers,
    clusterId: string,
    { accessNode, dataNodes }: PendingCluster,
): Promise<NewAccess> {
    const { locale, place } = await readFutureAccess(servers);
    const facts = await servers.on(place, readServerFacts);
    return {
        facts,
        catalogue: {
            marker: { cluster: clusterId, urn: accessNode.logicalUrn, engine: "fdw" },
            locale,
            extensions: {
                postgres_fdw: "",
                ...(wantsTimescaledb(accessNode.timescaledb, facts)
                    ? { timescaledb: facts.timescaledbAvailable ?? "" }
                    : {}),
            },
            settings: {},
            servers: dataNodes.map((node) => serverOf(node, clusterId)),
        },
    };
}

function serverOf(inputs: DataNodeInputs, cluster: string): ForeignServer {
    return {
        name: inputs.nodeName,
        wrapper: "postgres_fdw",
        options: { host: inputs.host, port: String(inputs.port), dbname: nodeDatabaseName(inputs) },
        comment: null,
        marker: { cluster, urn: inputs.logicalUrn, engine: "fdw", ...(inputs.available ? {} : { available: false }) },
        mappings: [
            {
                localRole: inputs.accessNode.connection.user,
                remoteRole: mappingOptions(inputs).user ?? null,
                passwordHash: null,
            },
        ],
    };
}

async function foreseeSide(servers: Servers, { nodeName, timescaledb }: DataNodeInputs): Promise<NodeSide> {
    const place: Place = servers.maintenance(nodeName);
    const facts = await servers.on(place, readServerFacts);
    return {
        exists: true,
        facts,
        relations: [],
        schemas: [PUBLIC],
        timescaledb: wantsTimescaledb(timescaledb, facts)
            ? { version: facts.timescaledbAvailable ?? "", schema: "public" }
            : null,
        intervals: {},
        rowCounts: {},
    };
}
