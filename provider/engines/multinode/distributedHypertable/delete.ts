/** From what is there to nothing: the table with all its chunks, then the schema that was made for it. */
import { ProviderError } from "../../../errors";
import { anonymousBlock, literal, qualified } from "../../../postgres/sql";
import { isMarked, ownerOf } from "../../marks/ownership";
import { at, schemaDropFollows, type Plan, type Statement } from "../../step";
import { findSchema, isOurSchema } from "../../tables/schemas";
import { unmarkObject } from "../../tables/statements";
import { functionOf, type ClusterState } from "../cluster";
import { accessDatabase } from "../../run/places";
import { withoutDoubt } from "../preparedTransactions";
import { contentsText } from "./contents";
import type { HypertableRequest, ObservedHypertable } from "./observe";
import { planDropSchema } from "./schemas";
import type { TableState } from "./tables";

/** The steps by which a table goes, or is let go where it was there before. */
export function planDeleteHypertable(observed: ObservedHypertable, request: HypertableRequest): Plan {
    const { inputs, last } = request;
    const { cluster, table, inDoubt } = observed;
    if (cluster === undefined || cluster.clusterId !== inputs.accessNode.id) {
        return { steps: [], warnings: [] };
    }
    const on = accessDatabase(inputs.accessNode);
    if (table === undefined) {
        const schema = findSchema(observed.schemas, last?.schema ?? inputs.schema);
        const steps = planDropSchema(on, cluster, schema, schemaNodes(cluster, request));
        return { steps: withoutDoubt(on, cluster, inDoubt, steps), warnings: [] };
    }
    const { marker } = table;
    if (!isMarked(ownerOf(request), marker)) {
        const warning = `table "${table.schema}.${table.name}" is not this resource's any more and is left alone`;
        return { steps: [], warnings: last?.created.table === true ? [warning] : [] };
    }
    // A distributed hypertable cannot become an ordinary table again: letting it go takes our mark off.
    return marker?.adopted === true && !inputs.forceDestroy
        ? { steps: at(on, [unmarkObject("TABLE", table, table.comment)]), warnings: [] }
        : planDrop(cluster, observed, table, request);
}

function planDrop(
    cluster: ClusterState,
    { contents, alive, inDoubt, schemas }: ObservedHypertable,
    table: TableState,
    { inputs }: HypertableRequest,
): Plan {
    const on = accessDatabase(inputs.accessNode);
    const name = `"${table.schema}.${table.name}"`;
    const dead = (table.hypertable?.nodes ?? []).filter((node) => !alive.has(node));
    if (contents.rows !== 0 && !inputs.forceDestroy) {
        throw new ProviderError("HOLDS_DATA", `${name} holds ${contentsText(contents)}`, {
            remedy: "Set forceDestroy: true and run `pulumi up` before you remove it, or empty the table",
        });
    }
    if (dead.length > 0 && !inputs.forceDestroy) {
        throw new ProviderError(
            "SERVER_UNREACHABLE",
            `${name} is on data nodes that do not answer: ${dead.join(", ")}`,
            { remedy: "Start them, or set forceDestroy: true and run `pulumi up` before you remove it" },
        );
    }
    const isAlive = (node: string): boolean => alive.has(node);
    const doubt = {
        ...inDoubt,
        underWay: inDoubt.underWay.filter(isAlive),
        unseen: inDoubt.unseen.filter(isAlive),
    };
    const drop: Statement = {
        name: `drop table ${table.schema}.${table.name}`,
        why: "the resource is deleted",
        sql: `DROP TABLE IF EXISTS ${qualified(table.schema, table.name)}${inputs.forceDestroy ? " CASCADE" : ""}`,
        destroys: {
            what: `${name} with ${contents.chunks} chunks`,
            ...(contents.rows === undefined ? {} : { rows: contents.rows }),
        },
    };
    return {
        steps: withoutDoubt(on, cluster, doubt, [
            ...dead.flatMap((node) => at(on, forgetNode(cluster, table, node), `forget ${node}`)),
            ...at(on, [drop]),
        ]),
        ...(isOurSchema(findSchema(schemas, table.schema), cluster.clusterId) ? schemaDropFollows(table.schema) : {}),
        warnings: dead.map((node) => `table ${name} stays on data node "${node}", which does not answer`),
    };
}

/** Without these no statement on the table succeeds while the node is down; none of them contacts it. */
function forgetNode(cluster: ClusterState, { schema, name, hypertable }: TableState, node: string): Statement[] {
    const why = `${node} does not answer`;
    return [
        {
            name: `drop foreign tables of chunks on ${node} alone`,
            why,
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
            name: `detach data node ${node}`,
            why,
            sql: `SELECT ${functionOf(cluster, "detach_data_node")}(
    node_name => $1::name, hypertable => $2::regclass, force => true)`,
            values: [node, qualified(schema, name)],
        },
    ];
}

/** The nodes that may have the schema: a node that was removed since took its own along. */
function schemaNodes({ nodes }: ClusterState, { inputs, last }: HypertableRequest): string[] {
    const known = new Set([...(inputs.dataNodes ?? []), ...(last?.attachedDataNodes ?? [])]);
    return nodes.filter(({ name }) => known.has(name)).map(({ name }) => name);
}
