/**
 * The way to a data node for an access node that cannot look at it: its user is no superuser, or it has no postgres_fdw.
 *
 * What an interrupted add_data_node() left there (see leftover.ts) would be refused for ever as a data node (TS174). So
 * the node is added with a scratch database first, which add_data_node() makes. In the same transaction its entry is
 * pointed to the real database, and stays there if that says that it is this cluster's and holds no table. Else the entry
 * goes with the scratch database, it is noted whether there is a real one, and the node is added to that. This takes no
 * rights but those of adding a node. Scratch databases are numbered, because adding one can be interrupted just like the
 * real one.
 */
import { anonymousBlock, identifier, literal } from "../../../../postgres/sql";
import { SQLSTATE } from "../../../../postgres/sqlState";
import type { DataNodeInputs } from "../../../inputs";
import { withMarker } from "../../../marks/marker";
import { accessDatabase, nodeDatabaseName, nodeLabel } from "../../../run/places";
import { at, type Explanation, type Plan, type Statement } from "../../../step";
import { passwordSecret } from "../../../run/secrets";
import { createMappingSql } from "../../../userMapping";
import { supports } from "../../../versions/capabilities";
import { functionOf, markerOf, type ClusterState } from "../../cluster";
import { addDataNode, callAddDataNode } from "./addStatement";
import {
    eraseDataNodeNote,
    eraseNote,
    isMaking,
    makingOf,
    noteDataNode,
    noteIfMissing,
    noteSchema,
    writeNote,
    type Note,
} from "../notes";
import { USERS_TABLES } from "../release";
import { scratchName } from "../scratch";
import { requestedMapping } from "../userMapping";

/** The steps by which a node is added that nobody can look at. */
export function planAddUnseen(
    cluster: ClusterState,
    note: Note | undefined,
    inputs: DataNodeInputs,
): Pick<Plan, "steps" | "continues"> {
    const { nodeName, bootstrap, adopt } = inputs;
    const on = accessDatabase(inputs.accessNode);
    const ownership = bootstrap ? "ours if it is made now" : "adopted";
    const add = {
        ...addDataNode(cluster, inputs, ownership),
        explains: { [SQLSTATE.TS_ALREADY_DATA_NODE]: alreadyDataNode(inputs) },
    };
    if (!supports("deleteDataNodeDropDatabase", cluster.versions)) {
        return { steps: at(on, [add]) };
    }
    if (isMaking(note, inputs)) {
        const claim = bootstrap && !adopt ? [claimEmpty(cluster, inputs)] : [];
        const more = [...claim, eraseNote(noteSchema(inputs))];
        return {
            steps: at(on, [
                { ...addDataNode(cluster, inputs, ownership, more), tolerates: [SQLSTATE.TS_ALREADY_DATA_NODE] },
                noteIfMissing(inputs, { scratch: 0 }, `in case ${nodeName} was added by an interrupted run`),
            ]),
        };
    }
    if (note !== undefined && "foreign" in note) {
        // Once it is tried, the next run looks anew: by then it may be another one.
        return { steps: at(on, [eraseDataNodeNote(inputs, `${nodeName} is not one that was lost`), add]) };
    }
    const number = note !== undefined && "scratch" in note ? note.scratch + 1 : 1;
    return {
        steps: at(on, [
            noteDataNode(inputs, { scratch: number }, `only a scratch database shows what ${nodeName} is`),
            addWithScratch(cluster, number, inputs),
            noteIfMissing(inputs, { foreign: true }, `in case no scratch database can be made on ${nodeName}`),
        ]),
        continues: "whether the data node has the database shows only then",
    };
}

/** SQL of the block that adds the node: a database that was being made and is empty is ours as well. */
function claimEmpty(cluster: ClusterState, inputs: DataNodeInputs): string {
    const mark = withMarker(null, markerOf(cluster, inputs));
    return `IF NOT made.database_created THEN
        BEGIN
            ${execute(cluster, inputs.nodeName, REFUSE_TABLES)};
            COMMENT ON SERVER ${identifier(inputs.nodeName)} IS ${literal(mark)};
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END IF`;
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
 * One block: an entry that cannot be pointed to the real database stays with the scratch one, and goes with it. Either
 * way the mark says which scratch databases there may be.
 */
function addWithScratch(cluster: ClusterState, number: number, inputs: DataNodeInputs): Statement {
    const { nodeName, adopt, bootstrap, accessNode } = inputs;
    const server = identifier(nodeName);
    const database = nodeDatabaseName(inputs);
    const marker = {
        ...markerOf(cluster, inputs),
        ...(adopt || !bootstrap ? { adopted: true as const } : {}),
        scratch: number,
    };
    const mapping = requestedMapping(inputs);
    const create = mapping && createMappingSql(identifier(accessNode.connection.user), nodeName, mapping);
    return {
        name: `add data node ${nodeName} with a scratch database`,
        why: `${nodeName} is not registered, and may be one that this cluster lost`,
        sql: anonymousBlock(`BEGIN
    PERFORM ${callAddDataNode(cluster, inputs, scratchName(cluster, nodeName, number), true)};
    COMMENT ON SERVER ${server} IS ${literal(withMarker(null, marker))};
    ${create === undefined ? "-- The access node's user needs no mapping." : `${create};`}
    BEGIN
        ALTER SERVER ${server} OPTIONS (SET dbname ${literal(database)});
        ${execute(cluster, nodeName, refuseOthers(cluster.clusterId))};
        ${execute(cluster, nodeName, REFUSE_TABLES)};
        ${eraseNote(noteSchema(inputs))};
    EXCEPTION WHEN OTHERS THEN
        BEGIN
            ${execute(cluster, nodeName, refuseMissing(database))};
            ${writeNote(inputs, { foreign: true })};
        EXCEPTION WHEN SQLSTATE ${literal(SQLSTATE.OUR_MISSING)} THEN
            ${writeNote(inputs, makingOf(inputs))};
        END;
    END;
END`),
        tolerates: [SQLSTATE.INSUFFICIENT_PRIVILEGE],
        ...passwordSecret(inputs.password),
    };
}

/** A data node is asked by a block that answers with an error. */
function execute(cluster: ClusterState, nodeName: string, block: string): string {
    return `CALL ${functionOf(cluster, "distributed_exec")}(${literal(block)}, ARRAY[${literal(nodeName)}])`;
}

const REFUSE_TABLES = anonymousBlock(`BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_tables t WHERE ${USERS_TABLES}) THEN
        RAISE EXCEPTION 'it holds tables';
    END IF;
END`);

function refuseOthers(clusterId: string): string {
    return anonymousBlock(`BEGIN
    IF (SELECT m.value::text FROM _timescaledb_catalog.metadata m WHERE m.key = 'dist_uuid')
       IS DISTINCT FROM ${literal(clusterId)} THEN
        RAISE EXCEPTION 'it is not a data node of this cluster';
    END IF;
END`);
}

function refuseMissing(database: string): string {
    return anonymousBlock(`BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_database d WHERE d.datname = ${literal(database)}) THEN
        RAISE EXCEPTION 'there is no such database' USING ERRCODE = ${literal(SQLSTATE.OUR_MISSING)};
    END IF;
END`);
}
