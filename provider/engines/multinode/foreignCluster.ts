/** A database that is a data node of another cluster. */
import { ProviderError } from "../../errors";
import type { DataNodeInputs } from "../desired";
import { nodeDatabaseName, nodeLabel } from "./places";

/** It must not lose the database by mistake. */
export function foreignCluster(inputs: DataNodeInputs, distUuid: string): ProviderError {
    return new ProviderError(
        "FOREIGN_CLUSTER",
        `database "${nodeDatabaseName(inputs)}" on ${nodeLabel(inputs)} is a data node of cluster ${distUuid}`,
        {
            remedy:
                "Remove it there first. If that cluster is gone, drop the database, " +
                "or set adopt: true and forceDestroy: true to take it over without its tables",
        },
    );
}
