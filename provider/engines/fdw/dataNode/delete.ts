/** From a data node to nothing: first off the access node, so that no query goes there any more, then its database. */
import { ProviderError } from "../../../errors";
import { identifier, qualified } from "../../../postgres/sql";
import { planDropDatabase } from "../../marks/database";
import type { DataNodeInputs } from "../../inputs";
import type { Plan, Step } from "../../step";
import { ACCESS } from "../../run/servers";
import type { DataNodeRequest, NodeServer, ObservedDataNode } from "./observe";
import { nodeDatabase, nodeMaintenance } from "./plan";
import { isMarked, ownerOf } from "../../marks/ownership";
import { unreachable } from "../reach";

/** What to do until nothing of the node is left. */
export function planDeleteDataNode(observed: ObservedDataNode | undefined, request: DataNodeRequest): Plan {
    const { inputs } = request;
    if (observed === undefined) {
        return { steps: [], warnings: [] };
    }
    const { node } = observed;
    const attached = planUnregister(observed, request);
    if (!node.reachable) {
        if (!inputs.forceDestroy) {
            throw unreachable(inputs.nodeName, node);
        }
        const left =
            `could not clean up data node ${inputs.nodeName} (${inputs.host}:${inputs.port} does not answer): ` +
            `database ${nodeDatabase(inputs)} stays there`;
        return { steps: attached, warnings: [left] };
    }
    refuseLosses(observed, node, request);
    return { steps: [...attached, ...planNode(node, request)], warnings: [] };
}

function refuseLosses(observed: ObservedDataNode, node: NodeServer, request: DataNodeRequest): void {
    const { inputs } = request;
    if (inputs.forceDestroy || !isMarked(ownerOf(request), node.database.database?.marker)) {
        return;
    }
    if (node.holding.length > 0) {
        const shards = node.holding.join(", ");
        if (inputs.drainOnDelete) {
            throw new ProviderError(
                "NOT_SUPPORTED",
                `the engine fdw cannot move shards to other nodes yet, and data node ${inputs.nodeName} holds rows in ${shards}`,
                { remedy: "Empty or delete the tables first, or set forceDestroy: true and run `pulumi up` before" },
            );
        }
        throw new ProviderError(
            "LAST_COPY",
            `data node ${inputs.nodeName} holds the only copy of shards with rows, such as ${shards}`,
            {
                remedy: "Delete the tables first, or set forceDestroy: true and run `pulumi up` once before you destroy",
            },
        );
    }
    const others = [...foreignShards(observed, inputs), ...(dropsDatabase(node, request) ? node.foreignObjects : [])];
    if (others.length > 0) {
        const more = others.length > 10 ? ` and ${others.length - 10} more` : "";
        throw new ProviderError(
            "HOLDS_OTHER_OBJECTS",
            `data node ${inputs.nodeName} holds ${others.slice(0, 10).join(", ")}${more}`,
            { remedy: "Remove them first, or set forceDestroy: true and run `pulumi up` once before you destroy" },
        );
    }
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
    const { inputs } = request;
    const server = access?.catalogue.servers.find(({ name }) => name === inputs.nodeName);
    if (access === undefined || server === undefined || !isMarked(ownerOf(request), server.marker)) {
        return [];
    }
    const on = { server: ACCESS, database: inputs.accessNode.database };
    const step = (name: string, sql: string): Step => ({
        name,
        why: `data node ${inputs.nodeName} is deleted`,
        on,
        sql,
        transaction: `server ${inputs.nodeName}`,
    });
    const cascade = inputs.forceDestroy ? " CASCADE" : "";
    const name = identifier(inputs.nodeName);
    return [
        ...access.shards.map((shard) => ({
            ...step("dropForeignTable", `DROP FOREIGN TABLE ${qualified(shard.schema, shard.name)}${cascade}`),
            destroys: { what: `foreign table ${shard.schema}.${shard.name}` },
        })),
        ...server.mappings.map(({ localRole }) =>
            step(
                "dropUserMapping",
                `DROP USER MAPPING FOR ${localRole === null ? "PUBLIC" : identifier(localRole)} SERVER ${name}`,
            ),
        ),
        step("dropServer", `DROP SERVER ${name}`),
    ];
}

/** Drops the node's database; one that was there before is kept, without what is ours in it. */
function planNode(node: NodeServer, request: DataNodeRequest): Step[] {
    const { inputs } = request;
    const found = node.database.database;
    if (found !== undefined && !isMarked(ownerOf(request), found.marker)) {
        return [];
    }
    const drop = dropsDatabase(node, request);
    const ours = node.marked.filter(({ marker }) => marker.cluster === inputs.accessNode.id);
    const views = ours.filter(({ kind }) => kind === "v");
    const tables = ours.filter(({ kind }) => kind !== "v");
    const why = `data node ${inputs.nodeName} is deleted`;
    const kept = [...views, ...tables].map(({ schema, name, kind }): Step => ({
        name: kind === "v" ? "dropView" : "dropTable",
        why: `${why}, its database is kept`,
        on: { server: inputs.nodeName, database: nodeDatabase(inputs) },
        sql: `DROP ${kind === "v" ? "VIEW" : "TABLE"} ${qualified(schema, name)}`,
        transaction: "shards",
        destroys: { what: `${kind === "v" ? "view" : "table"} ${schema}.${name}` },
    }));
    return [
        ...(drop ? [] : kept),
        // The access node's own sessions keep connections to the database open.
        ...planDropDatabase(nodeMaintenance(inputs), nodeDatabase(inputs), node.database, {
            owner: ownerOf(request),
            drop,
            force: true,
            why,
        }),
    ];
}
