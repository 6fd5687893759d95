/** From a data node to nothing: first off the access node, so that no query goes there any more, then its database. */
import { ProviderError } from "../../../errors";
import { identifier, qualified } from "../../../postgres/sql";
import type { DataNodeInputs } from "../../inputs";
import { planDropDatabase } from "../../marks/database";
import { isMarked, ownerOf } from "../../marks/ownership";
import { refuseHeldObjects } from "../../marks/refusals";
import { accessDatabase, nodeDatabase, nodeDatabaseName, nodeMaintenance } from "../../run/places";
import { unreachable } from "../../run/reach";
import { at, type Plan, type Statement, type Step } from "../../step";
import { findServer } from "../catalogue";
import type { DataNodeRequest, MarkedRelation, NodeServer, ObservedDataNode } from "./observe";

/** What to do until nothing of the node is left. */
export function planDeleteDataNode(observed: ObservedDataNode, request: DataNodeRequest): Plan {
    const { inputs } = request;
    const { node } = observed;
    const unregister = planUnregister(observed, request);
    if (!node.reachable) {
        if (!inputs.forceDestroy) {
            throw unreachable(inputs.nodeName, node);
        }
        const left =
            `could not clean up data node ${inputs.nodeName} (${inputs.host}:${inputs.port} does not answer): ` +
            `database ${nodeDatabaseName(inputs)} stays there`;
        return { steps: unregister, warnings: [left] };
    }
    refuseLosses(observed, node, request);
    return { steps: [...unregister, ...planNode(node, request)], warnings: [] };
}

function refuseLosses(observed: ObservedDataNode, node: NodeServer, request: DataNodeRequest): void {
    const { inputs } = request;
    if (inputs.forceDestroy || !isMarked(ownerOf(request), node.database.database?.marker)) {
        return;
    }
    if (node.holding.length > 0) {
        throw holdsRowsError(node.holding.join(", "), inputs);
    }
    const others = [...foreignShards(observed, inputs), ...(dropsDatabase(node, request) ? node.foreignObjects : [])];
    refuseHeldObjects(`data node ${inputs.nodeName}`, others, inputs);
}

function holdsRowsError(shards: string, { nodeName, drainOnDelete }: DataNodeInputs): ProviderError {
    return drainOnDelete
        ? new ProviderError(
              "NOT_SUPPORTED",
              `the engine fdw cannot move shards to other nodes yet, and data node ${nodeName} holds rows in ${shards}`,
              { remedy: "Empty or delete the tables first, or set forceDestroy: true and run `pulumi up` before" },
          )
        : new ProviderError(
              "LAST_COPY",
              `data node ${nodeName} holds the only copy of shards with rows, such as ${shards}`,
              {
                  remedy: "Delete the tables first, or set forceDestroy: true and run `pulumi up` once before you destroy",
              },
          );
}

function foreignShards({ access }: ObservedDataNode, inputs: DataNodeInputs): string[] {
    return (access?.shards ?? [])
        .filter(({ marker }) => marker?.cluster !== inputs.accessNode.id)
        .map(({ schema, name }) => `foreign table "${schema}.${name}"`);
}

function dropsDatabase({ database }: NodeServer, { last }: DataNodeRequest): boolean {
    return database.database?.marker?.adopted !== true && last?.created.database !== false;
}

/** Takes the foreign server away, with what hangs on it. */
function planUnregister({ access }: ObservedDataNode, request: DataNodeRequest): Step[] {
    const { accessNode, nodeName, forceDestroy } = request.inputs;
    const server = access && findServer(access.catalogue, nodeName);
    if (access === undefined || server === undefined || !isMarked(ownerOf(request), server.marker)) {
        return [];
    }
    const why = `data node ${nodeName} is deleted`;
    const cascade = forceDestroy ? " CASCADE" : "";
    const name = identifier(nodeName);
    const statements: Statement[] = [
        ...access.shards.map((shard) => ({
            name: `drop foreign table ${shard.schema}.${shard.name}`,
            why,
            sql: `DROP FOREIGN TABLE ${qualified(shard.schema, shard.name)}${cascade}`,
            destroys: { what: `foreign table ${shard.schema}.${shard.name}` },
        })),
        ...server.mappings.map(({ localRole }) => ({
            name: `drop user mapping for ${localRole ?? "PUBLIC"} on ${nodeName}`,
            why,
            sql: `DROP USER MAPPING FOR ${localRole === null ? "PUBLIC" : identifier(localRole)} SERVER ${name}`,
        })),
        { name: `drop server ${nodeName}`, why, sql: `DROP SERVER ${name}` },
    ];
    return at(accessDatabase(accessNode), statements, `server ${nodeName}`);
}

/** Drops the node's database; one that was there before is kept, without what is ours in it. */
function planNode(node: NodeServer, request: DataNodeRequest): Step[] {
    const { inputs } = request;
    const found = node.database.database;
    if (found !== undefined && !isMarked(ownerOf(request), found.marker)) {
        return [];
    }
    const drop = dropsDatabase(node, request);
    const why = `data node ${inputs.nodeName} is deleted`;
    const ours = node.marked.filter(({ marker }) => marker.cluster === inputs.accessNode.id);
    const views = ours.filter(({ kind }) => kind === "v");
    const tables = ours.filter(({ kind }) => kind !== "v");
    const drops = [...views, ...tables].map((relation) => dropRelation(relation, `${why}, its database is kept`));
    return [
        ...(drop ? [] : at(nodeDatabase(inputs), drops, "shards")),
        // The access node's own sessions keep connections to the database open.
        ...planDropDatabase(node.database, {
            on: nodeMaintenance(inputs),
            name: nodeDatabaseName(inputs),
            owner: ownerOf(request),
            drop,
            force: true,
            why,
        }),
    ];
}

function dropRelation({ schema, name, kind }: MarkedRelation, why: string): Statement {
    const what = kind === "v" ? "view" : "table";
    return {
        name: `drop ${what} ${schema}.${name}`,
        why,
        sql: `DROP ${what.toUpperCase()} ${qualified(schema, name)}`,
        destroys: { what: `${what} ${schema}.${name}` },
    };
}
