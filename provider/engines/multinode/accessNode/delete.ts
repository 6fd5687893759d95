/** How an access node goes: its database with everything in it, or where it was there before, our traces in it. */
import { supports } from "../../versions/capabilities";
import { planDropDatabase } from "../../marks/database";
import { claimedAnew, isClaimedAnew, isMarked, ownerOf } from "../../marks/ownership";
import { refuseHeldObjects } from "../../marks/refusals";
import { planResetSettings } from "../../marks/settings";
import { accessDatabase, accessMaintenance } from "../../run/places";
import { at, NOTHING_TO_DO, type Plan, type Step } from "../../step";
import { eraseNote } from "../dataNode/notes";
import { planRemoveAll } from "../dataNode/removal";
import type { AccessNodeRequest, ObservedAccessNode } from "./observe";
import { settingsFor } from "./settings";

/** From what is there to nothing. */
export function planDeleteAccessNode(observed: ObservedAccessNode, request: AccessNodeRequest): Plan {
    const { inputs, last } = request;
    const { cluster, postgresVersion } = observed;
    const { database } = observed.database;
    if (isClaimedAnew(request, database?.marker)) {
        return { steps: [], warnings: [claimedAnew(inputs.database)] };
    }
    const known = last !== undefined && (cluster === undefined || cluster.clusterId === last.clusterId);
    if (database !== undefined && !isMarked(ownerOf(request), database.marker) && !known) {
        return {
            steps: [],
            warnings: [`database "${inputs.database}" is not this resource's any more and is left alone`],
        };
    }
    const adopted = database !== undefined && (database.marker?.adopted ?? last?.created.database === false);
    const drop = !adopted || inputs.forceDestroy;
    const removed = drop
        ? planRemoveContents(observed, request)
        : { ...NOTHING_TO_DO, steps: planRemoveTraces(observed, request) };
    return {
        steps: [
            ...removed.steps,
            ...planDropDatabase(observed.database, {
                on: accessMaintenance(inputs),
                name: inputs.database,
                owner: ownerOf(request),
                drop,
                force: supports("dropDatabaseForce", {
                    engine: "multinode",
                    postgresVersion,
                    timescaledbVersion: cluster?.versions.timescaledbVersion ?? null,
                }),
                why: "the access node is deleted",
            }),
        ],
        warnings: removed.warnings,
    };
}

/** Nothing goes unasked with the database: neither what it holds nor what its data nodes hold. */
function planRemoveContents({ cluster, objects, alive }: ObservedAccessNode, { inputs }: AccessNodeRequest): Plan {
    const nodes = (cluster?.nodes ?? []).map(({ name }) => `data node "${name}"`);
    refuseHeldObjects(`database "${inputs.database}"`, [...nodes, ...objects], inputs);
    return cluster === undefined ? NOTHING_TO_DO : planRemoveAll(accessDatabase(inputs), cluster, alive);
}

/** What a database that is kept loses. */
function planRemoveTraces(observed: ObservedAccessNode, { inputs }: AccessNodeRequest): Step[] {
    const { cluster, settings, notes } = observed;
    const on = accessDatabase(inputs);
    return cluster === undefined
        ? []
        : [
              ...planResetSettings(on, settingsFor(cluster.versions, observed.mayInsertWithoutCopy), settings),
              ...at(
                  on,
                  notes.map((schema) => ({
                      name: `drop schema ${schema}`,
                      why: "an interrupted run has left it",
                      sql: eraseNote(schema),
                  })),
              ),
          ];
}
