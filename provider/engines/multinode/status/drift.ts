/** Where the catalogues of the access node and of the data nodes differ. */
import { ProviderError } from "../../../errors";
import { isNoDatabase, SQLSTATE, sqlStateOf } from "../../../postgres/sqlState";
import { readMarker } from "../../marks/marker";
import type { Servers } from "../../run/servers";
import type { Answers } from "../../status/read";
import type { DriftItem } from "../../status/status";
import { findTable, type AccessAnswer, type Found, type Node, type NodeAnswer } from "./answers";

/** Compares the access node's catalogue with those of the data nodes. */
export function driftOf(given: Servers, access: AccessAnswer, found: Answers<NodeAnswer>): DriftItem[] {
    return [
        ...access.nodes.flatMap((node) => nodeDrift(access, node, found.get(node.name))),
        ...unregistered(given, access),
    ];
}

/** Whether the query fails because the database has no TimescaleDB. */
export function isBare(error: unknown): boolean {
    const state = sqlStateOf(error);
    return state === SQLSTATE.INVALID_SCHEMA_NAME || state === SQLSTATE.UNDEFINED_TABLE;
}

function nodeDrift(access: AccessAnswer, node: Node, answer: Found | undefined): DriftItem[] {
    const item = (object: string, what: string): DriftItem => ({ node: node.name, object, what });
    const database = `database ${node.database}`;
    const mark = readMarker(node.comment);
    const drift: DriftItem[] = [];
    if (mark !== undefined && mark.cluster !== access.uuid) {
        drift.push(item(`data node ${node.name}`, `its mark names the cluster ${mark.cluster ?? "(none)"}`));
    }
    if (answer === undefined || answer instanceof ProviderError) {
        return [
            ...drift,
            ...(isNoDatabase(answer) ? [item(database, "it does not exist any more")] : []),
            ...(isBare(answer) ? [item(database, "it has no TimescaleDB any more")] : []),
        ];
    }
    if (answer.distUuid !== access.uuid) {
        drift.push(item(database, `it belongs to ${answer.distUuid === null ? "no cluster" : answer.distUuid}`));
    }
    for (const table of access.tables) {
        const attached = table.nodes.find(({ name }) => name === node.name);
        const object = `table ${table.schema}.${table.name}`;
        const own = findTable(answer, table);
        if (attached === undefined) {
            continue;
        }
        if (own === undefined) {
            drift.push(item(object, "it is attached here, and the node does not have it"));
        } else if (own.chunks !== attached.chunks || own.ids !== attached.ids) {
            drift.push(
                item(object, `the access node knows ${attached.chunks} chunks here, the node has ${own.chunks}`),
            );
        }
    }
    const known = (name: string, schema: string): boolean =>
        access.tables.some((table) => table.name === name && table.schema === schema);
    return [
        ...drift,
        ...answer.tables
            .filter(({ name, schema }) => !known(name, schema))
            .map(({ name, schema }) => item(`table ${schema}.${name}`, "the access node has no such hypertable")),
    ];
}

function unregistered({ nodes }: Servers, access: AccessAnswer): DriftItem[] {
    return Object.keys(nodes)
        .filter((name) => !access.nodes.some((node) => node.name === name))
        .map((node) => ({ node, object: `data node ${node}`, what: "it is not registered on the access node" }));
}
