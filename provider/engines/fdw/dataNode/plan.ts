/** From a data node as it is to the one that is requested. */
import { createHash } from "node:crypto";
import { ProviderError } from "../../../errors";
import { identifier, literal, qualified } from "../../../postgres/sql";
import { planDatabase } from "../../marks/database";
import type { DataNodeInputs } from "../../inputs";
import type { Plan, Step } from "../../step";
import { withMarker, type Marker } from "../../marks/marker";
import { ACCESS, type Place } from "../../run/servers";
import type { ForeignServer, UserMapping } from "../catalogue";
import type { AccessSide, AttachedShard, DataNodeRequest, NodeServer, ObservedDataNode } from "./observe";
import { wantsTimescaledb } from "../serverFacts";
import { isMarked, mayTake, ownerOf, wantedMark } from "../../marks/ownership";
import { partOf } from "../distributedHypertable/parts";
import { unreachable, type Reached } from "../reach";
import { alterOptionsClause, optionsClause, serverOptions, type Options } from "./serverOptions";

/** What to do towards the request. */
export function planDataNode(observed: ObservedDataNode | undefined, request: DataNodeRequest): Plan {
    const { inputs } = request;
    const access = clusterOf(observed, request);
    refuseSecondName(access, inputs);
    const node = observed?.node;
    // A node that is down is set aside without asking it.
    const aside = request.last !== undefined && !inputs.available;
    if (node !== undefined && !node.reachable && !aside) {
        throw unreachable(inputs.nodeName, node);
    }
    const onNode = node?.reachable ? planNode(node, access, request) : [];
    return {
        steps: [...onNode, ...planServer(access, node, request), ...planAvailability(access, request)],
        warnings: [],
    };
}

/** The database of a data node, as the access node reaches it. */
export function nodeDatabase(inputs: DataNodeInputs): string {
    return inputs.database ?? inputs.accessNode.database;
}

/** Where databases are made and dropped on the node. */
export function nodeMaintenance(inputs: DataNodeInputs): Place {
    const connection = inputs.connection ?? inputs.accessNode.connection;
    return { server: inputs.nodeName, database: connection.maintenanceDatabase };
}

/** The options that the node's foreign server is to have, by what both sides have. */
export function wantedOptions(
    access: AccessSide,
    node: Reached<NodeServer> | undefined,
    inputs: DataNodeInputs,
): Options {
    const found = access.catalogue.servers.find(({ name }) => name === inputs.nodeName);
    const both = node?.reachable
        ? node.timescaledb !== null && access.catalogue.extensions.timescaledb !== undefined
        : found?.options.extensions === "timescaledb";
    return serverOptions(inputs, { postgresVersion: access.facts.postgresVersion, timescaledb: both });
}

function clusterOf(observed: ObservedDataNode | undefined, { inputs }: DataNodeRequest): AccessSide {
    const access = observed?.access;
    if (access === undefined) {
        throw new ProviderError("NOT_FOUND", `the access node's database "${inputs.accessNode.database}" is not there`);
    }
    const cluster = access.catalogue.marker?.cluster;
    if (cluster !== inputs.accessNode.id) {
        throw new ProviderError(
            "FOREIGN_CLUSTER",
            `database "${inputs.accessNode.database}" on the access node is ` +
                (cluster === undefined ? "no cluster of this package" : `cluster ${cluster}`) +
                `, not ${inputs.accessNode.id}`,
            { remedy: "Point the access node's connection at the server that holds this stack's cluster" },
        );
    }
    return access;
}

function planNode(node: NodeServer, access: AccessSide, request: DataNodeRequest): Step[] {
    const { inputs } = request;
    const name = nodeDatabase(inputs);
    const found = node.database.database;
    const owner = ownerOf(request);
    const label = `data node ${inputs.nodeName}`;
    if (!inputs.bootstrap && request.last === undefined && found === undefined) {
        throw new ProviderError("NOT_FOUND", `database "${name}" does not exist on ${label}`, {
            remedy: "Make it, or leave bootstrap out",
        });
    }
    if (found?.marker !== undefined && !isMarked(owner, found.marker) && !inputs.adopt) {
        const { cluster, urn } = found.marker;
        throw new ProviderError(
            cluster === inputs.accessNode.id ? "ALREADY_EXISTS" : "FOREIGN_CLUSTER",
            `database "${name}" on ${label} belongs to ${urn} of cluster ${cluster ?? "unknown"}`,
            { remedy: "Give the data node another database, or set adopt: true to take it over" },
        );
    }
    const adopt = mayTake(owner, found?.marker) || (!inputs.bootstrap && found?.marker === undefined);
    const marker: Marker = { cluster: inputs.accessNode.id, urn: inputs.logicalUrn, engine: "fdw" };
    const steps = planDatabase(nodeMaintenance(inputs), label, name, node.database, marker, {
        adopt,
        locale: access.catalogue.locale,
    });
    const installs = inputs.bootstrap && node.timescaledb === null && wantsTimescaledb(inputs.timescaledb, node.facts);
    return installs
        ? [
              ...steps,
              {
                  name: "createExtension",
                  why: `extension timescaledb is not installed on ${inputs.nodeName}`,
                  on: { server: inputs.nodeName, database: name },
                  sql: "CREATE EXTENSION IF NOT EXISTS timescaledb",
              },
          ]
        : steps;
}

function planServer(access: AccessSide, node: Reached<NodeServer> | undefined, request: DataNodeRequest): Step[] {
    const { inputs } = request;
    const found = access.catalogue.servers.find(({ name }) => name === inputs.nodeName);
    const options = wantedOptions(access, node, inputs);
    const steps = found === undefined ? planNewServer(options, inputs) : planOldServer(options, found, request);
    return [...steps, ...planMapping(found, inputs)];
}

function refuseSecondName(access: AccessSide, inputs: DataNodeInputs): void {
    const other = access.catalogue.servers.find(
        ({ name, options }) =>
            name !== inputs.nodeName &&
            options.host === inputs.host &&
            options.port === String(inputs.port) &&
            options.dbname === nodeDatabase(inputs),
    );
    if (other !== undefined) {
        throw new ProviderError(
            "NODE_IN_USE",
            `${inputs.host}:${inputs.port}, database "${nodeDatabase(inputs)}", is data node "${other.name}" already`,
            { remedy: `Delete data node "${other.name}" first, or give this one another database` },
        );
    }
}

function serverMark(inputs: DataNodeInputs): Marker {
    const mark: Marker = { cluster: inputs.accessNode.id, urn: inputs.logicalUrn, engine: "fdw" };
    return inputs.available ? mark : { ...mark, available: false };
}

function planNewServer(options: Options, inputs: DataNodeInputs): Step[] {
    return [
        serverStep(
            inputs,
            "createServer",
            `${inputs.nodeName} is not registered`,
            `CREATE SERVER ${identifier(inputs.nodeName)} FOREIGN DATA WRAPPER postgres_fdw${optionsClause(options)}`,
        ),
        markServer(inputs, null, serverMark(inputs)),
    ];
}

function planOldServer(wanted: Options, found: ForeignServer, request: DataNodeRequest): Step[] {
    const { inputs } = request;
    const owner = ownerOf(request);
    if (found.wrapper !== "postgres_fdw" || !mayTake(owner, found.marker)) {
        throw new ProviderError("ALREADY_EXISTS", `the access node has a foreign server "${found.name}" already`, {
            remedy: "Choose another nodeName, drop that server, or set adopt: true to take it over",
        });
    }
    const options = alterOptionsClause(found.options, wanted);
    const mark = wantedMark(owner, found.marker, serverMark(inputs));
    return [
        ...(options === undefined
            ? []
            : [
                  serverStep(
                      inputs,
                      "alterServer",
                      `the options of ${found.name} differ`,
                      `ALTER SERVER ${identifier(found.name)}${options}`,
                  ),
              ]),
        ...(withMarker(found.comment, mark) === found.comment ? [] : [markServer(inputs, found.comment, mark)]),
    ];
}

function planMapping(server: ForeignServer | undefined, inputs: DataNodeInputs): Step[] {
    const local = inputs.accessNode.connection.user;
    const found = server?.mappings.find(({ localRole }) => localRole === local);
    const wanted = mappingOptions(inputs);
    const on = `FOR ${identifier(local)} SERVER ${identifier(inputs.nodeName)}`;
    const secrets = inputs.password === undefined ? [] : [inputs.password, literal(inputs.password)];
    if (found === undefined) {
        const sql = `CREATE USER MAPPING ${on}${optionsClause(wanted)}`;
        return [{ ...serverStep(inputs, "createUserMapping", `${local} has no mapping`, sql), secrets }];
    }
    if (isMapping(found, wanted)) {
        return [];
    }
    const there: Options = {
        ...(found.remoteRole === null ? {} : { user: found.remoteRole }),
        ...(found.passwordHash === null ? {} : { password: "" }),
    };
    const sql = `ALTER USER MAPPING ${on}${alterOptionsClause(there, wanted) ?? ""}`;
    return [{ ...serverStep(inputs, "alterUserMapping", "user or password differs", sql), secrets }];
}

/** The options of the user mapping. */
export function mappingOptions(inputs: DataNodeInputs): Options {
    return {
        user: inputs.user ?? inputs.accessNode.connection.user,
        ...(inputs.password === undefined ? {} : { password: inputs.password }),
    };
}

/** Whether a mapping is the wanted one. Our own is shown to us wherever we may change it. */
export function isMapping(found: UserMapping, wanted: Options): boolean {
    const hash = wanted.password === undefined ? null : createHash("sha256").update(wanted.password).digest("hex");
    return found.remoteRole === wanted.user && found.passwordHash === hash;
}

/** Shards of a node that is set aside are no partitions, so that queries and new rows go past it. */
function planAvailability(access: AccessSide, { inputs }: DataNodeRequest): Step[] {
    const ours = access.shards.filter(({ marker }) => marker?.cluster === inputs.accessNode.id);
    return inputs.available
        ? ours.filter(({ parent }) => parent === null).flatMap((shard) => attach(access, shard, inputs))
        : ours.flatMap((shard) => (shard.parent === null ? [] : [detach(shard, shard.parent, inputs)]));
}

function attach(access: AccessSide, shard: AttachedShard, inputs: DataNodeInputs): Step[] {
    const part = partOf(shard.marker);
    const kind = part?.kind === "last" ? "last table" : "table";
    const parent = access.parents.find(
        ({ marker }) => marker.urn === shard.marker?.urn && partOf(marker)?.kind === kind,
    );
    if (part === undefined || parent === undefined) {
        return [];
    }
    return [
        serverStep(
            inputs,
            "attachPartition",
            `${shard.schema}.${shard.name} is detached and ${inputs.nodeName} is available`,
            `ALTER TABLE ${qualified(parent.schema, parent.name)} ATTACH PARTITION ` +
                `${qualified(shard.schema, shard.name)} ` +
                `FOR VALUES WITH (MODULUS ${part.modulus}, REMAINDER ${part.remainder})`,
        ),
    ];
}

function detach(shard: AttachedShard, parent: { schema: string; name: string }, inputs: DataNodeInputs): Step {
    return serverStep(
        inputs,
        "detachPartition",
        `${inputs.nodeName} is not available`,
        `ALTER TABLE ${qualified(parent.schema, parent.name)} DETACH PARTITION ${qualified(shard.schema, shard.name)}`,
    );
}

function markServer(inputs: DataNodeInputs, comment: string | null, mark: Marker): Step {
    return serverStep(
        inputs,
        "markServer",
        `the mark on ${inputs.nodeName} is missing or old`,
        `COMMENT ON SERVER ${identifier(inputs.nodeName)} IS ${literal(withMarker(comment, mark))}`,
    );
}

function serverStep(inputs: DataNodeInputs, name: string, why: string, sql: string): Step {
    return {
        name,
        why,
        on: { server: ACCESS, database: inputs.accessNode.database },
        sql,
        transaction: `server ${inputs.nodeName}`,
    };
}
