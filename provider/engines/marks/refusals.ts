/** What both engines refuse of a cluster and its data nodes, in the same words. */
import { ProviderError } from "../../errors";
import { address } from "../../postgres/connection";
import type { AccessNodeReference, CommonInputs, DataNodeInputs } from "../inputs";
import { accessLabel, nodeDatabaseName, type RegisteredNode } from "../run/places";

/** The access node's database that has to be there, and is not or holds no cluster. */
export function accessNodeGone(accessNode: Pick<AccessNodeReference, "connection" | "database">): ProviderError {
    const where = `database "${accessNode.database}" on ${accessLabel(accessNode)}`;
    return new ProviderError("NOT_FOUND", `${where} does not exist, or holds no cluster any more`, {
        remedy: "Make the access node first; if it was lost, run `pulumi refresh`, and the next `pulumi up` makes a new one",
    });
}

/**
 * Refuses an access node's database that is another cluster than the one of the state.
 *
 * @param found the cluster's id that was read; undefined: it bears none
 * @throws FOREIGN_CLUSTER
 */
export function refuseOtherCluster(found: string | undefined, accessNode: AccessNodeReference): void {
    if (found !== accessNode.id) {
        throw new ProviderError(
            "FOREIGN_CLUSTER",
            `database "${accessNode.database}" on ${accessLabel(accessNode)} is ` +
                `${found === undefined ? "no cluster of this package" : `cluster ${found}`}, not ${accessNode.id}`,
            { remedy: "Point the access node's connection at the server that holds this stack's cluster" },
        );
    }
}

/**
 * Refuses a database that is registered under another name: the access node would wait for itself.
 *
 * @throws NODE_IN_USE
 */
export function refuseSecondName(registered: readonly RegisteredNode[], inputs: DataNodeInputs): void {
    const { nodeName, host, port } = inputs;
    const other = registered.find(
        (node) =>
            node.name !== nodeName &&
            node.host === host &&
            node.port === port &&
            node.database === nodeDatabaseName(inputs),
    );
    if (other !== undefined) {
        throw nodeInUseError(inputs, other.name);
    }
}

/** The error for a database that is a data node of the same cluster under another name. */
export function nodeInUseError(inputs: DataNodeInputs, name: string): ProviderError {
    const where = `database "${nodeDatabaseName(inputs)}" on ${address(inputs)}`;
    return new ProviderError("NODE_IN_USE", `${where} is data node "${name}" already`, {
        remedy: "Give each data node a server or a database of its own, or remove the other one first",
    });
}

/** How many objects a refusal names. */
const LISTED = 10;

/**
 * Refuses to take along what is not the resource's, unless the program says so.
 *
 * @param where `database "metrics"`
 * @throws HOLDS_OTHER_OBJECTS with the first few of them
 */
export function refuseHeldObjects(
    where: string,
    objects: readonly string[],
    { forceDestroy }: Pick<CommonInputs, "forceDestroy">,
): void {
    if (!forceDestroy && objects.length > 0) {
        const more = objects.length > LISTED ? ` and ${objects.length - LISTED} more` : "";
        throw new ProviderError("HOLDS_OTHER_OBJECTS", `${where} holds ${objects.slice(0, LISTED).join(", ")}${more}`, {
            remedy: "Remove them first, or set forceDestroy: true and run `pulumi up` once before you destroy",
        });
    }
}
