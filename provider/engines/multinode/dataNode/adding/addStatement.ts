/** The statement that registers a data node: add_data_node() and what belongs to it, in one block. */
import { alterOptionsClause, anonymousBlock, identifier, literal } from "../../../../postgres/sql";
import type { DataNodeInputs } from "../../../inputs";
import { withMarker } from "../../../marks/marker";
import { nodeDatabaseName } from "../../../run/places";
import type { Statement } from "../../../step";
import { functionOf, markerOf, type ClusterState } from "../../cluster";
import { passwordSecret, PASSWORD } from "../../../run/secrets";
import { createMappingSql } from "../../../userMapping";
import { requestedMapping } from "../userMapping";

/** Whose the node's database is: known before it is added, or whoever makes it. */
export type Ownership = "ours" | "adopted" | "ours if it is made now";

/**
 * One block, so that entry, mark, user mapping and options are there together or not at all.
 *
 * @param more SQL of further statements of the block, after all others
 */
export function addDataNode(
    cluster: ClusterState,
    inputs: DataNodeInputs,
    ownership: Ownership,
    more: readonly string[] = [],
): Statement {
    const { nodeName, bootstrap, available, accessNode } = inputs;
    const mapping = requestedMapping(inputs);
    const options = alterOptionsClause({}, inputs.serverOptions);
    const statements = [
        markEntry(cluster, inputs, ownership),
        ...(mapping === undefined ? [] : [createMappingSql(identifier(accessNode.connection.user), nodeName, mapping)]),
        ...(options === undefined ? [] : [`ALTER SERVER ${identifier(nodeName)}${options}`]),
        ...(available
            ? []
            : [`PERFORM ${functionOf(cluster, "alter_data_node")}(${literal(nodeName)}, available => false)`]),
        ...more,
    ];
    return {
        name: `add data node ${nodeName}`,
        why: `${nodeName} is not registered`,
        sql: anonymousBlock(`DECLARE
    made record;
BEGIN
    SELECT * INTO made FROM ${callAddDataNode(cluster, inputs, nodeDatabaseName(inputs), bootstrap)};
    ${statements.join(";\n    ")};
END`),
        ...passwordSecret(inputs.password),
    };
}

/** The call of add_data_node(). */
export function callAddDataNode(
    cluster: ClusterState,
    { nodeName, host, port, password }: DataNodeInputs,
    database: string,
    bootstrap: boolean,
): string {
    return `${functionOf(cluster, "add_data_node")}(
        ${literal(nodeName)}, host => ${literal(host)}, port => ${port}, database => ${literal(database)},
        bootstrap => ${bootstrap}, password => ${password === undefined ? "NULL" : PASSWORD})`;
}

/** A database that the access node did not make and we did not either is the user's, and the mark says so. */
function markEntry(cluster: ClusterState, inputs: DataNodeInputs, ownership: Ownership): string {
    const mark = markerOf(cluster, inputs);
    const server = identifier(inputs.nodeName);
    const ours = `COMMENT ON SERVER ${server} IS ${literal(withMarker(null, mark))}`;
    const adopted = `COMMENT ON SERVER ${server} IS ${literal(withMarker(null, { ...mark, adopted: true }))}`;
    switch (ownership) {
        case "ours":
            return ours;
        case "adopted":
            return adopted;
        case "ours if it is made now":
            return `IF made.database_created THEN
        ${ours};
    ELSE
        ${adopted};
    END IF`;
    }
}
