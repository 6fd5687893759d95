/** From what is there to the requested distributed hypertable. */
import { ProviderError } from "../../../errors";
import { schemaDropFollows, type Plan, type Step } from "../../step";
import { mayTake, ownerOf } from "../../marks/ownership";
import { planAlterHypertable } from "./alter";
import { requireCluster, type ClusterState } from "../cluster";
import { planCreateHypertable } from "./create";
import type { HypertableRequest } from ".";
import type { ObservedHypertable } from "./observe";
import { planHeal } from "../liveness";
import { accessDatabase } from "../places";
import { isOurSchema, planDropSchema } from "./schemas";
import type { TableState } from "./tables";

/** The steps to the requested table. */
export function planHypertable(observed: ObservedHypertable | undefined, request: HypertableRequest): Plan {
    const { inputs, last } = request;
    const cluster = requireCluster(observed?.cluster, inputs.accessNode);
    const on = accessDatabase(inputs.accessNode);
    const { table, inTheWay } = observed ?? {};
    if (inTheWay !== undefined) {
        throw alreadyExists(inTheWay, "and this resource's table cannot be renamed to it");
    }
    const nodes = wantedNodes(cluster, table, request);
    refuseUnknownNodes(cluster, nodes);
    if (table !== undefined) {
        refuseOthers(table, request);
    }
    const planned =
        observed === undefined || table?.hypertable === undefined
            ? { steps: planCreateHypertable(cluster, observed, nodes, request), warnings: [] }
            : planAlterHypertable(cluster, { ...observed, table }, nodes, request);
    const left = observed?.schemas.find(({ name }) => name === last?.schema && name !== inputs.schema);
    const steps: Step[] = [
        ...planned.steps,
        ...planDropSchema(on, cluster, table?.schema === left?.name ? undefined : left, nodes),
    ];
    const { left: inDoubt, possible } = observed?.inDoubt ?? { left: [], possible: [] };
    return {
        steps: [...planHeal(on, cluster, steps.length > 0 ? [...inDoubt, ...possible] : inDoubt), ...steps],
        ...(left !== undefined && table?.schema === left.name && isOurSchema(left, cluster.clusterId)
            ? schemaDropFollows(left.name)
            : {}),
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
    const isMeant = columns === undefined && table.hypertable === undefined && table.marker === undefined;
    if (table.kind !== "r") {
        throw alreadyExists(table, "and is no ordinary table");
    }
    if (!isMeant && !mayTake(ownerOf(request), table.marker)) {
        throw alreadyExists(
            table,
            table.marker === undefined ? "and was not made by this resource" : `and belongs to ${table.marker.urn}`,
        );
    }
    if (table.hypertable !== undefined && table.hypertable.replicationFactor === null) {
        throw new ProviderError(
            "ALREADY_EXISTS",
            `"${table.schema}.${table.name}" is a hypertable of the access node alone, which cannot become distributed`,
            { remedy: "Copy its rows into another table, or choose another name" },
        );
    }
}

function alreadyExists({ schema, name }: TableState, how: string): ProviderError {
    return new ProviderError("ALREADY_EXISTS", `"${schema}.${name}" exists ${how}`, {
        remedy: "Choose another name, drop it, or set adopt: true to take it over",
    });
}
