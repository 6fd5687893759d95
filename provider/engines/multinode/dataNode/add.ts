/**
 * Registering a data node. add_data_node() is not atomic: the node commits its part before the access node does. So the
 * provider makes the node's database itself where it can, marked as ours, and what a cut run left there is known as ours
 * by that mark and by the cluster's id in the node's metadata.
 */
import { ProviderError } from "../../../errors";
import { address } from "../../../postgres/connection";
import { identifier, literal } from "../../../postgres/sql";
import { describeNeeds, supports } from "../../versions/capabilities";
import { planDatabase, planDropDatabase, type DatabaseState } from "../../marks/database";
import type { DataNodeInputs } from "../../inputs";
import type { Plan, Step } from "../../step";
import { withMarker, type Marker } from "../../marks/marker";
import { isMarked, ownerOf } from "../../marks/ownership";
import { anonymousBlock, statements } from "../block";
import { functionOf, markerOf, type ClusterState } from "../cluster";
import type { DataNodeRequest } from "./observe";
import { planUnseen } from "./addUnseen";
import { foreignCluster, stillHolds } from "./formerMember";
import { planLeftover } from "./leftover";
import type { NodeServer } from "./nodeServer";
import { accessDatabase, nodeDatabaseName, nodeLabel, nodeMaintenance } from "../places";
import { planRelease, planReleaseToBootstrap, unknownTo } from "./release";
import { createMapping, secretsOf, wantedMapping } from "./userMapping";

type ReachedServer = Extract<NodeServer, { reached: true }>;
type UnreachedServer = Extract<NodeServer, { reached: false }>;

/** The steps by which a data node is registered, its database made first. */
export function planAddDataNode(cluster: ClusterState, node: NodeServer, request: DataNodeRequest): Plan {
    const { inputs } = request;
    refuseSecondName(cluster, inputs);
    if (!inputs.available && !supports("alterDataNode", cluster.versions)) {
        throw new ProviderError(
            "NOT_SUPPORTED",
            `available: false needs ${describeNeeds("alterDataNode", "multinode")}`,
            { remedy: "Leave available out, or update TimescaleDB first" },
        );
    }
    if (!node.reached) {
        return planUnreached(cluster, node, request);
    }
    const { steps, ours } = inputs.bootstrap
        ? planNodeDatabase(cluster, node, request)
        : { steps: planPrepared(cluster, node, request), ours: false };
    return { steps: [...steps, addDataNode(cluster, ours ? "true" : "false", inputs)], warnings: [] };
}

/** The steps through the access node alone. */
function planUnreached(cluster: ClusterState, { why, leftover }: UnreachedServer, request: DataNodeRequest): Plan {
    const { inputs } = request;
    const warnings = [
        `data node "${inputs.nodeName}" is seen through the access node alone (${why}): ` +
            "what its server lacks shows only when it is used",
    ];
    const made = inputs.bootstrap ? "made.database_created" : "false";
    if (leftover?.seen === undefined) {
        const add = (together: readonly string[]): Step => addDataNode(cluster, made, inputs, together);
        const plan = leftover === undefined ? { steps: [add([])] } : planUnseen(cluster, leftover.note, request, add);
        return { ...plan, warnings };
    }
    const { steps, ours, together } = planLeftover(cluster, leftover.seen, leftover.note, request);
    return { steps: [...steps, addDataNode(cluster, ours ? "true" : made, inputs, together)], warnings };
}

/** Two names for one database make the access node wait for itself. */
function refuseSecondName(cluster: ClusterState, inputs: DataNodeInputs): void {
    const database = nodeDatabaseName(inputs);
    const other = cluster.nodes.find(
        (entry) => entry.host === inputs.host && entry.port === inputs.port && entry.database === database,
    );
    if (other !== undefined) {
        throw nodeInUse(inputs, other.name);
    }
}

function nodeInUse(inputs: DataNodeInputs, name: string): ProviderError {
    const where = `database "${nodeDatabaseName(inputs)}" on ${address(inputs)}`;
    return new ProviderError("NODE_IN_USE", `${where} is registered as data node "${name}" already`, {
        remedy: "Give each data node a server or a database of its own, or remove the other one first",
    });
}

/** The steps to a database on the node that bears our mark and belongs to no cluster, and whether it is ours to drop. */
function planNodeDatabase(
    cluster: ClusterState,
    node: ReachedServer,
    request: DataNodeRequest,
): { readonly steps: Step[]; readonly ours: boolean } {
    const { inputs } = request;
    const name = nodeDatabaseName(inputs);
    const found = node.database.database;
    const place = nodeMaintenance(inputs);
    const leftover = found === undefined ? [] : planFoundDatabase(cluster, node, found, request);
    const remade = leftover.some((step) => step.name === "dropDatabase");
    const steps = planDatabase(
        place,
        nodeLabel(inputs),
        name,
        remade ? { ...node.database, database: undefined } : node.database,
        markerOf(cluster, inputs),
        { adopt: inputs.adopt, locale: cluster.locale },
    );
    return {
        steps: [...leftover, ...steps, ...planOwner(found, remade, request)],
        ours:
            found === undefined ||
            remade ||
            (isMarked(ownerOf(request), found.marker) && found.marker?.adopted === undefined),
    };
}

/** The access node logs in with its own user's name and makes the extension: the database has to be that user's. */
function planOwner(found: DatabaseState | undefined, remade: boolean, { inputs }: DataNodeRequest): Step[] {
    const { accessNode, connection, user } = inputs;
    const name = nodeDatabaseName(inputs);
    const owner = user ?? accessNode.connection.user;
    const now = found === undefined || remade ? (connection ?? accessNode.connection).user : found.owner;
    return owner === now || inputs.adopt
        ? []
        : [
              {
                  name: "alterDatabaseOwner",
                  why: `the access node comes as ${owner}, and the database is ${now}'s`,
                  on: nodeMaintenance(inputs),
                  sql: `ALTER DATABASE ${identifier(name)} OWNER TO ${identifier(owner)}`,
              },
          ];
}

/** What an earlier run, or another cluster, left in a database of that name. */
function planFoundDatabase(
    cluster: ClusterState,
    { contents, postgresVersion, database }: ReachedServer,
    found: DatabaseState,
    request: DataNodeRequest,
): Step[] {
    const { inputs } = request;
    const name = nodeDatabaseName(inputs);
    const ours = isMarked(ownerOf(request), found.marker);
    if (!ours && found.marker !== undefined && !inputs.adopt) {
        const other = cluster.nodes.find(({ marker }) => marker?.urn === found.marker?.urn);
        throw other === undefined ? databaseTaken(inputs, found.marker.urn) : nodeInUse(inputs, other.name);
    }
    const distUuid = contents?.distUuid ?? null;
    if (distUuid === null) {
        return [];
    }
    const mayEmpty = inputs.forceDestroy && (ours || inputs.adopt);
    const tables = contents?.hypertables ?? [];
    if (distUuid !== cluster.clusterId && !ours && !mayEmpty) {
        throw foreignCluster(inputs, distUuid);
    }
    if (tables.length === 0) {
        return [planReleaseToBootstrap(inputs, distUuid, unknownTo(distUuid))];
    }
    if (!mayEmpty) {
        const remedy = "Drop the database, or set forceDestroy: true to have it made anew without those rows";
        throw stillHolds(inputs, tables, remedy);
    }
    return planDropDatabase(
        nodeMaintenance(inputs),
        name,
        { ...database, provisional: undefined },
        {
            owner: ownerOf(request),
            drop: true,
            force: supports("dropDatabaseForce", { ...cluster.versions, postgresVersion }),
            why: `it holds ${tables.join(", ")} of an earlier membership`,
        },
    );
}

/** bootstrap: false: the user made the database and the extension. */
function planPrepared(cluster: ClusterState, { contents, database }: ReachedServer, request: DataNodeRequest): Step[] {
    const { inputs } = request;
    const name = nodeDatabaseName(inputs);
    if (contents === undefined || contents.timescaledbVersion === null) {
        throw new ProviderError(
            "NOT_FOUND",
            database.database === undefined
                ? `bootstrap is false and there is no database "${name}" on ${nodeLabel(inputs)}`
                : `bootstrap is false and database "${name}" on ${nodeLabel(inputs)} has no extension timescaledb`,
            {
                remedy:
                    `CREATE DATABASE ${identifier(name)} TEMPLATE template0; CREATE EXTENSION timescaledb in it; ` +
                    "or leave bootstrap out",
            },
        );
    }
    const { distUuid } = contents;
    if (distUuid === null) {
        return [];
    }
    if (distUuid !== cluster.clusterId && !(inputs.adopt && inputs.forceDestroy)) {
        throw foreignCluster(inputs, distUuid);
    }
    return [planRelease(inputs, distUuid, unknownTo(distUuid))];
}

function databaseTaken(inputs: DataNodeInputs, urn: string): ProviderError {
    return new ProviderError(
        "ALREADY_EXISTS",
        `database "${nodeDatabaseName(inputs)}" exists on ${nodeLabel(inputs)} and belongs to ${urn}`,
        { remedy: "Choose another database, drop it, or set adopt: true to take it over" },
    );
}

/**
 * One block, so that entry, mark, user mapping and options are there together or not at all. A database that the access
 * node did not make and we did not either is the user's, and the mark says so.
 */
function addDataNode(
    cluster: ClusterState,
    isOurs: string,
    inputs: DataNodeInputs,
    together: readonly string[] = [],
): Step {
    const { nodeName, host, port, password, bootstrap, serverOptions, available } = inputs;
    const ours = markerOf(cluster, inputs);
    const mark = (marker: Marker): string => literal(withMarker(null, marker));
    const mapping = wantedMapping(inputs);
    const options = Object.entries(serverOptions).map(([name, value]) => `ADD ${identifier(name)} ${literal(value)}`);
    const server = identifier(nodeName);
    return {
        name: "addDataNode",
        why: `${nodeName} is not registered`,
        on: accessDatabase(inputs.accessNode),
        sql: anonymousBlock(
            [
                "DECLARE made record;",
                "BEGIN",
                `    SELECT * INTO made FROM ${functionOf(cluster, "add_data_node")}(`,
                `        ${literal(nodeName)}, host => ${literal(host)}, database => ${literal(nodeDatabaseName(inputs))},`,
                `        port => ${port}, bootstrap => ${bootstrap}` +
                    `${password === undefined ? "" : `, password => ${literal(password)}`});`,
                `    IF ${isOurs} THEN`,
                `        COMMENT ON SERVER ${server} IS ${mark(ours)};`,
                "    ELSE",
                `        COMMENT ON SERVER ${server} IS ${mark({ ...ours, adopted: true })};`,
                "    END IF;",
                ...(mapping === undefined ? [] : [`    ${createMapping(inputs, mapping)};`]),
                ...(options.length === 0 ? [] : [`    ALTER SERVER ${server} OPTIONS (${options.join(", ")});`]),
                ...(available
                    ? []
                    : [
                          `    PERFORM ${functionOf(cluster, "alter_data_node")}(${literal(nodeName)}, available => false);`,
                      ]),
                ...statements("    ", together),
                "END",
            ].join("\n"),
        ),
        ...secretsOf(mapping),
    };
}
