/** What a plan for a distributed hypertable is made from, worked out once, and the statements that need no more. */
import type { DistributedHypertableInputs } from "../../inputs";
import type { Marker } from "../../marks/marker";
import { ownerOf, wantedMark, type Owner } from "../../marks/ownership";
import { ACCESS, type Place } from "../../run/servers";
import type { Canonical } from "../../tables/columns";
import type { TableName } from "../../tables/names";
import { createSchema, dropSchema, findSchema, isLeftSchema } from "../../tables/schemas";
import { markObject, renameObject, type Keyword } from "../../tables/statements";
import type { Statement } from "../../step";
import type { Parts } from "./findParts";
import type { Layout } from "./layout";
import type { HypertableRequest, NodeSide } from "./observe";
import { partText, type Part } from "./parts";
import type { Relation, Schema } from "./relations";

/** A resource's mark, without a part. */
export interface Marking {
    readonly owner: Owner;
    readonly mark: Marker;
}

/** What a plan aims at. */
export interface Target {
    readonly request: HypertableRequest;
    readonly inputs: DistributedHypertableInputs;
    readonly layout: Layout;
    readonly canonical: Canonical;
    readonly marking: Marking;
    /** Data nodes that were set aside with available: false. */
    readonly aside: ReadonlySet<string>;
}

/** One data node's side of a plan. */
export interface NodeTarget extends Target {
    readonly node: string;
    readonly side: NodeSide;
    /** The remainders of the node's shards. */
    readonly shards: readonly number[];
    /** The role that the access node connects as. */
    readonly remoteRole: string;
    /** The table's objects that are there. */
    readonly parts: Parts;
}

/** An object of the table, and the name that it has to have. */
export interface WantedPart extends TableName {
    readonly part: Part;
}

/** The mark of a table's objects. */
export function markingOf(request: HypertableRequest): Marking {
    const { inputs } = request;
    return {
        owner: ownerOf(request),
        mark: { cluster: inputs.accessNode.id, urn: inputs.logicalUrn, engine: "fdw" },
    };
}

/** The cluster's database on the access node. */
export function accessPlace({ accessNode }: DistributedHypertableInputs): Place {
    return { server: ACCESS, database: accessNode.database };
}

/** The cluster's database on a data node. */
export function nodePlace({ nodes, accessNode }: DistributedHypertableInputs, node: string): Place {
    return { server: node, database: nodes[node]?.database ?? accessNode.database };
}

/** The transaction that a side's statements share: a node has the whole of a table or nothing. */
export function transactionOf({ schema, tableName }: DistributedHypertableInputs): string {
    return `table ${schema}.${tableName}`;
}

/** Marks an object that is made or kept. */
export function markPart(
    { owner, mark }: Marking,
    keyword: Keyword,
    wanted: WantedPart,
    found?: Relation,
): Statement[] {
    const own: Marker = { ...mark, part: partText(wanted.part) };
    const marker = found === undefined ? own : wantedMark(owner, found.marker, own);
    return markObject(keyword, wanted, found?.comment, marker);
}

/** Moves an object that is there to its schema and name, and marks it. */
export function keepPart(marking: Marking, keyword: Keyword, wanted: WantedPart, found: Relation): Statement[] {
    return [...renameObject(keyword, found, wanted), ...markPart(marking, keyword, wanted, found)];
}

/** Makes the table's schema where it is missing. */
export function planSchema({ inputs, marking }: Target, schemas: readonly Schema[]): Statement[] {
    const { schema } = inputs;
    return findSchema(schemas, schema) === undefined ? [createSchema(schema, marking.mark)] : [];
}

/** Drops the schema that the table leaves, if it was made for tables and nothing is left in it. */
export function planDropOldSchema({ inputs, request, marking }: Target, schemas: readonly Schema[]): Statement[] {
    const last = findSchema(schemas, request.last?.schema);
    return last !== undefined && last.name !== inputs.schema && isLeftSchema(last, marking.mark.cluster)
        ? [dropSchema(last.name)]
        : [];
}
