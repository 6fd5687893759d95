/**
 * The way to a data node for an access node that cannot look at it: its user is no superuser, or it has no postgres_fdw.
 *
 * What a cut add_data_node() left there (see leftover.ts) would be refused for ever as a data node (TS174). So the node is
 * added with a scratch database first, which add_data_node() makes. In the same transaction its entry is pointed to the
 * real database, and stays there if that says that it is this cluster's and holds no table. Else the entry goes with the
 * scratch database, it is noted whether there is a real one, and the node is added to that. This takes no rights but
 * those of adding a node. Scratch databases are numbered, because adding one can be cut just like the real one.
 */
import { identifier, literal } from "../../../postgres/sql";
import { supports } from "../../versions/capabilities";
import type { DataNodeInputs } from "../../inputs";
import type { Explanation, Plan, Step } from "../../step";
import { withMarker, type Marker } from "../../marks/marker";
import { anonymousBlock, statements } from "../block";
import { functionOf, markerOf, type ClusterState } from "../cluster";
import type { DataNodeRequest } from "./observe";
import { USERS_TABLES } from "./formerMember";
import {
    eraseNote,
    isMaking,
    makingOf,
    noteSchema,
    planEraseNote,
    planNote,
    planNoteIfMissing,
    writeNote,
    type Note,
} from "./notes";
import { accessDatabase, nodeDatabaseName, nodeLabel } from "../places";
import { scratchName } from "./scratch";
import { createMapping, secretsOf, wantedMapping } from "./userMapping";

const ALREADY_DATA_NODE = "TS174";
const INSUFFICIENT_PRIVILEGE = "42501";
/** Of our own: no server raises it. */
const MISSING = "PT404";

/**
 * The steps by which a node is added that nobody can look at.
 *
 * @param add the step that adds it with its own database, together with further statements
 */
export function planUnseen(
    cluster: ClusterState,
    note: Note | undefined,
    { inputs }: DataNodeRequest,
    add: (together: readonly string[]) => Step,
): Pick<Plan, "steps" | "continues"> {
    const { nodeName, bootstrap, adopt } = inputs;
    const explains = { [ALREADY_DATA_NODE]: alreadyDataNode(inputs) };
    const erase = eraseNote(noteSchema(inputs));
    if (!supports("deleteDataNodeDropDatabase", cluster.versions)) {
        return { steps: [{ ...add([]), explains }] };
    }
    if (isMaking(note, inputs)) {
        const claims = bootstrap && !adopt ? [claimEmpty(cluster, inputs)] : [];
        return {
            steps: [
                { ...add([...claims, erase]), tolerates: [ALREADY_DATA_NODE] },
                planNoteIfMissing(inputs, { scratch: 0 }, `in case ${nodeName} was added by a run that was cut`),
            ],
        };
    }
    if (note !== undefined && "foreign" in note) {
        // Once it is tried, the next run looks anew: by then it may be another one.
        return { steps: [planEraseNote(inputs, `${nodeName} is not one that was lost`), { ...add([]), explains }] };
    }
    const number = note !== undefined && "scratch" in note ? note.scratch + 1 : 1;
    return {
        steps: [
            planNote(inputs, { scratch: number }, `what ${nodeName} is shows only by way of a scratch database`),
            addByScratch(cluster, number, inputs),
            planNoteIfMissing(inputs, { foreign: true }, `in case no scratch database can be made on ${nodeName}`),
        ],
        continues: "whether the data node has the database shows only then",
    };
}

/** A statement of the block that adds the node: its database is ours if it was just made, or was being made and is empty. */
function claimEmpty(cluster: ClusterState, inputs: DataNodeInputs): string {
    const mark = withMarker(null, markerOf(cluster, inputs));
    return [
        "IF NOT made.database_created THEN",
        "        BEGIN",
        ...statements("            ", [
            execute(cluster, inputs.nodeName, refuse(holdsTables())),
            `COMMENT ON SERVER ${identifier(inputs.nodeName)} IS ${literal(mark)}`,
        ]),
        "        EXCEPTION WHEN OTHERS THEN",
        "            NULL;",
        "        END;",
        "    END IF",
    ].join("\n");
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
        ...markerOf(cluster, inputs),
        ...(adopt || !bootstrap ? { adopted: true } : {}),
        scratch: number,
    };
    const mapping = wantedMapping(inputs);
    return {
        name: "addDataNode",
        why: `${nodeName} is not registered, and may be one that this cluster lost`,
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
                    execute(cluster, nodeName, refuse(isOthers(cluster), holdsTables())),
                    eraseNote(noteSchema(inputs)),
                ]),
                "    EXCEPTION WHEN OTHERS THEN",
                "        BEGIN",
                ...statements("            ", [
                    execute(cluster, nodeName, refuse(isMissing(nodeDatabaseName(inputs)))),
                    ...writeNote(inputs, { foreign: true }),
                ]),
                `        EXCEPTION WHEN SQLSTATE ${literal(MISSING)} THEN`,
                ...statements("            ", writeNote(inputs, makingOf(inputs))),
                "        END;",
                "    END;",
                "END",
            ].join("\n"),
        ),
        tolerates: [INSUFFICIENT_PRIVILEGE],
        ...secretsOf(mapping),
    };
}

function execute(cluster: ClusterState, nodeName: string, block: string): string {
    return `CALL ${functionOf(cluster, "distributed_exec")}(${literal(block)}, ARRAY[${literal(nodeName)}])`;
}

/** What a data node is asked, and answers with an error. */
function refuse(...cases: readonly Refusal[]): string {
    return anonymousBlock(
        [
            "BEGIN",
            ...cases.flatMap(({ condition, message, code }) => [
                `    IF ${condition} THEN`,
                `        RAISE EXCEPTION ${literal(message)}${code === undefined ? "" : ` USING ERRCODE = ${literal(code)}`};`,
                "    END IF;",
            ]),
            "END",
        ].join("\n"),
    );
}

interface Refusal {
    readonly condition: string;
    readonly message: string;
    readonly code?: string;
}

function isMissing(database: string): Refusal {
    return {
        condition: `NOT EXISTS (SELECT FROM pg_catalog.pg_database d WHERE d.datname = ${literal(database)})`,
        message: "there is no such database",
        code: MISSING,
    };
}

function isOthers({ clusterId }: ClusterState): Refusal {
    return {
        condition:
            "(SELECT m.value::text FROM _timescaledb_catalog.metadata m WHERE m.key = 'dist_uuid') " +
            `IS DISTINCT FROM ${literal(clusterId)}`,
        message: "it is not a data node of this cluster",
    };
}

function holdsTables(): Refusal {
    return {
        condition: `EXISTS (SELECT FROM pg_catalog.pg_tables t WHERE ${USERS_TABLES})`,
        message: "it holds tables",
    };
}
