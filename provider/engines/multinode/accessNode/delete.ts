/** How an access node goes: its database with everything in it, or where it was there before, our traces in it. */
import { ProviderError } from "../../../errors";
import { supports } from "../../versions/capabilities";
import { planDropDatabase } from "../../marks/database";
import type { AccessNodeInputs } from "../../inputs";
import type { Plan } from "../../step";
import { claimedAnew, isClaimedAnew, isMarked, ownerOf } from "../../marks/ownership";
import type { AccessNodeRequest, ObservedAccessNode } from "./plan";
import { eraseNote } from "../dataNode/notes";
import { accessDatabase, accessMaintenance } from "../places";
import { planRemoveAll } from "../dataNode/removal";
import { planResetSettings, settingsFor } from "./settings";

/** How many objects a refusal names. */
const LISTED = 10;

/** From what is there to nothing. */
export function planDeleteAccessNode(observed: ObservedAccessNode | undefined, request: AccessNodeRequest): Plan {
    const { inputs, last } = request;
    if (observed === undefined) {
        return { steps: [], warnings: [] };
    }
    const { database } = observed.database;
    const { cluster } = observed;
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
    const removed = { steps: [], warnings: [], ...(drop ? removeNodes(observed, inputs) : undefined) };
    const versions = cluster?.versions ?? {
        engine: "multinode",
        postgresVersion: observed.postgresVersion,
        timescaledbVersion: null,
    };
    return {
        steps: [
            ...removed.steps,
            ...(drop || cluster === undefined
                ? []
                : [
                      ...planResetSettings(
                          accessDatabase(inputs),
                          settingsFor(cluster.versions, observed.mayInsertWithoutCopy),
                          observed.settings,
                      ),
                      ...observed.notes.map((schema) => ({
                          name: "dropSchema",
                          why: "a run was cut and never finished",
                          on: accessDatabase(inputs),
                          sql: eraseNote(schema),
                      })),
                  ]),
            ...planDropDatabase(accessMaintenance(inputs), inputs.database, observed.database, {
                owner: ownerOf(request),
                drop,
                force: supports("dropDatabaseForce", versions),
                why: "the access node is deleted",
            }),
        ],
        warnings: removed.warnings,
    };
}

/** Nothing goes unasked with the database: neither what it holds nor what its data nodes hold. */
function removeNodes({ cluster, relations, alive }: ObservedAccessNode, inputs: AccessNodeInputs): Plan {
    const nodes = cluster?.nodes ?? [];
    const held = [...nodes.map(({ name }) => `data node "${name}"`), ...relations];
    if (!inputs.forceDestroy && held.length > 0) {
        const more = held.length > LISTED ? ` and ${held.length - LISTED} more` : "";
        throw new ProviderError(
            "HOLDS_OTHER_OBJECTS",
            `database "${inputs.database}" holds ${held.slice(0, LISTED).join(", ")}${more}`,
            { remedy: "Remove them first, or set forceDestroy: true and run `pulumi up` before you destroy" },
        );
    }
    return cluster === undefined ? { steps: [], warnings: [] } : planRemoveAll(accessDatabase(inputs), cluster, alive);
}
