/** A data node: a database on its own server, and on the access node a foreign server and a user mapping for it. */
import type { DataNodeComputed, DataNodeInputs } from "../../inputs";
import type { Description, ResourceEngine } from "../../engine";
import { ACCESS } from "../../run/servers";
import type { ForeignServer } from "../catalogue";
import { planDeleteDataNode } from "./delete";
import { observeDataNode, type DataNodeRequest, type ObservedDataNode } from "./observe";
import { isMapping, mappingOptions, nodeDatabase, planDataNode, wantedOptions } from "./plan";
import { foreseeDataNode } from "../foresee";
import { preflightDataNode } from "../preflight";
import { alterOptionsClause, serverOptions, type Options } from "./serverOptions";

/** Data nodes of the engine fdw. */
export const dataNode: ResourceEngine<DataNodeInputs, DataNodeComputed, ObservedDataNode | undefined> = {
    locks: ({ inputs }) => ({
        on: { server: ACCESS, database: inputs.accessNode.database },
        locks: [{ name: "cluster", shared: false }],
    }),
    preflight: preflightDataNode,
    observe: observeDataNode,
    isThere: (observed) => observed !== undefined,
    foresee: foreseeDataNode,
    plan: planDataNode,
    planDelete: planDeleteDataNode,
    describe,
};

function describe(
    observed: ObservedDataNode,
    { inputs, last }: DataNodeRequest,
): Description<DataNodeInputs, DataNodeComputed> {
    const { access, node } = observed;
    const server = access?.catalogue.servers.find(({ name }) => name === inputs.nodeName);
    const database = node.reachable ? (node.database.database ?? node.database.provisional) : undefined;
    return {
        inputs: {
            ...inputs,
            ...(access === undefined || server === undefined ? {} : describeServer(observed, server, inputs)),
            ...(node.reachable && inputs.timescaledb === "required" && node.timescaledb === null
                ? { timescaledb: "auto" as const }
                : {}),
        },
        computed: {
            engine: "fdw",
            clusterId: access?.catalogue.marker?.cluster ?? inputs.accessNode.id,
            created: {
                database: database === undefined ? (last?.created.database ?? true) : database.marker?.adopted !== true,
            },
        },
    };
}

function describeServer(
    { access, node }: ObservedDataNode,
    server: ForeignServer,
    inputs: DataNodeInputs,
): Partial<DataNodeInputs> {
    if (access === undefined) {
        return {};
    }
    const { host = "", port = "", dbname = "" } = server.options;
    const wanted = wantedOptions(access, node, inputs);
    const local = inputs.accessNode.connection.user;
    const mapping = server.mappings.find(({ localRole }) => localRole === local);
    const user = mapping?.remoteRole ?? undefined;
    const asRequested = mapping !== undefined && isMapping(mapping, { ...mappingOptions(inputs), user: user ?? "" });
    return {
        host,
        port: Number(port),
        ...(dbname === nodeDatabase(inputs) ? {} : { database: dbname }),
        ...(user === (inputs.user ?? local) ? {} : { user }),
        ...(asRequested ? {} : { password: undefined }),
        serverOptions:
            alterOptionsClause(server.options, wanted) === undefined
                ? inputs.serverOptions
                : givenOptions(server.options, wanted, inputs, access.facts.postgresVersion),
        available: server.marker?.available !== false,
    };
}

/** What a program would have to say to get these options: all that differ from what we say by ourselves. */
function givenOptions(found: Options, wanted: Options, inputs: DataNodeInputs, postgresVersion: string): Options {
    const timescaledb = wanted.extensions === "timescaledb";
    const own = serverOptions({ ...inputs, serverOptions: {} }, { postgresVersion, timescaledb });
    const ways = new Set(["host", "port", "dbname"]);
    const differing = Object.entries(found).filter(
        ([name, value]) => !ways.has(name) && (own[name] !== value || inputs.serverOptions[name] === value),
    );
    const missing = Object.keys(wanted).filter((name) => !ways.has(name) && found[name] === undefined);
    return Object.fromEntries([...differing, ...missing.map((name): [string, string] => [name, ""])]);
}
