/** A data node as inputs and outputs. */
import { alterOptionsClause, type Options } from "../../../postgres/sql";
import type { DataNodeComputed, DataNodeInputs } from "../../inputs";
import type { Description } from "../../engine";
import { nodeDatabaseName } from "../../run/places";
import { findServer, type ForeignServer } from "../catalogue";
import { isMapping, mappingOptions } from "./mapping";
import type { AccessSide, DataNodeRequest, ObservedDataNode } from "./observe";
import { requestedOptions, serverOptions } from "./serverOptions";

/** The options that have inputs of their own. */
const OWN_INPUTS: ReadonlySet<string> = new Set(["host", "port", "dbname"]);

/** What both sides have. What no input can say, such as an option of ours that is missing, shows in the plan. */
export function describeDataNode(
    { access, node }: ObservedDataNode,
    { inputs, last }: DataNodeRequest,
): Description<DataNodeInputs, DataNodeComputed> {
    const server = access && findServer(access.catalogue, inputs.nodeName);
    const database = node.reachable ? (node.database.database ?? node.database.provisional) : undefined;
    return {
        inputs:
            access === undefined || server === undefined
                ? inputs
                : { ...inputs, ...describeServer(access, server, requestedOptions(access, node, inputs), inputs) },
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
    { facts }: AccessSide,
    server: ForeignServer,
    requested: Options,
    inputs: DataNodeInputs,
): Partial<DataNodeInputs> {
    const { host = "", port = "", dbname = "" } = server.options;
    const local = inputs.accessNode.connection.user;
    const mapping = server.mappings.find(({ localRole }) => localRole === local);
    const user = mapping?.remoteRole ?? undefined;
    const hasPassword = mapping !== undefined && isMapping(mapping, { ...mappingOptions(inputs), user: user ?? "" });
    return {
        host,
        port: Number(port),
        ...(dbname === nodeDatabaseName(inputs) ? {} : { database: dbname }),
        ...(user === (inputs.user ?? local) ? {} : { user }),
        ...(hasPassword ? {} : { password: undefined }),
        serverOptions:
            alterOptionsClause(server.options, requested) === undefined
                ? inputs.serverOptions
                : givenOptions(server.options, requested, inputs, facts.postgresVersion),
        available: server.marker?.available !== false,
    };
}

/** What a program would have to say to get the options found: all that differ from what we say by ourselves. */
function givenOptions(found: Options, requested: Options, inputs: DataNodeInputs, postgresVersion: string): Options {
    const timescaledb = requested.extensions === "timescaledb";
    const own = serverOptions({ ...inputs, serverOptions: {} }, { postgresVersion, timescaledb });
    return Object.fromEntries(
        Object.entries(found).filter(
            ([name, value]) => !OWN_INPUTS.has(name) && (own[name] !== value || inputs.serverOptions[name] === value),
        ),
    );
}
