/** From what is there to nothing: the entry on the access node, then the database on the node. */
import { ProviderError } from "../../../errors";
import { SQLSTATE } from "../../../postgres/sqlState";
import { literal } from "../../../postgres/sql";
import { supports } from "../../versions/capabilities";
import { isNothing, planDropDatabase } from "../../marks/database";
import type { DataNodeInputs } from "../../inputs";
import { at, NOTHING_TO_DO, type Plan, type Statement, type Step } from "../../step";
import { isMarked, mayTake, ownerOf } from "../../marks/ownership";
import { findEntry, type ClusterState, type NodeEntry } from "../cluster";
import type { DataNodeRequest, ObservedDataNode } from "./observe";
import { lastCopyError, planDrain } from "./drain";
import type { Leftover } from "./leftover";
import { planHeal } from "../liveness";
import type { Reached } from "../../run/reach";
import type { NodeServer } from "./nodeServer";
import { eraseDataNodeNote } from "./notes";
import { accessDatabase, nodeDatabase, nodeDatabaseName, nodeLabel, nodeMaintenance } from "../../run/places";
import { release } from "./release";
import {
    planForget,
    planLeaveScratch,
    planRemoveLeft,
    planRemoveThrough,
    releaseThrough,
    type Leaving,
} from "./removal";
import { isScratch, planDropScratch } from "./scratch";

const KEPT = "the database is kept and leaves the cluster";

/** The steps by which a data node goes. */
export function planDeleteDataNode(observed: ObservedDataNode, request: DataNodeRequest): Plan {
    const { inputs } = request;
    const { node } = observed;
    const cluster = observed.cluster?.clusterId === inputs.accessNode.id ? observed.cluster : undefined;
    const entry = findEntry(cluster, inputs.nodeName);
    if (cluster === undefined) {
        return { steps: planCleanNode(node, undefined, request), warnings: unseen(node, inputs) };
    }
    if (entry === undefined) {
        return node.reachable
            ? { steps: planCleanNode(node, undefined, request), warnings: [] }
            : planForgetLeftover(observed.leftover, inputs);
    }
    if (!mayTake({ ...ownerOf(request), adopt: false }, entry.marker)) {
        return {
            steps: [],
            warnings: [`data node "${inputs.nodeName}" is not this resource's any more and is left alone`],
        };
    }
    const on = accessDatabase(inputs.accessNode);
    if (isScratch(cluster, entry)) {
        return { steps: planLeaveScratch(on, cluster, entry, observed.alive), warnings: [] };
    }
    const held = observed.holdings ?? { tables: [], soleChunks: [], cutMoves: [] };
    const leaving: Leaving = { tables: held.tables, soleChunks: held.soleChunks.length };
    if (leaving.soleChunks > 0) {
        if (inputs.drainOnDelete && observed.alive.has(inputs.nodeName)) {
            return { steps: planDrainSteps(cluster, observed, request), warnings: [] };
        }
        if (!inputs.forceDestroy) {
            const remedy =
                "Set drainOnDelete: true to move them to other nodes, or forceDestroy: true to lose them, " +
                "and run `pulumi up` before you remove the node";
            throw lastCopyError(inputs.nodeName, held, remedy);
        }
    }
    return planRemove(cluster, entry, observed, leaving, request);
}

/** Nobody can drop a database on a node to which there is no way but the access node's, which does not know it. */
function planForgetLeftover(leftover: Leftover | undefined, inputs: DataNodeInputs): Plan {
    if (leftover?.note === undefined) {
        return NOTHING_TO_DO;
    }
    const erase = eraseDataNodeNote(inputs, `${inputs.nodeName} is not requested any more`);
    return {
        steps: at(accessDatabase(inputs.accessNode), [erase]),
        warnings: [
            `database "${nodeDatabaseName(inputs)}" may stay on ${nodeLabel(inputs)}: ` +
                "a run that was making it was interrupted, and only the access node reaches that server",
        ],
    };
}

function planDrainSteps(
    cluster: ClusterState,
    { node, holdings, alive }: ObservedDataNode,
    request: DataNodeRequest,
): Step[] {
    const { inputs } = request;
    const on = accessDatabase(inputs.accessNode);
    if (node.reachable && node.walLevel !== "logical") {
        throw new ProviderError(
            "NOT_SUPPORTED",
            `moving chunks needs wal_level = logical, and ${nodeLabel(inputs)} has ${node.walLevel}`,
            { remedy: "ALTER SYSTEM SET wal_level = 'logical' on every data node and restart it" },
        );
    }
    const targets = new Set(cluster.nodes.filter(({ name, available }) => available && alive.has(name)).map(nameOf));
    const held = holdings ?? { soleChunks: [], cutMoves: [] };
    return [...planHeal(on, cluster, [...targets]), ...planDrain(on, cluster, inputs.nodeName, held, targets)];
}

function planRemove(
    cluster: ClusterState,
    entry: NodeEntry,
    { node, alive }: ObservedDataNode,
    leaving: Leaving,
    request: DataNodeRequest,
): Plan {
    const { inputs, last } = request;
    const on = accessDatabase(inputs.accessNode);
    const isAlive = alive.has(entry.name);
    const heal = isAlive ? [...planHeal(on, cluster, [entry.name]), ...at(on, planDropScratch(cluster, entry))] : [];
    const forget = planForget(on, cluster, entry, leaving);
    if (node.reachable) {
        return { steps: [...heal, ...forget, ...planCleanNode(node, entry, request)], warnings: [] };
    }
    const stays = `database "${entry.database}" of data node "${entry.name}" stays on ${entry.host}:${entry.port}`;
    if (!isAlive) {
        if (entry.marker?.leaving === true) {
            return { steps: planRemoveLeft(on, cluster, entry, leaving), warnings: [] };
        }
        if (!inputs.forceDestroy) {
            throw new ProviderError(
                "SERVER_UNREACHABLE",
                `neither the provider nor the access node reaches ${nodeLabel(inputs)}: ${node.cause.reason}`,
                {
                    remedy:
                        "Start it, or set forceDestroy: true and run `pulumi up` before you remove the node: " +
                        "then its database is left where it is",
                },
            );
        }
        return { steps: forget, warnings: [`${stays}: ${node.cause.reason}`] };
    }
    const released = at(on, [releaseThrough(cluster, entry)]);
    const adopted = entry.marker?.adopted ?? last?.created.database === false;
    if (adopted && !inputs.forceDestroy) {
        return { steps: [...heal, ...released, ...forget], warnings: [] };
    }
    return supports("deleteDataNodeDropDatabase", cluster.versions)
        ? { steps: [...heal, ...planRemoveThrough(on, cluster, entry, leaving)], warnings: [] }
        : { steps: [...heal, ...released, ...forget], warnings: [stays] };
}

/** The steps on the node itself: its database goes, or where it was there before, what makes it a data node. */
function planCleanNode(node: Reached<NodeServer>, entry: NodeEntry | undefined, request: DataNodeRequest): Step[] {
    if (!node.reachable || isNothing(node.database)) {
        return [];
    }
    const { inputs, last } = request;
    const { database } = node.database;
    const isMember = node.contents?.distUuid === inputs.accessNode.id;
    const isOurs =
        database?.marker === undefined
            ? isMember && (entry?.marker === undefined ? last?.created.database === true : !entry.marker.adopted)
            : isMarked(ownerOf(request), database.marker) && !database.marker.adopted;
    const isTaken = isMember && (database?.marker === undefined || isMarked(ownerOf(request), database.marker));
    const drop = isOurs || (inputs.forceDestroy && isTaken);
    if (!drop && !isTaken && database !== undefined && !isMarked(ownerOf(request), database.marker)) {
        return [];
    }
    const onDatabase = [
        ...(drop ? node.prepared.map(rollbackPrepared) : []),
        ...(!drop && isMember ? [release(inputs, inputs.accessNode.id, KEPT)] : []),
    ];
    return [
        ...at(nodeDatabase(inputs), onDatabase),
        ...planDropDatabase(node.database, {
            on: nodeMaintenance(inputs),
            name: nodeDatabaseName(inputs),
            owner: ownerOf(request),
            drop,
            force: supports("dropDatabaseForce", {
                engine: "multinode",
                postgresVersion: node.postgresVersion,
                timescaledbVersion: null,
            }),
            why: `data node ${inputs.nodeName} is removed`,
        }),
    ];
}

/** A prepared transaction keeps its database from being dropped. */
function rollbackPrepared(gid: string): Statement {
    return {
        name: `roll back prepared transaction ${gid}`,
        why: "a transaction was left prepared in a database that goes",
        sql: `ROLLBACK PREPARED ${literal(gid)}`,
        tolerates: [SQLSTATE.UNDEFINED_OBJECT],
    };
}

function unseen(node: Reached<NodeServer>, inputs: DataNodeInputs): string[] {
    return node.reachable
        ? []
        : [
              `could not look at data node "${inputs.nodeName}", whose access node is gone: ` +
                  `its database "${nodeDatabaseName(inputs)}" may still be there (${node.cause.reason})`,
          ];
}

function nameOf({ name }: NodeEntry): string {
    return name;
}
