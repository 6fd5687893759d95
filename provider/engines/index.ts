/** The engines by name, and which of them a server is for. */
import { ProviderError } from "../errors";
import { chooseEngineName, engineNameOf } from "./preflight/choose";
import type { EngineChoice, EngineName } from "./inputs";
import type { Engine, NodeCheck, Problem } from "./engine";
import { fdw } from "./fdw";
import { multinode } from "./multinode";
import { problem } from "./preflight/checks";
import { ACCESS, type Servers } from "./run/servers";

const ENGINES: Readonly<Record<EngineName, Engine>> = { multinode, fdw };

/** The engine of that name. */
export function engineByName(name: EngineName): Engine {
    return ENGINES[name];
}

/**
 * The engine for a new access node: what is asked for, or by what its server has.
 *
 * @throws ENGINE_UNAVAILABLE with what is needed and what the server has
 */
export async function chooseEngine(servers: Servers, choice: EngineChoice): Promise<Engine> {
    return engineByName(await chooseEngineName(servers, choice));
}

/**
 * The engine of an access node that is there.
 *
 * @throws NOT_FOUND where its database does not exist
 */
export async function engineOf(servers: Servers): Promise<Engine> {
    return engineByName(await engineNameOf(servers));
}

/**
 * Everything that would keep a cluster from being made out of these servers, all at once; changes nothing.
 *
 * @param servers the access node's database may be its maintenance database where the cluster's is not known yet
 * @param choice as for an access node; where no engine fits, that is the problem
 */
export async function checkServers(
    servers: Servers,
    nodes: readonly NodeCheck[],
    choice: EngineChoice = "auto",
): Promise<readonly Problem[]> {
    const [engine, problems] = await chooseEngineName(servers, choice).then(
        (name) => [name, []] as const,
        (error: unknown) => [choice === "multinode" ? choice : "fdw", noEngine(servers, error)] as const,
    );
    return [...problems, ...(await engineByName(engine).checkServers(servers, nodes))];
}

/** That the access node cannot be reached at all is told by the engine's own check. */
function noEngine(servers: Servers, error: unknown): Problem[] {
    return error instanceof ProviderError && error.code === "ENGINE_UNAVAILABLE"
        ? [problem(servers.label(ACCESS), { check: "engine", what: error.reason, remedy: error.remedy ?? "" })]
        : [];
}
