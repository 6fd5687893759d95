/**
 * Registering a data node. add_data_node() is not atomic: the node commits its part before the access node does. So the
 * provider makes the node's database itself where it can, marked as ours, and what an interrupted run left there is known as ours
 * by that mark and by the cluster's id in the node's metadata.
 */
import { ProviderError } from "../../../../errors";
import { identifier } from "../../../../postgres/sql";
import type { DataNodeInputs } from "../../../inputs";
import { planDatabase, planDropDatabase, type DatabaseState } from "../../../marks/database";
import { isMarked, ownerOf } from "../../../marks/ownership";
import { nodeInUseError, refuseSecondName } from "../../../marks/refusals";
import { accessDatabase, nodeDatabase, nodeDatabaseName, nodeLabel, nodeMaintenance } from "../../../run/places";
import { at, type Plan, type Step } from "../../../step";
import { describeNeeds, supports } from "../../../versions/capabilities";
import { markerOf, type ClusterState } from "../../cluster";
import { addDataNode, type Ownership } from "./addStatement";
import { planAddUnseen } from "./addUnseen";
import { planLeftover, type Leftover } from "../leftover";
import type { NodeServer } from "../nodeServer";
import type { DataNodeRequest, ObservedDataNode } from "../observe";
import { foreignClusterError, holdsTablesError, release, releaseToBootstrap, unknownTo } from "../release";

/** The steps by which a data node is registered, its database made first. */
export function planAddDataNode(
    cluster: ClusterState,
    { node, leftover }: ObservedDataNode,
    request: DataNodeRequest,
): Plan {
    const { inputs } = request;
    refuseSecondName(cluster.nodes, inputs);
    if (!inputs.available && !supports("alterDataNode", cluster.versions)) {
        throw new ProviderError(
            "NOT_SUPPORTED",
            `available: false needs ${describeNeeds("alterDataNode", "multinode")}`,
            { remedy: "Leave available out, or update TimescaleDB first" },
        );
    }
    if (!node.reachable) {
        const warning =
            `data node "${inputs.nodeName}" is seen through the access node alone (${node.cause.reason}): ` +
            "what its server lacks shows only when it is used" +
            (node.cause.remedy === undefined ? "" : `. ${node.cause.remedy}`);
        return { ...planUnreached(cluster, leftover, inputs), warnings: [warning] };
    }
    const { steps, ownership } = inputs.bootstrap
        ? planNodeDatabase(cluster, node, request)
        : { steps: planPrepared(cluster, node, inputs), ownership: "adopted" as const };
    const add = at(accessDatabase(inputs.accessNode), [addDataNode(cluster, inputs, ownership)]);
    return { steps: [...steps, ...add], warnings: [] };
}

/** The steps through the access node alone. */
function planUnreached(
    cluster: ClusterState,
    leftover: Leftover | undefined,
    inputs: DataNodeInputs,
): Pick<Plan, "steps" | "continues"> {
    const on = accessDatabase(inputs.accessNode);
    if (leftover?.seen !== undefined) {
        const { steps, ownership, more } = planLeftover(cluster, leftover.seen, leftover.note, inputs);
        return { steps: [...steps, ...at(on, [addDataNode(cluster, inputs, ownership, more)])] };
    }
    return leftover === undefined
        ? { steps: at(on, [addDataNode(cluster, inputs, inputs.bootstrap ? "ours if it is made now" : "adopted")]) }
        : planAddUnseen(cluster, leftover.note, inputs);
}

/** The steps to a database on the node that bears our mark and belongs to no cluster, and whether it is ours to drop. */
function planNodeDatabase(
    cluster: ClusterState,
    node: NodeServer,
    request: DataNodeRequest,
): { readonly steps: Step[]; readonly ownership: Ownership } {
    const { inputs } = request;
    const found = node.database.database;
    const leftover = found === undefined ? [] : planFoundDatabase(cluster, node, found, request);
    const remade = leftover.some((step) => step.destroys !== undefined);
    const steps = planDatabase(remade ? { ...node.database, database: undefined } : node.database, {
        on: nodeMaintenance(inputs),
        label: nodeLabel(inputs),
        name: nodeDatabaseName(inputs),
        marker: markerOf(cluster, inputs),
        adopt: inputs.adopt,
        locale: cluster.locale,
    });
    const isMade = found === undefined || remade;
    const isOurs = isMade || (isMarked(ownerOf(request), found.marker) && found.marker?.adopted === undefined);
    return {
        steps: [...leftover, ...steps, ...planOwner(isMade ? undefined : found, inputs)],
        ownership: isOurs ? "ours" : "adopted",
    };
}

/**
 * The access node logs in with its own user's name and makes the extension: the database has to be that user's.
 *
 * @param found undefined: it is made by the provider's user
 */
function planOwner(found: DatabaseState | undefined, inputs: DataNodeInputs): Step[] {
    const { accessNode, connection, user } = inputs;
    const name = nodeDatabaseName(inputs);
    const owner = user ?? accessNode.connection.user;
    const now = found?.owner ?? (connection ?? accessNode.connection).user;
    const alter = {
        name: `alter owner of database ${name}`,
        why: `the access node connects as ${owner}, and the database is ${now}'s`,
        sql: `ALTER DATABASE ${identifier(name)} OWNER TO ${identifier(owner)}`,
    };
    return at(nodeMaintenance(inputs), owner === now || inputs.adopt ? [] : [alter]);
}

/** What an earlier run, or another cluster, left in a database of that name. */
function planFoundDatabase(
    cluster: ClusterState,
    { contents, postgresVersion, database }: NodeServer,
    found: DatabaseState,
    request: DataNodeRequest,
): Step[] {
    const { inputs } = request;
    const ours = isMarked(ownerOf(request), found.marker);
    if (!ours && found.marker !== undefined && !inputs.adopt) {
        const other = cluster.nodes.find(({ marker }) => marker?.urn === found.marker?.urn);
        throw other === undefined ? databaseTakenError(inputs, found.marker.urn) : nodeInUseError(inputs, other.name);
    }
    const distUuid = contents?.distUuid ?? null;
    if (distUuid === null) {
        return [];
    }
    const mayEmpty = inputs.forceDestroy && (ours || inputs.adopt);
    const tables = contents?.hypertables ?? [];
    if (distUuid !== cluster.clusterId && !ours && !mayEmpty) {
        throw foreignClusterError(inputs, distUuid);
    }
    if (tables.length === 0) {
        return at(nodeDatabase(inputs), [releaseToBootstrap(inputs, distUuid)]);
    }
    if (!mayEmpty) {
        const remedy = "Drop the database, or set forceDestroy: true to make it anew without those rows";
        throw holdsTablesError(inputs, tables, remedy);
    }
    return planDropDatabase(
        { ...database, provisional: undefined },
        {
            on: nodeMaintenance(inputs),
            name: nodeDatabaseName(inputs),
            owner: ownerOf(request),
            drop: true,
            force: supports("dropDatabaseForce", { ...cluster.versions, postgresVersion }),
            why: `it holds ${tables.join(", ")} of an earlier membership`,
        },
    );
}

/** bootstrap: false: the user made the database and the extension. */
function planPrepared(cluster: ClusterState, { contents, database }: NodeServer, inputs: DataNodeInputs): Step[] {
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
        throw foreignClusterError(inputs, distUuid);
    }
    return at(nodeDatabase(inputs), [release(inputs, distUuid, unknownTo(distUuid))]);
}

function databaseTakenError(inputs: DataNodeInputs, urn: string): ProviderError {
    return new ProviderError(
        "ALREADY_EXISTS",
        `database "${nodeDatabaseName(inputs)}" exists on ${nodeLabel(inputs)} and belongs to ${urn}`,
        { remedy: "Choose another database, drop it, or set adopt: true to take it over" },
    );
}
