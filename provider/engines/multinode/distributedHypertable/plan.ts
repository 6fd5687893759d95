/** From what is there to the requested distributed hypertable. */
import { ProviderError } from "../../../errors";
import { schemaDropFollows, type Plan, type Step } from "../../step";
import { mayTake, ownerOf } from "../../marks/ownership";
import { findSchema, isOurSchema } from "../../tables/schemas";
import { alreadyExists, takenError } from "../../tables/statements";
import { requireCluster, type ClusterState } from "../cluster";
import { accessDatabase } from "../../run/places";
import { withoutDoubt } from "../preparedTransactions";
import { planAlterHypertable } from "./alter";
import { planCreateHypertable } from "./create";
import { isHypertableThere, type HypertableRequest, type ObservedHypertable } from "./observe";
import { planDropSchema } from "./schemas";
import type { TableState } from "./tables";

/** The steps to the requested table. */
export function planHypertable(observed: ObservedHypertable, request: HypertableRequest): Plan {
    const { inputs, last } = request;
    const cluster = requireCluster(observed.cluster, inputs.accessNode);
    const on = accessDatabase(inputs.accessNode);
    const { table, inTheWay, inDoubt } = observed;
    if (inTheWay !== undefined) {
        const { schema, name } = inTheWay;
        throw alreadyExists(`"${schema}.${name}" exists, and this resource's table cannot be renamed to it`);
    }
    const nodes = wantedNodes(cluster, table, request);
    refuseUnknownNodes(cluster, nodes);
    if (table !== undefined) {
        refuseOthers(table, request);
    }
    const planned = isHypertableThere(observed)
        ? planAlterHypertable(cluster, observed, nodes, request)
        : { steps: planCreateHypertable(cluster, observed, nodes, request), warnings: [] };
    const left = last?.schema === inputs.schema ? undefined : findSchema(observed.schemas, last?.schema);
    const leavesIt = table !== undefined && table.schema === left?.name;
    const steps: Step[] = [...planned.steps, ...(leavesIt ? [] : planDropSchema(on, cluster, left, nodes))];
    return {
        steps: withoutDoubt(on, cluster, inDoubt, steps),
        ...(leavesIt && isOurSchema(left, cluster.clusterId) ? schemaDropFollows(table.schema) : {}),
        warnings: planned.warnings,
    };
}

/** The nodes that the table is to be on: as stated, else those it is on, else all that the access node has. */
function wantedNodes(
    { nodes }: ClusterState,
    table: TableState | undefined,
    { inputs, last }: HypertableRequest,
): readonly string[] {
    const attached = table?.hypertable?.nodes ?? [];
    return (
        inputs.dataNodes ??
        (attached.length > 0
            ? attached
            : (last?.attachedDataNodes ?? nodes.filter(({ available }) => available).map(({ name }) => name)))
    );
}

function refuseUnknownNodes(cluster: ClusterState, nodes: readonly string[]): void {
    const missing = nodes.filter((node) => !cluster.nodes.some(({ name }) => name === node));
    if (missing.length > 0 || nodes.length === 0) {
        throw new ProviderError(
            "NOT_FOUND",
            nodes.length === 0
                ? "the access node has no data nodes"
                : `the access node has no data node ${missing.map((name) => `"${name}"`).join(", ")}`,
            { remedy: "Make the data nodes first, and give them to the table by dataNodes or dependsOn" },
        );
    }
}

/** A table that is there is ours by its mark; one that is only to become distributed is meant by its name. */
function refuseOthers(table: TableState, request: HypertableRequest): void {
    const { columns } = request.inputs;
    const name = `"${table.schema}.${table.name}"`;
    if (table.kind !== "r") {
        throw alreadyExists(`${name} exists and is no ordinary table`);
    }
    const isMeant = columns === undefined && table.hypertable === undefined && table.marker === undefined;
    if (!isMeant && !mayTake(ownerOf(request), table.marker)) {
        throw takenError(table, table.marker);
    }
    if (table.hypertable?.replicationFactor === null) {
        throw new ProviderError(
            "ALREADY_EXISTS",
            `${name} is a hypertable of the access node alone, which cannot become distributed`,
            { remedy: "Copy its rows into another table, or choose another name" },
        );
    }
}
