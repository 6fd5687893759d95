/**
 * What makes a database free to be a data node: TimescaleDB leaves it the id of the cluster that it was in, and refuses
 * it for good. Only a superuser may delete that id.
 */
import { literal } from "../../postgres/sql";
import type { Explanation, Step } from "../engine";
import type { DataNodeInputs } from "../desired";
import { anonymousBlock } from "./block";
import { nodeDatabase } from "./places";

const INSUFFICIENT_PRIVILEGE = "42501";

/** The statement, in the node's database. */
export function deleteDistUuid(distUuid: string): string {
    return `DELETE FROM _timescaledb_catalog.metadata WHERE key = 'dist_uuid' AND value = ${literal(distUuid)}`;
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
export function planRelease(inputs: DataNodeInputs, database: string, distUuid: string, why: string): Step {
    return {
        name: "deleteDistUuid",
        why,
        on: nodeDatabase(inputs),
        sql: deleteDistUuid(distUuid),
        explains: explainRelease(inputs.nodeName, database),
    };
}

/** The step where add_data_node() makes the extension anew: it goes where the user may not delete the id, which goes with it. */
export function planReleaseToBootstrap(inputs: DataNodeInputs, database: string, distUuid: string, why: string): Step {
    return {
        ...planRelease(inputs, database, distUuid, why),
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
