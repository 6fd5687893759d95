/**
 * The way to a data node that a cut add_data_node() left (see leftover.ts) for an access node that cannot look at it: its
 * user is no superuser, or it has no postgres_fdw.
 *
 * Such a node is refused as one that is a data node already (TS174). So it is added with a scratch database first, which
 * add_data_node() makes. Then its entry is pointed to the real database, in the same transaction, if that says that it
 * is this cluster's and holds no table; and the scratch database goes. This takes no rights but those of adding a node.
 * The scratch databases are numbered, because adding one can be cut just like the first time.
 */
import { identifier, literal } from "../../postgres/sql";
import { supports } from "../capabilities";
import type { DataNodeInputs } from "../desired";
import type { Explanation, Step } from "../engine";
import { withMarker, type Marker } from "../marker";
import { anonymousBlock, statements } from "./block";
import { functionOf, type ClusterState } from "./cluster";
import type { DataNodeWish } from "./dataNode";
import { eraseNote, noteSchema, planEraseNote, planNote, planNoteIfMissing, writeNote, type Note } from "./notes";
import { accessDatabase, nodeDatabaseName, nodeLabel } from "./places";
import { scratchName } from "./scratch";
import { createMapping, secretsOf, wantedMapping } from "./userMapping";

const ALREADY_DATA_NODE = "TS174";
const INSUFFICIENT_PRIVILEGE = "42501";

/**
 * The steps by which a node is added that nobody can look at.
 *
 * @param add the step that adds it if it is no data node yet
 */
export function planUnseen(cluster: ClusterState, note: Note | undefined, wish: DataNodeWish, add: Step): Step[] {
    const { inputs } = wish;
    if (note !== undefined && "refused" in note) {
        const number = note.refused + 1;
        const why = `${inputs.nodeName} is added by way of a scratch database`;
        return [
            planNote(inputs, { refused: number }, why),
            addByScratch(cluster, number, inputs),
            planNoteIfMissing(inputs, { foreign: true }, `no scratch database can be made on ${inputs.nodeName}`),
        ];
    }
    const isForeign = note !== undefined && "foreign" in note;
    const refusal = alreadyDataNode(inputs);
    if (isForeign || !supports("deleteDataNodeDropDatabase", cluster.versions)) {
        // Once it is said, the next run tries anew: by then it may be mended.
        const forget = isForeign ? [planEraseNote(inputs, `${inputs.nodeName} is tried once more`)] : [];
        return [...forget, { ...add, explains: { [ALREADY_DATA_NODE]: refusal } }];
    }
    const noteRefusal = planNoteIfMissing(inputs, { refused: 0 }, `in case ${inputs.nodeName} is a data node already`);
    return [
        { ...add, tolerates: [ALREADY_DATA_NODE] },
        { ...noteRefusal, explains: { [INSUFFICIENT_PRIVILEGE]: refusal } },
    ];
}

function alreadyDataNode(inputs: DataNodeInputs): Explanation {
    return {
        code: "FOREIGN_CLUSTER",
        reason:
            `database "${nodeDatabaseName(inputs)}" on ${nodeLabel(inputs)} is a data node already: ` +
            "of another cluster, or of this one, with tables in it",
        remedy:
            "Remove it there first. If that cluster is gone, drop the database, or run in it " +
            "DELETE FROM _timescaledb_catalog.metadata WHERE key = 'dist_uuid'",
    };
}

/**
 * One block: what cannot be pointed to the real database stays with the scratch one, and goes with it. Both ways the
 * mark says which scratch databases there may be.
 */
function addByScratch(cluster: ClusterState, number: number, inputs: DataNodeInputs): Step {
    const { nodeName, host, port, password, adopt, bootstrap, accessNode } = inputs;
    const server = identifier(nodeName);
    const marker: Marker = {
        cluster: cluster.clusterId,
        urn: inputs.logicalUrn,
        engine: "multinode",
        ...(adopt || !bootstrap ? { adopted: true } : {}),
        scratch: number,
    };
    const mapping = wantedMapping(inputs);
    const check = `CALL ${functionOf(cluster, "distributed_exec")}(${literal(checkMember(cluster))}, ARRAY[${literal(nodeName)}])`;
    return {
        name: "addDataNode",
        why: `${nodeName} is a data node already, and may be one that this cluster lost`,
        on: accessDatabase(accessNode),
        sql: anonymousBlock(
            [
                "BEGIN",
                `    PERFORM ${functionOf(cluster, "add_data_node")}(`,
                `        ${literal(nodeName)}, host => ${literal(host)}, database => ${literal(scratchName(cluster, nodeName, number))},`,
                `        port => ${port}${password === undefined ? "" : `, password => ${literal(password)}`});`,
                ...statements("    ", [
                    `COMMENT ON SERVER ${server} IS ${literal(withMarker(null, marker))}`,
                    ...(mapping === undefined ? [] : [createMapping(inputs, mapping)]),
                ]),
                "    BEGIN",
                ...statements("        ", [
                    `ALTER SERVER ${server} OPTIONS (SET dbname ${literal(nodeDatabaseName(inputs))})`,
                    check,
                    eraseNote(noteSchema(inputs)),
                ]),
                "    EXCEPTION WHEN OTHERS THEN",
                ...statements("        ", writeNote(inputs, { foreign: true })),
                "    END;",
                "END",
            ].join("\n"),
        ),
        tolerates: [INSUFFICIENT_PRIVILEGE],
        ...secretsOf(mapping ?? (password === undefined ? undefined : { password })),
    };
}

/** What the data node is asked to say with an error: that it is not what a cut run of this cluster left. */
function checkMember({ clusterId }: ClusterState): string {
    return anonymousBlock(
        [
            "BEGIN",
            "    IF (SELECT m.value::text FROM _timescaledb_catalog.metadata m WHERE m.key = 'dist_uuid')",
            `        IS DISTINCT FROM ${literal(clusterId)} THEN`,
            "        RAISE EXCEPTION 'it is not a data node of this cluster';",
            "    END IF;",
            "    IF EXISTS (SELECT FROM pg_catalog.pg_tables t",
            "                WHERE t.schemaname !~ '^(pg_|_timescaledb_|information_schema$)') THEN",
            "        RAISE EXCEPTION 'it holds tables';",
            "    END IF;",
            "END",
        ].join("\n"),
    );
}
