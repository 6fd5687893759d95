/** The access node: a database with postgres_fdw, the settings that spread queries need, and the cluster's mark. */
import { ProviderError } from "../../../errors";
import { identifier } from "../../../postgres/sql";
import type { AccessNodeInputs } from "../../inputs";
import { NO_DATABASE, planDatabase, type ObservedDatabase } from "../../marks/database";
import type { Marker } from "../../marks/marker";
import { isMarked, ownerOf, wantedClaim } from "../../marks/ownership";
import { refuseOtherCluster } from "../../marks/refusals";
import { planSettings, type Settings } from "../../marks/settings";
import { accessDatabase, accessLabel, accessMaintenance } from "../../run/places";
import { at, type Plan, type Statement } from "../../step";
import type { AccessCatalogue } from "../catalogue";
import { wantsTimescaledb, type ServerFacts } from "../serverFacts";
import type { AccessNodeRequest, ObservedAccessNode } from "./observe";

/** Without these a query over all shards is never split into one a shard. */
export const SETTINGS: Settings = { enable_partitionwise_aggregate: "on", enable_partitionwise_join: "on" };

const LIMITS =
    "the engine fdw has no atomic commit across nodes, no upsert and no foreign keys, and is fast only for queries " +
    "that keep the partitioning column: see docs/engines/fdw.md";

/** The steps to the requested access node. */
export function planAccessNode({ facts, database, catalogue }: ObservedAccessNode, request: AccessNodeRequest): Plan {
    const { inputs } = request;
    const on = accessDatabase(inputs);
    const warnings = request.last === undefined ? [LIMITS] : [];
    const steps = planDatabase(database, {
        on: accessMaintenance(inputs),
        label: accessLabel(inputs),
        name: inputs.database,
        marker: markerOf(database, request),
        adopt: inputs.adopt,
    });
    return catalogue === undefined
        ? {
              steps,
              continues: "what a new database holds is read only then: extensions and settings follow",
              warnings,
          }
        : {
              steps: [
                  ...steps,
                  ...at(on, planExtensions(catalogue, facts, inputs)),
                  ...planSettings(on, SETTINGS, catalogue.settings),
              ],
              warnings,
          };
}

/** Refuses another cluster, and a data node of this one: its database has the same name and the same cluster's id. */
function refuseElsewhere(found: Marker | undefined, request: AccessNodeRequest): void {
    const { inputs, last } = request;
    if (last === undefined || found === undefined) {
        return;
    }
    refuseOtherCluster(found.cluster, { ...inputs, id: last.clusterId });
    if (!isMarked(ownerOf(request), found)) {
        throw new ProviderError(
            "FOREIGN_CLUSTER",
            `database "${inputs.database}" on ${accessLabel(inputs)} is ${found.urn} of this cluster, not its access node`,
            { remedy: "Point connection at the server that holds this stack's access node" },
        );
    }
}

/** The mark with the cluster's id: the one that is there if it is ours or taken over, else a new one. */
function markerOf({ database, provisional }: ObservedDatabase, request: AccessNodeRequest): Marker {
    const { inputs, last, newId } = request;
    const found = database?.marker ?? provisional?.marker;
    refuseElsewhere(found, request);
    if (found !== undefined && found.engine !== "fdw") {
        throw new ProviderError("ENGINE_CHANGE_REFUSED", `database "${inputs.database}" is a ${found.engine} cluster`, {
            remedy: "Choose another database, or leave engine out",
        });
    }
    const taken = isMarked(ownerOf(request), found) || inputs.adopt ? found?.cluster : undefined;
    return {
        cluster: last?.clusterId ?? taken ?? newId,
        urn: inputs.logicalUrn,
        engine: "fdw",
        ...wantedClaim(request),
    };
}

/** The mark that a new database gets. */
export function markerOfNew(request: AccessNodeRequest): Marker {
    return markerOf(NO_DATABASE, request);
}

function planExtensions(catalogue: AccessCatalogue, facts: ServerFacts, inputs: AccessNodeInputs): Statement[] {
    return ["postgres_fdw", ...(wantsTimescaledb(inputs.timescaledb, facts) ? ["timescaledb"] : [])]
        .filter((name) => catalogue.extensions[name] === undefined)
        .map((name) => ({
            name: `create extension ${name}`,
            why: `database ${inputs.database} has no extension ${name}`,
            sql: `CREATE EXTENSION IF NOT EXISTS ${identifier(name)}`,
        }));
}
