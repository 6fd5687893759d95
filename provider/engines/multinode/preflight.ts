/** What would keep the multinode engine from succeeding, found before any DDL and all at once. */
import type {
    AccessNodeComputed,
    AccessNodeInputs,
    DataNodeComputed,
    DataNodeInputs,
    DistributedHypertableComputed,
    DistributedHypertableInputs,
} from "../desired";
import type { Problem, Wish } from "../engine";
import type { NodeCheck } from "../preflight";
import type { Servers } from "../servers";

/** Checks the server of a new access node. */
export async function preflightAccessNode(
    servers: Servers,
    wish: Wish<AccessNodeInputs, AccessNodeComputed>,
): Promise<readonly Problem[]> {
    return [];
}

/** Checks a new data node: from the provider and from the access node's view. */
export async function preflightDataNode(
    servers: Servers,
    wish: Wish<DataNodeInputs, DataNodeComputed>,
): Promise<readonly Problem[]> {
    return [];
}

/** Checks what a new distributed hypertable needs of the access node and its data nodes. */
export async function preflightDistributedHypertable(
    servers: Servers,
    wish: Wish<DistributedHypertableInputs, DistributedHypertableComputed>,
): Promise<readonly Problem[]> {
    return [];
}

/** Checks servers before any resource exists. */
export async function checkServers(servers: Servers, nodes: readonly NodeCheck[]): Promise<readonly Problem[]> {
    return [];
}
