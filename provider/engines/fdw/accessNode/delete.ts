/** How an access node goes: its database with everything in it, or where it was there before, our traces in it. */
import { planDropDatabase } from "../../marks/database";
import { claimedAnew, isClaimedAnew, isMarked, ownerOf } from "../../marks/ownership";
import { refuseHeldObjects } from "../../marks/refusals";
import { planResetSettings } from "../../marks/settings";
import { accessDatabase, accessMaintenance } from "../../run/places";
import type { Plan } from "../../step";
import type { AccessNodeRequest, ObservedAccessNode } from "./observe";
import { SETTINGS } from "./plan";

/** From what is there to nothing. */
export function planDeleteAccessNode(observed: ObservedAccessNode, request: AccessNodeRequest): Plan {
    const { inputs, last } = request;
    const { catalogue, foreignObjects } = observed;
    const { database } = observed.database;
    if (isClaimedAnew(request, database?.marker)) {
        return { steps: [], warnings: [claimedAnew(inputs.database)] };
    }
    const ours = last !== undefined && database?.marker?.cluster === last.clusterId;
    if (database !== undefined && !ours && !isMarked(ownerOf(request), database.marker)) {
        return {
            steps: [],
            warnings: [`database "${inputs.database}" bears no mark of this cluster and is left alone`],
        };
    }
    const drop = database?.marker?.adopted !== true && last?.created.database !== false;
    const nodes = catalogue?.servers.filter(({ marker }) => marker?.engine === "fdw") ?? [];
    const held = [...nodes.map(({ name }) => `data node "${name}"`), ...(drop ? foreignObjects : [])];
    refuseHeldObjects(`database "${inputs.database}"`, held, inputs);
    return {
        steps: [
            ...(drop || catalogue === undefined
                ? []
                : planResetSettings(accessDatabase(inputs), SETTINGS, catalogue.settings)),
            ...planDropDatabase(observed.database, {
                on: accessMaintenance(inputs),
                name: inputs.database,
                owner: ownerOf(request),
                drop,
                force: true,
                why: "the access node is deleted",
            }),
        ],
        warnings: nodes.map(
            ({ name, options }) =>
                `data node ${name} (${options.host}:${options.port}) is still attached: ` +
                `its database ${options.dbname} stays there`,
        ),
    };
}
