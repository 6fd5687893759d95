/** The access node: a database with TimescaleDB, which makes it a cluster, with its mark and the settings it needs. */
import { ProviderError } from "../../../errors";
import { planDatabase, type DatabaseState, type ObservedDatabase } from "../../marks/database";
import type { Marker } from "../../marks/marker";
import { mayTake, ownerOf, wantedClaim } from "../../marks/ownership";
import { accessNodeGone, refuseOtherCluster } from "../../marks/refusals";
import { planSettings } from "../../marks/settings";
import { accessDatabase, accessLabel, accessMaintenance } from "../../run/places";
import { at, type Plan, type Statement } from "../../step";
import type { AccessNodeRequest, ObservedAccessNode } from "./observe";
import { settingsFor } from "./settings";

/** The steps to the requested access node. */
export function planAccessNode(observed: ObservedAccessNode, request: AccessNodeRequest): Plan {
    const { inputs, last } = request;
    const { database, cluster } = observed;
    if (last !== undefined) {
        if (cluster === undefined) {
            throw accessNodeGone(inputs);
        }
        refuseOtherCluster(cluster.clusterId, { ...inputs, id: last.clusterId });
    }
    refuseOthers(database.database, request);
    const on = accessDatabase(inputs);
    const steps = planDatabase(withLostMark(database, request), {
        on: accessMaintenance(inputs),
        label: accessLabel(inputs),
        name: inputs.database,
        marker: markerOf(cluster?.clusterId ?? database.database?.marker?.cluster, request),
        adopt: inputs.adopt,
    });
    return cluster === undefined
        ? {
              steps: [...steps, ...at(on, [createExtension(inputs.database)])],
              continues: "TimescaleDB's version and the cluster's id are known only then: settings and mark follow",
              warnings: [],
          }
        : {
              steps: [
                  ...steps,
                  ...planSettings(on, settingsFor(cluster.versions, observed.mayInsertWithoutCopy), observed.settings),
              ],
              warnings: [],
          };
}

function createExtension(database: string): Statement {
    return {
        name: "create extension timescaledb",
        why: `database ${database} has no TimescaleDB`,
        sql: "CREATE EXTENSION timescaledb",
    };
}

/** The mark on the database. */
export function markerOf(cluster: string | undefined, request: AccessNodeRequest): Marker {
    return {
        ...(cluster === undefined ? {} : { cluster }),
        urn: request.inputs.logicalUrn,
        engine: "multinode",
        ...wantedClaim(request),
    };
}

/** Every access node has its database's cluster: whose it is, only the resource in the mark tells. */
function refuseOthers(database: DatabaseState | undefined, request: AccessNodeRequest): void {
    const { inputs } = request;
    const marker = database?.marker;
    if (marker !== undefined && !mayTake(ownerOf(request), marker)) {
        throw new ProviderError(
            "ALREADY_EXISTS",
            `database "${inputs.database}" exists on ${accessLabel(inputs)} and belongs to ${marker.urn}`,
            { remedy: "Choose another database, or set adopt: true to take it over" },
        );
    }
}

/** A database that this resource made or took over, and that bears no mark, has lost it. */
function withLostMark(found: ObservedDatabase, request: AccessNodeRequest): ObservedDatabase {
    const { last } = request;
    if (last === undefined || found.database === undefined || found.database.marker !== undefined) {
        return found;
    }
    const marker = { ...markerOf(undefined, request), ...(last.created.database ? {} : { adopted: true as const }) };
    return { ...found, database: { ...found.database, marker } };
}
