import type { AccessNodeReference, DataNodeComputed, DataNodeInputs, DataNodeReference } from "../engines/inputs";
import { engineOf } from "../engines";
import { ACCESS, Servers, type ServerAccess } from "../engines/run/servers";
import { waitUntilReady } from "../postgres/pool";
import { host } from "../validation/host";
import { bool, identifier, integer, oneOf, record, text } from "../validation/shapes";
import { isUnknown } from "../validation/unknown";
import { accessNodeProperty, COMMON_PROPERTIES, connectionShape, waitForServer } from "./connectionSchema";
import { handler } from "./handler";
import type { Kind } from "./kind";
import { planner } from "./planning/planner";
import { isChanged, type Schema } from "./schema";

/** The inputs of a DataNode. */
export const dataNodeSchema: Schema<DataNodeInputs> = {
    accessNode: accessNodeProperty,
    nodeName: {
        shape: identifier(),
        required: true,
        effect: "replaces",
        absent: "the resource's name",
        doc: "The node's name on the access node.",
    },
    host: {
        shape: host,
        required: true,
        effect: "updates",
        doc: "Where the access node finds the server.",
    },
    port: { shape: integer(1, 65535), default: 5432, effect: "updates", doc: "Port, as the access node sees it." },
    // Compared by kind.replaces: writing down the access node's own database is no change.
    database: {
        shape: identifier(),
        effect: "updates",
        absent: "the access node's",
        doc: "The node's database. A change replaces the node.",
    },
    user: {
        shape: identifier(),
        effect: "updates",
        absent: "the access node's user",
        doc: "Role that the access node connects as.",
    },
    password: {
        shape: text("a password", { secret: true }),
        effect: "updates",
        absent: "trust, passfile or certificate, as the servers have it",
        doc: "Password of that role; kept in a user mapping.",
    },
    serverOptions: {
        shape: record(text("a string", { empty: true })),
        default: {},
        effect: "updates",
        doc: "Options of the foreign server, over the provider's own.",
    },
    bootstrap: {
        shape: bool,
        default: true,
        effect: "acts only at create",
        doc: "false: the database is there and prepared.",
    },
    connection: {
        shape: connectionShape,
        effect: "updates",
        absent: "host and port, with the access node's user, password and TLS",
        doc: "How the provider reaches the server. A change runs no DDL.",
    },
    available: { shape: bool, default: true, effect: "updates", doc: "false: queries and new rows go past this node." },
    drainOnDelete: {
        shape: bool,
        default: false,
        effect: "updates",
        doc: "Moves the node's chunks to other nodes before it is deleted.",
    },
    timescaledb: {
        shape: oneOf(["auto", "required", "none"]),
        default: "auto",
        effect: "updates",
        doc: "fdw: whether the node's database gets the timescaledb extension.",
    },
    ...COMMON_PROPERTIES,
};

/** How the provider reaches a data node: as stated, or by the access node's way with the access node's user and TLS. */
export function nodeAccess(node: DataNodeReference, accessNode: AccessNodeReference): ServerAccess | undefined {
    const { connection, database } = accessNode;
    if (node.connection === undefined && node.host === undefined) {
        return undefined;
    }
    return {
        connection: node.connection ?? {
            ...connection,
            host: node.host ?? connection.host,
            port: node.port ?? 5432,
        },
        database: node.database ?? database,
        passwordFrom: node.connection === undefined ? "accessNode.connection.password" : "connection.password",
    };
}

const kind: Kind<DataNodeInputs, DataNodeComputed> = {
    schema: dataNodeSchema,
    label: ({ nodeName, host, port }) => `data node "${nodeName}" (${host}:${port})`,
    checkTogether: ({ nodeName }) => [
        // Steps call their servers by name: a data node of that name would be taken for the access node's server.
        ...(nodeName === ACCESS
            ? [
                  {
                      property: "nodeName",
                      reason: `expected another name than that of the access node's server, got "${ACCESS}"`,
                  },
              ]
            : []),
        // Tables hold their data nodes by name, and Pulumi loses a key of that name on the way.
        ...(nodeName === "__proto__"
            ? [
                  {
                      property: "nodeName",
                      reason: 'expected another name than JavaScript\'s own "__proto__", got "__proto__"',
                  },
              ]
            : []),
    ],
    replaces: (olds, news) => (isChanged(databaseOf(olds), databaseOf(news)) ? ["database"] : []),
    // The node's name, or its server's database, is the same before and after.
    deletesFirst: true,
    servers(inputs) {
        const access = nodeAccess(inputs, inputs.accessNode);
        return new Servers(inputs.accessNode, access === undefined ? {} : { [inputs.nodeName]: access });
    },
    engine: (servers) => engineOf(servers),
    announce: (pending, _engine, inputs) => void pending.find(inputs)?.dataNodes.push(inputs),
    async waitForServers(servers, { connection, nodeName }) {
        const node = servers.find(nodeName);
        await Promise.all([
            waitUntilReady(servers.access.connection, servers.access.database),
            node === undefined ? undefined : waitForServer(node.connection, connection !== undefined),
        ]);
    },
    resource: (engine) => engine.dataNode,
    id: ({ nodeName }, { clusterId }) => `${clusterId}/${nodeName}`,
    halfMade: (inputs, engine) => ({ engine, clusterId: inputs.accessNode.id, created: { database: true } }),
};

/** The database that the node has, also where it is the access node's; an unknown access node makes it unknown. */
function databaseOf({ database, accessNode }: Readonly<Record<string, unknown>>): unknown {
    return (
        database ??
        (isUnknown(accessNode) ? accessNode : (accessNode as Partial<AccessNodeReference> | undefined)?.database)
    );
}

/** What Pulumi calls for a DataNode. */
export const dataNode = handler(kind);

/** What an operation on a DataNode would do. */
export const dataNodePlanner = planner(kind);
