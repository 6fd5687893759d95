/** What an access node's server holds: the database, and what of the cluster is in it. */
import type { AccessNodeComputed, AccessNodeInputs } from "../../inputs";
import type { Request } from "../../engine";
import { observeDatabase, type ObservedDatabase } from "../../marks/database";
import { readForeignObjects } from "../../marks/foreignObjects";
import { ACCESS, type Servers } from "../../run/servers";
import { readAccessCatalogue, type AccessCatalogue } from "../catalogue";
import { readServerFacts, type ServerFacts } from "../serverFacts";

/** A request for an access node. */
export type AccessNodeRequest = Request<AccessNodeInputs, AccessNodeComputed>;

/** What an access node's server holds of it. */
export interface ObservedAccessNode {
    readonly facts: ServerFacts;
    readonly database: ObservedDatabase;
    /** undefined while the database does not exist under its name. */
    readonly catalogue?: AccessCatalogue;
    /** What in the database was not made by this package, for example `table "public.users"`. */
    readonly foreignObjects: readonly string[];
}

/** Reads the server, and the database where it exists. */
export async function observeAccessNode(servers: Servers, { inputs }: AccessNodeRequest): Promise<ObservedAccessNode> {
    const server = await servers.on(servers.maintenance(ACCESS), async (session) => ({
        facts: await readServerFacts(session),
        database: await observeDatabase(session, inputs.database),
    }));
    return server.database.database === undefined
        ? { ...server, foreignObjects: [] }
        : servers.on(servers.cluster(ACCESS), async (session) => ({
              ...server,
              catalogue: await readAccessCatalogue(session),
              foreignObjects: await readForeignObjects(session),
          }));
}
