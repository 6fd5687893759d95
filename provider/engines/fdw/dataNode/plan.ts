/** From a data node as it is to the one that is requested. */
import { ProviderError } from "../../../errors";
import { identifier, literal, optionsClause, type Options } from "../../../postgres/sql";
import { alterServerOptions } from "../../foreignServer";
import type { DataNodeInputs } from "../../inputs";
import { planDatabase } from "../../marks/database";
import { withMarker, type Marker } from "../../marks/marker";
import { isMarked, mayTake, ownerOf, wantedMark } from "../../marks/ownership";
import { accessNodeGone, refuseOtherCluster, refuseSecondName } from "../../marks/refusals";
import { accessDatabase, nodeDatabase, nodeDatabaseName, nodeLabel, nodeMaintenance } from "../../run/places";
import { unreachable, type Reached } from "../../run/reach";
import { at, type Plan, type Statement, type Step } from "../../step";
import { findServer, type ForeignServer } from "../catalogue";
import { wantsTimescaledb } from "../serverFacts";
import { planAvailability } from "./available";
import { planMapping } from "./mapping";
import type { AccessSide, DataNodeRequest, NodeServer, ObservedDataNode } from "./observe";
import { requestedOptions } from "./serverOptions";

/** The steps to the requested data node. */
export function planDataNode(observed: ObservedDataNode, request: DataNodeRequest): Plan {
    const { inputs } = request;
    const { node } = observed;
    const access = requireAccess(observed, inputs);
    // A node that is down is set aside without asking it.
    const isSetAside = request.last !== undefined && !inputs.available;
    if (!node.reachable && !isSetAside) {
        throw unreachable(inputs.nodeName, node);
    }
    const onNode = node.reachable ? planNode(node, access, request) : [];
    const onAccess = [...planServer(access, node, request), ...planAvailability(access, inputs)];
    return {
        steps: [...onNode, ...at(accessDatabase(inputs.accessNode), onAccess, `server ${inputs.nodeName}`)],
        warnings: [],
    };
}

function requireAccess({ access }: ObservedDataNode, inputs: DataNodeInputs): AccessSide {
    if (access === undefined) {
        throw accessNodeGone(inputs.accessNode);
    }
    refuseOtherCluster(access.catalogue.marker?.cluster, inputs.accessNode);
    refuseSecondName(
        access.catalogue.servers.map(({ name, options: { host = "", port, dbname = "" } }) => ({
            name,
            host,
            port: Number(port),
            database: dbname,
        })),
        inputs,
    );
    return access;
}

function planNode(node: NodeServer, access: AccessSide, request: DataNodeRequest): Step[] {
    const { inputs } = request;
    const name = nodeDatabaseName(inputs);
    const found = node.database.database;
    const owner = ownerOf(request);
    if (!inputs.bootstrap && request.last === undefined && found === undefined) {
        throw new ProviderError("NOT_FOUND", `database "${name}" does not exist on ${nodeLabel(inputs)}`, {
            remedy: "Make it, or leave bootstrap out",
        });
    }
    if (found?.marker !== undefined && !isMarked(owner, found.marker) && !inputs.adopt) {
        const { cluster, urn } = found.marker;
        throw new ProviderError(
            cluster === inputs.accessNode.id ? "ALREADY_EXISTS" : "FOREIGN_CLUSTER",
            `database "${name}" on ${nodeLabel(inputs)} belongs to ${urn} of cluster ${cluster ?? "unknown"}`,
            { remedy: "Give the data node another database, or set adopt: true to take it over" },
        );
    }
    const steps = planDatabase(node.database, {
        on: nodeMaintenance(inputs),
        label: nodeLabel(inputs),
        name,
        marker: clusterMark(inputs),
        adopt: mayTake(owner, found?.marker) || (!inputs.bootstrap && found?.marker === undefined),
        locale: access.catalogue.locale,
    });
    const installs = inputs.bootstrap && node.timescaledb === null && wantsTimescaledb(inputs.timescaledb, node.facts);
    return [...steps, ...at(nodeDatabase(inputs), installs ? [createExtension(inputs.nodeName)] : [])];
}

function createExtension(nodeName: string): Statement {
    return {
        name: "create extension timescaledb",
        why: `extension timescaledb is not installed on ${nodeName}`,
        sql: "CREATE EXTENSION IF NOT EXISTS timescaledb",
    };
}

function clusterMark(inputs: DataNodeInputs): Marker {
    return { cluster: inputs.accessNode.id, urn: inputs.logicalUrn, engine: "fdw" };
}

function planServer(access: AccessSide, node: Reached<NodeServer>, request: DataNodeRequest): Statement[] {
    const { inputs } = request;
    const found = findServer(access.catalogue, inputs.nodeName);
    const options = requestedOptions(access, node, inputs);
    const mark: Marker = { ...clusterMark(inputs), ...(inputs.available ? {} : { available: false }) };
    const statements =
        found === undefined
            ? [createServer(inputs.nodeName, options), markServer(inputs.nodeName, withMarker(null, mark))]
            : planFoundServer(found, options, mark, request);
    return [...statements, ...planMapping(found, inputs)];
}

function createServer(nodeName: string, options: Options): Statement {
    return {
        name: `create server ${nodeName}`,
        why: `${nodeName} is not registered`,
        sql: `CREATE SERVER ${identifier(nodeName)} FOREIGN DATA WRAPPER postgres_fdw${optionsClause(options)}`,
    };
}

function planFoundServer(
    found: ForeignServer,
    requested: Options,
    mark: Marker,
    request: DataNodeRequest,
): Statement[] {
    const owner = ownerOf(request);
    if (found.wrapper !== "postgres_fdw" || !mayTake(owner, found.marker)) {
        throw new ProviderError("ALREADY_EXISTS", `the access node has a foreign server "${found.name}" already`, {
            remedy: "Choose another nodeName, drop that server, or set adopt: true to take it over",
        });
    }
    const comment = withMarker(found.comment, wantedMark(owner, found.marker, mark));
    return [
        ...alterServerOptions(found.name, found.options, requested),
        ...(comment === found.comment ? [] : [markServer(found.name, comment)]),
    ];
}

function markServer(nodeName: string, comment: string): Statement {
    return {
        name: `mark server ${nodeName}`,
        why: `the mark on ${nodeName} is missing or old`,
        sql: `COMMENT ON SERVER ${identifier(nodeName)} IS ${literal(comment)}`,
    };
}
