/** From a distributed hypertable to nothing: off the access node first, then its shards. */
import { ProviderError } from "../../../errors";
import { literal, qualified } from "../../../postgres/sql";
import { schemaDropFollows, type Plan, type Step } from "../../step";
import { withoutMarker } from "../../marks/marker";
import { relationKey, type HypertableRequest, type NodeSide, type ObservedHypertable } from "./observe";
import { ownerOf } from "../../marks/ownership";
import { accessPlace, markingOf, nodePlaces } from "./target";
import { marked } from "./findParts";
import { partOf } from "./parts";
import { unreachable } from "../../run/reach";
import type { Relation } from "./relations";
import { isOurSchema, planDropSchema, stepper, type Stepper } from "./steps";

/** What to do until nothing of the table is left. */
export function planDeleteHypertable(observed: ObservedHypertable | undefined, request: HypertableRequest): Plan {
    if (observed === undefined) {
        return { steps: [], warnings: [] };
    }
    const { inputs } = request;
    const warnings: string[] = [];
    for (const [node, side] of Object.entries(observed.nodes)) {
        if (!side.reachable) {
            if (!inputs.forceDestroy) {
                throw unreachable(node, side);
            }
            warnings.push(
                `could not clean up data node ${node} (it does not answer): ` +
                    `the shards of ${inputs.schema}.${inputs.tableName} stay there`,
            );
        }
    }
    refuseRows(observed, request);
    const nodePlace = nodePlaces(request);
    const transaction = `table ${inputs.schema}.${inputs.tableName}`;
    const steps = [
        ...planDrop(stepper(accessPlace(inputs), transaction), observed.access, request),
        ...Object.entries(observed.nodes).flatMap(([node, side]) =>
            side.reachable ? planDrop(stepper(nodePlace(node), transaction), side, request) : [],
        ),
    ];
    const dropsTables = steps.some(({ name }) => name === "drop");
    return {
        steps,
        ...(dropsTables && isOurSchema(observed, inputs.schema, request.inputs.accessNode.id)
            ? schemaDropFollows(inputs.schema)
            : {}),
        warnings,
    };
}

/** The shards of a table that hold rows, and about how many. */
function refuseRows({ access, nodes }: ObservedHypertable, request: HypertableRequest): void {
    const { inputs } = request;
    const isKept = marked(access.relations, ownerOf(request)).some(({ marker }) => marker?.adopted === true);
    const held = Object.values(nodes)
        .flatMap((side) => (side.reachable ? Object.values(side.held) : []))
        .filter(({ rows }) => rows > 0);
    if (inputs.forceDestroy || isKept || held.length === 0) {
        return;
    }
    const rows = held.reduce((sum, shard) => sum + shard.rows, 0);
    const about = held.every(({ exact }) => exact) ? "" : "about ";
    throw new ProviderError(
        "HOLDS_DATA",
        `"${inputs.schema}.${inputs.tableName}" holds ${about}${rows} rows in ${held.length} shards`,
        { remedy: "Set forceDestroy: true and run `pulumi up` once before you destroy, or delete the rows" },
    );
}

const ORDER: Readonly<Record<string, number>> = { last: 0, view: 1, shard: 2, route: 3, "last table": 4, table: 5 };

type Side = Pick<NodeSide, "relations" | "schemas"> & Partial<NodeSide>;

function planDrop(step: Stepper, side: Side, request: HypertableRequest): Step[] {
    const marking = markingOf(request);
    const { forceDestroy, schema } = request.inputs;
    const ours = marked(side.relations, marking.owner)
        .filter(({ marker }) => partOf(marker) !== undefined)
        .toSorted((a, b) => orderOf(a) - orderOf(b));
    const steps = ours.flatMap((relation) => {
        const isKept = relation.marker?.adopted === true && !forceDestroy;
        // Partitions go with their table; those of nodes that were set aside are none.
        const goesAlong = relation.kind === "f" && relation.parent !== null;
        return isKept ? [unmark(step, relation)] : goesAlong ? [] : [drop(step, side, relation, forceDestroy)];
    });
    return [...steps, ...(steps.length === 0 ? planDropSchema(step, side.schemas, schema, marking) : [])];
}

function drop(step: Stepper, { held }: Side, relation: Relation, forceDestroy: boolean): Step {
    const word = keyword(relation);
    const rows = held?.[relationKey(relation)]?.rows;
    const name = qualified(relation.schema, relation.name);
    return step("drop", "the table is deleted", `DROP ${word} ${name}${forceDestroy ? " CASCADE" : ""}`, {
        destroys: {
            what: `${word.toLowerCase()} ${relation.schema}.${relation.name}`,
            ...(rows === undefined ? {} : { rows }),
        },
    });
}

/** What was there before the resource stays there after it. */
function unmark(step: Stepper, relation: Relation): Step {
    const comment = withoutMarker(relation.comment);
    return step(
        "unmark",
        "the table was taken over and is kept",
        `COMMENT ON ${keyword(relation)} ${qualified(relation.schema, relation.name)} ` +
            `IS ${comment === null ? "NULL" : literal(comment)}`,
    );
}

function orderOf({ marker }: Relation): number {
    return ORDER[partOf(marker)?.kind ?? "table"] ?? 0;
}

function keyword({ kind }: Relation): string {
    return kind === "v" ? "VIEW" : kind === "f" ? "FOREIGN TABLE" : "TABLE";
}
