/** Which engine a server is for: a new access node by what the server has, everything later by what is there. */
import type { EngineChoice, EngineName } from "./desired";
import type { Servers } from "./servers";

/**
 * The engine for a new access node, by what its server has. Reads the maintenance database.
 *
 * @param choice what the program asks for; "auto" takes multinode where it can be had
 * @throws ENGINE_UNAVAILABLE with what is needed and what the server has
 */
export declare function chooseEngineName(servers: Servers, choice: EngineChoice): Promise<EngineName>;

/**
 * The engine of an access node that is there, by the mark on its database, else by its catalogue.
 *
 * @throws NOT_FOUND where the database does not exist
 */
export declare function engineNameOf(servers: Servers): Promise<EngineName>;
