/**
 * What makes a database free to be a data node: TimescaleDB leaves it the id of the cluster that it was in, and refuses
 * it for good. Only a superuser may delete that id.
 */
import { literal } from "../../../postgres/sql";
import type { Explanation, Step } from "../../step";
import type { DataNodeInputs } from "../../inputs";
import { anonymousBlock } from "../block";
import { nodeDatabase, nodeDatabaseName } from "../places";

const INSUFFICIENT_PRIVILEGE = "42501";

/** The statement, in the node's database or on a foreign table. */
export function deleteDistUuid(distUuid: string, metadata = "_timescaledb_catalog.metadata"): string {
    return `DELETE FROM ${metadata} WHERE key = 'dist_uuid' AND value = ${literal(distUuid)}`;
}

/** Why a node has to be freed: while it says so it cannot be added, not even to that cluster. */
export function unknownTo(distUuid: string): string {
    return `the node says that it belongs to cluster ${distUuid}, which does not know it`;
}

/** Why it was refused, for {@link Step.explains}. */
export function explainRelease(nodeName: string, database: string): Readonly<Record<string, Explanation>> {
    return {
        [INSUFFICIENT_PRIVILEGE]: {
            code: "PERMISSION_DENIED",
            reason: `database "${database}" on data node "${nodeName}" cannot leave the cluster`,
            remedy:
                `Use a superuser, or as a superuser in that database: ` +
                "GRANT SELECT, DELETE ON _timescaledb_catalog.metadata TO the role that is used there",
        },
    };
}

/** The step on the node's own server. */
export function planRelease(inputs: DataNodeInputs, distUuid: string, why: string): Step {
    return {
        name: "deleteDistUuid",
        why,
        on: nodeDatabase(inputs),
        sql: deleteDistUuid(distUuid),
        explains: explainRelease(inputs.nodeName, nodeDatabaseName(inputs)),
    };
}

/** The step where add_data_node() makes the extension anew: it goes where the user may not delete the id, which goes with it. */
export function planReleaseToBootstrap(inputs: DataNodeInputs, distUuid: string, why: string): Step {
    return {
        ...planRelease(inputs, distUuid, why),
        sql: anonymousBlock(
            [
                "BEGIN",
                `    ${deleteDistUuid(distUuid)};`,
                "EXCEPTION WHEN insufficient_privilege THEN",
                "    DROP EXTENSION timescaledb;",
                "END",
            ].join("\n"),
        ),
    };
}
