/** The clusters that a run is going to make: by these what belongs to them is planned before they are there. */
import type { AccessNodeInputs, AccessNodeReference } from "../../engines/inputs";
import type { PendingCluster, Engine } from "../../engines/engine";
import { address } from "../../postgres/connection";
import { holdsUnknown, isUnknown } from "../../validation/unknown";

/** Stands for the id of a cluster that the operation itself will draw. */
export const NEW_CLUSTER_ID = "<id of the new cluster>";

/** A cluster to come. */
export interface ComingCluster extends PendingCluster {
    readonly engine: Engine;
    readonly dataNodes: PendingCluster["dataNodes"][number][];
}

type Way = Pick<AccessNodeReference, "connection" | "database">;

/** What the operations of a run that were planned so far are going to make. */
export class PendingClusters {
    private readonly clusters = new Map<string, ComingCluster>();

    /** Notes a cluster. */
    add(engine: Engine, accessNode: AccessNodeInputs): void {
        this.clusters.set(keyOf(accessNode), { engine, accessNode, dataNodes: [] });
    }

    /** The cluster that a resource makes, or belongs to, if it is one to come. */
    find(inputs: object): ComingCluster | undefined {
        const { accessNode, ...own } = inputs as Partial<Way> & { readonly accessNode?: Partial<Way> };
        const { connection, database } = accessNode ?? own;
        return connection === undefined || database === undefined || holdsUnknown([connection, database])
            ? undefined
            : this.clusters.get(keyOf({ connection, database }));
    }

    /** A child's inputs with {@link NEW_CLUSTER_ID} where the id of its cluster is not known because it is to come. */
    settle<Inputs extends object>(inputs: Inputs): Inputs {
        const { accessNode } = inputs as { readonly accessNode?: AccessNodeReference };
        return accessNode === undefined || !isUnknown(accessNode.id) || this.find(inputs) === undefined
            ? inputs
            : { ...inputs, accessNode: { ...accessNode, id: NEW_CLUSTER_ID } };
    }
}

function keyOf({ connection, database }: Way): string {
    return JSON.stringify([address(connection), database]);
}
