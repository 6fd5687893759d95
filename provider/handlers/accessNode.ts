import type { AccessNodeComputed, AccessNodeInputs } from "../engines/inputs";
import { chooseEngine } from "../engines";
import { Servers } from "../engines/run/servers";
import { ProviderError } from "../errors";
import { waitUntilReady } from "../postgres/pool";
import { identifier, oneOf } from "../validation/shapes";
import { COMMON_PROPERTIES, connectionShape, ENGINE_CHOICES } from "./connectionSchema";
import { handler } from "./handler";
import type { Kind } from "./kind";
import { planner } from "./planning/planner";
import { isChanged, type Schema } from "./schema";

/** The inputs of an AccessNode. */
export const accessNodeSchema: Schema<AccessNodeInputs> = {
    connection: {
        shape: connectionShape,
        required: true,
        effect: "updates",
        doc: "How the provider reaches the server. A change runs no DDL, and is refused when it reaches another cluster.",
    },
    database: {
        shape: identifier(),
        required: true,
        effect: "replaces",
        doc: "The database through which clients reach the cluster.",
    },
    engine: {
        shape: oneOf(ENGINE_CHOICES),
        default: "auto",
        effect: "updates",
        keptAs: "requestedEngine",
        doc: "The engine; `auto` chooses by what the server has, once, at create.",
    },
    timescaledb: {
        shape: oneOf(["auto", "required", "none"]),
        default: "auto",
        effect: "updates",
        doc: "Whether the database gets the timescaledb extension: where it can be had, always, never.",
    },
    ...COMMON_PROPERTIES,
};

/** Whether the program asks for another engine than the one that was pinned at create. */
function asksForOtherEngine(pinned: unknown, asked: unknown): boolean {
    return asked !== "auto" && pinned !== undefined && isChanged(pinned, asked);
}

const kind: Kind<AccessNodeInputs, AccessNodeComputed> = {
    schema: accessNodeSchema,
    label: ({ database, connection }) => `access node "${database}" on ${connection?.host}:${connection?.port}`,
    checkTogether: ({ engine, timescaledb }) =>
        engine === "multinode" && timescaledb === "none"
            ? [{ property: "timescaledb", reason: 'expected "auto" or "required" with engine "multinode", got "none"' }]
            : [],
    replaces: (olds, news) =>
        isChanged(olds.database, news.database) && asksForOtherEngine(olds.engine, news.engine) ? ["engine"] : [],
    // Old and new stand side by side under two names until the children have moved.
    deletesFirst: false,
    servers: ({ connection, database }) => new Servers({ connection, database }, {}),
    engine: (servers, inputs) => chooseEngine(servers, inputs.engine),
    announce: (pending, engine, inputs) => pending.add(engine, inputs),
    waitForServers: (_servers, { connection }) => waitUntilReady(connection, connection.maintenanceDatabase),
    resource: (engine) => engine.accessNode,
    id: (_inputs, { clusterId }) => clusterId,
    halfMade: () => undefined,
    refuseUpdate(last, inputs) {
        if (asksForOtherEngine(last.engine, inputs.engine)) {
            throw new ProviderError(
                "ENGINE_CHANGE_REFUSED",
                `the cluster was made with engine ${last.engine}, and its data cannot move to ${inputs.engine} in place`,
                {
                    remedy: "Give the access node another database as well, which makes a new cluster, or set engine back",
                },
            );
        }
    },
};

/** What Pulumi calls for an AccessNode. */
export const accessNode = handler(kind);

/** What an operation on an AccessNode would do. */
export const accessNodePlanner = planner(kind);
