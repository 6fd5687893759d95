/** From what is there to nothing: the table with all its chunks, then the schema that was made for it. */
import { ProviderError } from "../../../errors";
import { qualified, literal } from "../../../postgres/sql";
import { withoutMarker } from "../../marks/marker";
import { schemaDropFollows, type Plan, type Step } from "../../step";
import { isMarked, ownerOf } from "../../marks/ownership";
import { anonymousBlock } from "../block";
import { functionOf, type ClusterState } from "../cluster";
import { contentsText } from "./contents";
import type { HypertableRequest } from ".";
import type { ObservedHypertable } from "./observe";
import { planHeal } from "../liveness";
import { accessDatabase } from "../places";
import { isOurSchema, planDropSchema } from "./schemas";
import type { TableState } from "./tables";

const NOTHING: Plan = { steps: [], warnings: [] };

/** The steps by which a table goes, or is let go where it was there before. */
export function planDeleteHypertable(observed: ObservedHypertable | undefined, request: HypertableRequest): Plan {
    const { inputs, last } = request;
    const { cluster, table } = observed ?? {};
    if (observed === undefined || cluster === undefined || cluster.clusterId !== inputs.accessNode.id) {
        return NOTHING;
    }
    const on = accessDatabase(inputs.accessNode);
    if (table === undefined) {
        const schema = observed.schemas.find(({ name }) => name === (last?.schema ?? inputs.schema));
        return { steps: planDropSchema(on, cluster, schema, schemaNodes(cluster, request)), warnings: [] };
    }
    const { marker } = table;
    const name = `"${table.schema}.${table.name}"`;
    if (marker === undefined || !isMarked(ownerOf(request), marker)) {
        const warnings = [`table ${name} is not this resource's any more and is left alone`];
        return { steps: [], warnings: last?.created.table === true ? warnings : [] };
    }
    const isKept = marker.adopted === true && !inputs.forceDestroy;
    if (isKept) {
        return { steps: [unmark(table, request)], warnings: [] };
    }
    return planDrop(cluster, observed, table, request);
}

function planDrop(
    cluster: ClusterState,
    observed: ObservedHypertable,
    table: TableState,
    request: HypertableRequest,
): Plan {
    const { inputs } = request;
    const { contents, alive, inDoubt } = observed;
    const on = accessDatabase(inputs.accessNode);
    const name = `"${table.schema}.${table.name}"`;
    const nodes = table.hypertable?.nodes ?? [];
    const dead = nodes.filter((node) => !alive.has(node));
    if (contents.rows !== 0 && !inputs.forceDestroy) {
        throw new ProviderError("HOLDS_DATA", `${name} holds ${contentsText(contents)}`, {
            remedy: "Set forceDestroy: true and run `pulumi up` before you remove it, or empty the table",
        });
    }
    if (dead.length > 0 && !inputs.forceDestroy) {
        throw new ProviderError(
            "SERVER_UNREACHABLE",
            `${name} is on data nodes that do not answer: ${dead.join(", ")}`,
            {
                remedy: "Start them, or set forceDestroy: true and run `pulumi up` before you remove it",
            },
        );
    }
    const drop: Step = {
        name: "dropTable",
        why: `${name} is removed`,
        on,
        sql: `DROP TABLE IF EXISTS ${qualified(table.schema, table.name)}${inputs.forceDestroy ? " CASCADE" : ""}`,
        destroys: {
            what: `${name} with ${contents.chunks} chunks`,
            ...(contents.rows === undefined ? {} : { rows: contents.rows }),
        },
    };
    return {
        steps: [
            ...planHeal(
                on,
                cluster,
                [...inDoubt.left, ...inDoubt.possible].filter((node) => alive.has(node)),
            ),
            ...dead.flatMap((node) => forgetNode(cluster, table, node, request)),
            drop,
        ],
        ...(isOurSchema(
            observed.schemas.find((schema) => schema.name === table.schema),
            cluster.clusterId,
        )
            ? schemaDropFollows(table.schema)
            : {}),
        warnings: dead.map((node) => `table ${name} stays on data node "${node}", which does not answer`),
    };
}

/** Without these no statement on the table succeeds while the node is down; none of them contacts it. */
function forgetNode(
    cluster: ClusterState,
    { schema, name, hypertable }: TableState,
    node: string,
    { inputs }: HypertableRequest,
): Step[] {
    const on = accessDatabase(inputs.accessNode);
    const transaction = `forget ${node}`;
    const why = `${node} does not answer`;
    return [
        {
            name: "dropForeignTable",
            why,
            on,
            transaction,
            sql: anonymousBlock(`DECLARE chunk record;
BEGIN
    FOR chunk IN
        SELECT k.schema_name, k.table_name
          FROM _timescaledb_catalog.chunk k
         WHERE k.hypertable_id = ${hypertable?.id ?? 0}
           AND ARRAY[${literal(node)}]::name[] = (SELECT array_agg(n.node_name)
                                                    FROM _timescaledb_catalog.chunk_data_node n WHERE n.chunk_id = k.id)
    LOOP
        EXECUTE format('DROP FOREIGN TABLE %I.%I', chunk.schema_name, chunk.table_name);
    END LOOP;
END`),
        },
        {
            name: "detachDataNode",
            why,
            on,
            transaction,
            sql: `SELECT ${functionOf(cluster, "detach_data_node")}(
    node_name => $1::name, hypertable => $2::regclass, force => true)`,
            values: [node, qualified(schema, name)],
        },
    ];
}

/** A distributed hypertable cannot become an ordinary table again: letting it go takes our mark off. */
function unmark({ schema, name, comment }: TableState, { inputs }: HypertableRequest): Step {
    const text = withoutMarker(comment);
    return {
        name: "unmarkTable",
        why: `"${schema}.${name}" was there before and is kept`,
        on: accessDatabase(inputs.accessNode),
        sql: `COMMENT ON TABLE ${qualified(schema, name)} IS ${text === null ? "NULL" : literal(text)}`,
    };
}

/** The nodes that may have the schema: a node that was removed since took its own along. */
function schemaNodes({ nodes }: ClusterState, { inputs, last }: HypertableRequest): string[] {
    const known = new Set([...(inputs.dataNodes ?? []), ...(last?.attachedDataNodes ?? [])]);
    return nodes.filter(({ name }) => known.has(name)).map(({ name }) => name);
}
