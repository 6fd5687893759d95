/** The order in which both engines look at servers and check them. What they check is each engine's own. */
import type { NodeCheck, Problem } from "../engine";
import { ACCESS, type Servers } from "../run/servers";
import { databaseTakenProblem, unreached } from "./checks";
import { readAccess, readFutureAccess, readNode, type AccessSide, type NodeSide } from "./readServers";

/** What an engine checks. */
export interface ServerChecks {
    access(access: AccessSide): readonly Problem[] | Promise<readonly Problem[]>;
    node(node: NodeCheck, access: AccessSide, found: NodeSide): readonly Problem[];
    /** The access node's own route to the data node. */
    route(node: NodeCheck, access: AccessSide): Promise<readonly Problem[]>;
}

/** Checks a new data node of an access node that is there. */
export async function checkDataNode(
    servers: Servers,
    node: NodeCheck,
    checks: ServerChecks,
): Promise<readonly Problem[]> {
    const reading = readAccess(servers);
    const trying = reading.then((access) => checks.route(node, access));
    const [access, found, route] = await Promise.all([reading, readNode(servers, node), trying]);
    return [...(await checks.access(access)), ...checks.node(node, access, found), ...route];
}

/** Checks servers before any resource exists. */
export async function checkAllServers(
    servers: Servers,
    nodes: readonly NodeCheck[],
    checks: ServerChecks,
): Promise<readonly Problem[]> {
    const [access, found] = await Promise.all([
        readFutureAccess(servers).catch((error: unknown) => unreached(servers.label(ACCESS), error)),
        Promise.all(nodes.map(async (node) => ({ node, side: await readNode(servers, node) }))),
    ]);
    if ("check" in access) {
        const failing = found.filter(({ side }) => side.failure !== undefined);
        return [access, ...failing.map(({ node, side }) => unreached(servers.label(node.nodeName), side.failure))];
    }
    const problems = [...(await checks.access(access)), ...checkAccessName(servers, access)];
    // One after another: each tries its route in a transaction of its own on the access node.
    for (const { node, side } of found) {
        problems.push(...checks.node(node, access, side), ...(await checks.route(node, access)));
    }
    return problems;
}

/** The name of the access node's database must be free, unless it is not known yet. */
function checkAccessName(servers: Servers, { facts }: AccessSide): Problem[] {
    const { connection, database } = servers.access;
    const taken =
        database !== connection.maintenanceDatabase &&
        facts.database?.name === database &&
        facts.database.marker === undefined;
    return taken ? [databaseTakenProblem(servers.label(ACCESS), database)] : [];
}
