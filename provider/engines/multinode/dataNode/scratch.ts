/** The scratch databases by way of which a data node was added, see detour.ts. */
import { createHash } from "node:crypto";
import { identifier } from "../../../postgres/sql";
import { supports } from "../../versions/capabilities";
import type { Step } from "../../step";
import type { Place } from "../../run/servers";
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

/** The steps that drop the scratch databases, but not the one that the entry is with. */
export function planDropScratch(on: Place, cluster: ClusterState, entry: NodeEntry): Step[] {
    const force = supports("dropDatabaseForce", cluster.versions) ? " WITH (FORCE)" : "";
    return Array.from({ length: entry.marker?.scratch ?? 0 }, (_, index) => scratchName(cluster, entry.name, index + 1))
        .filter((database) => database !== entry.database)
        .map((database) => ({
            name: "distributedExec",
            why: `${entry.name} was added by way of a scratch database`,
            on,
            sql: `CALL ${functionOf(cluster, "distributed_exec")}($1::text, ARRAY[$2::name], transactional => false)`,
            values: [`DROP DATABASE IF EXISTS ${identifier(database)}${force}`, entry.name],
        }));
}
