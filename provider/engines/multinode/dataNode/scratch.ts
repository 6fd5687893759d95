/** The scratch databases by way of which a data node was added, see addUnseen.ts. */
import { createHash } from "node:crypto";
import { identifier } from "../../../postgres/sql";
import type { Statement } from "../../step";
import { supports } from "../../versions/capabilities";
import { functionOf, type ClusterState, type NodeEntry } from "../cluster";

/** Unique on a server that several data nodes share. */
export function scratchName({ clusterId }: Pick<ClusterState, "clusterId">, nodeName: string, number: number): string {
    const node = createHash("sha256").update(nodeName).digest("hex").slice(0, 8);
    return `pulumi_${clusterId}_${node}_${number}`;
}

/** Whether an entry is still with a scratch database. */
export function isScratch(cluster: ClusterState, { name, database, marker }: NodeEntry): boolean {
    return marker?.scratch !== undefined && database === scratchName(cluster, name, marker.scratch);
}

/** The statements that drop the scratch databases, but not the one that the entry is with. */
export function planDropScratch(cluster: ClusterState, entry: NodeEntry): Statement[] {
    const force = supports("dropDatabaseForce", cluster.versions) ? " WITH (FORCE)" : "";
    return Array.from({ length: entry.marker?.scratch ?? 0 }, (_, index) => scratchName(cluster, entry.name, index + 1))
        .filter((database) => database !== entry.database)
        .map((database) => ({
            name: `drop database ${database}`,
            why: `${entry.name} was added by way of a scratch database`,
            sql: `CALL ${functionOf(cluster, "distributed_exec")}($1::text, ARRAY[$2::name], transactional => false)`,
            values: [`DROP DATABASE IF EXISTS ${identifier(database)}${force}`, entry.name],
        }));
}
