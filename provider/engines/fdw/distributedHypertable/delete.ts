/** From a distributed hypertable to nothing: off the access node first, then its shards. */
import { ProviderError } from "../../../errors";
import { qualified } from "../../../postgres/sql";
import { ownerOf } from "../../marks/ownership";
import { at, schemaDropFollows, type Plan, type Statement } from "../../step";
import { dropSchema, findSchema, isLeftSchema } from "../../tables/schemas";
import { textOf, unmarkObject, type Keyword } from "../../tables/statements";
import { unreachable } from "../../run/reach";
import { byOwner } from "./findParts";
import type { HypertableRequest, NodeSide, ObservedHypertable } from "./observe";
import { partOf } from "./parts";
import { isMadeSchema } from "./plan";
import { relationKey, type Relation, type Relations } from "./relations";
import { accessPlace, nodePlace, transactionOf } from "./target";

/** What to do until nothing of the table is left. */
export function planDeleteHypertable(observed: ObservedHypertable, request: HypertableRequest): Plan {
    const { inputs } = request;
    const { access } = observed;
    const nodes = Object.entries(observed.nodes);
    const dead = nodes.flatMap(([node, side]) => (side.reachable ? [] : [{ node, side }]));
    const [first] = dead;
    if (first !== undefined && !inputs.forceDestroy) {
        throw unreachable(first.node, first.side);
    }
    refuseRows(observed, request);
    const transaction = transactionOf(inputs);
    const onAccess = planDrop(access, request);
    const onNodes = nodes.map(([node, side]) => ({ node, statements: side.reachable ? planDrop(side, request) : [] }));
    const drops = [onAccess, ...onNodes.map(({ statements }) => statements)].flat().some(({ destroys }) => destroys);
    return {
        steps: [
            ...at(accessPlace(inputs), onAccess, transaction),
            ...onNodes.flatMap(({ node, statements }) => at(nodePlace(inputs, node), statements, transaction)),
        ],
        ...(drops && isMadeSchema(observed, inputs.schema, inputs) ? schemaDropFollows(inputs.schema) : {}),
        warnings: dead.map(
            ({ node }) =>
                `could not clean up data node ${node} (it does not answer): ` +
                `the shards of ${inputs.schema}.${inputs.tableName} stay there`,
        ),
    };
}

/** The shards of a table that hold rows, and about how many. */
function refuseRows({ access, nodes }: ObservedHypertable, request: HypertableRequest): void {
    const { inputs } = request;
    const isKept = byOwner(access.relations, ownerOf(request)).some(({ marker }) => marker?.adopted === true);
    const full = Object.values(nodes)
        .flatMap((side) => (side.reachable ? Object.values(side.rowCounts) : []))
        .filter(({ rows }) => rows > 0);
    if (inputs.forceDestroy || isKept || full.length === 0) {
        return;
    }
    const rows = full.reduce((sum, shard) => sum + shard.rows, 0);
    const about = full.every(({ exact }) => exact) ? "" : "about ";
    throw new ProviderError(
        "HOLDS_DATA",
        `"${inputs.schema}.${inputs.tableName}" holds ${about}${rows} rows in ${full.length} shards`,
        { remedy: "Set forceDestroy: true and run `pulumi up` once before you destroy, or delete the rows" },
    );
}

const ORDER: Readonly<Record<string, number>> = { last: 0, view: 1, shard: 2, route: 3, "last table": 4, table: 5 };

type Side = Relations & Partial<Pick<NodeSide, "rowCounts">>;

function planDrop(side: Side, request: HypertableRequest): Statement[] {
    const { forceDestroy, schema, accessNode } = request.inputs;
    const statements = byOwner(side.relations, ownerOf(request))
        .filter(({ marker }) => partOf(marker) !== undefined)
        .toSorted((a, b) => orderOf(a) - orderOf(b))
        .flatMap((relation) => {
            if (relation.marker?.adopted === true && !forceDestroy) {
                return [unmarkObject(keywordOf(relation), relation, relation.comment)];
            }
            // Partitions go with their table; those of nodes that were set aside are none.
            const goesAlong = relation.kind === "f" && relation.parent !== null;
            return goesAlong ? [] : [drop(side, relation, forceDestroy)];
        });
    const isLeft = statements.length === 0 && isLeftSchema(findSchema(side.schemas, schema), accessNode.id);
    return isLeft ? [dropSchema(schema)] : statements;
}

function drop({ rowCounts }: Side, relation: Relation, forceDestroy: boolean): Statement {
    const keyword = keywordOf(relation);
    const rows = rowCounts?.[relationKey(relation)]?.rows;
    const what = textOf(keyword, relation);
    return {
        name: `drop ${what}`,
        why: "the resource is deleted",
        sql: `DROP ${keyword} ${qualified(relation.schema, relation.name)}${forceDestroy ? " CASCADE" : ""}`,
        destroys: { what, ...(rows === undefined ? {} : { rows }) },
    };
}

function orderOf({ marker }: Relation): number {
    return ORDER[partOf(marker)?.kind ?? "table"] ?? 0;
}

function keywordOf({ kind }: Relation): Keyword {
    return kind === "v" ? "VIEW" : kind === "f" ? "FOREIGN TABLE" : "TABLE";
}
