/** Which objects of a cluster are missing or left over, by their marks on both sides. */
import { ProviderError } from "../../../errors";
import { isNoDatabase } from "../../../postgres/sqlState";
import { readMarker } from "../../marks/marker";
import { ACCESS } from "../../run/servers";
import type { Answers } from "../../status/read";
import type { DriftItem } from "../../status/status";
import { partText } from "../distributedHypertable/parts";
import type { AccessObject, AccessSide, NodeSide } from "./answers";

/** Compares the access node's objects with the data nodes'. */
export function driftOf(access: AccessSide, sides: Answers<NodeSide>): DriftItem[] {
    const tables = access.objects.filter(({ part }) => part?.kind === "table");
    return [
        ...tables.flatMap((table) => tableDrift(table, access)),
        ...[...sides].flatMap(([name, side]) => nodeDrift(name, side, access, tables)),
    ];
}

/** Shards without a foreign table, and foreign tables that are not attached although their node is to be used. */
function tableDrift(table: AccessObject, access: AccessSide): DriftItem[] {
    const own = access.objects.filter(({ part, marker }) => part?.kind === "shard" && marker.urn === table.marker.urn);
    const modulus = own[0]?.part?.modulus ?? 0;
    const item = (what: string): DriftItem => ({ node: ACCESS, object: `table ${table.schema}.${table.name}`, what });
    const numbers = new Set(own.map(({ part }) => part?.remainder));
    const missing = Array.from({ length: modulus }, (_, remainder) => remainder).filter((n) => !numbers.has(n));
    const detached = own.filter(({ parent, server }) => parent === null && isAvailable(access, server));
    return [
        ...(modulus === 0 ? [item("it has no shards")] : []),
        ...missing.map((remainder) => item(`shard ${remainder}/${modulus} has no foreign table`)),
        ...detached.map(({ part, server }) =>
            item(`${part === undefined ? "a shard" : partText(part)} on ${server} is detached: its rows are refused`),
        ),
    ];
}

/** Whether the access node uses a data node. */
export function isAvailable({ nodes }: AccessSide, server: string | null): boolean {
    return readMarker(nodes.find(({ name }) => name === server)?.comment)?.available !== false;
}

function nodeDrift(
    name: string,
    side: NodeSide | ProviderError,
    access: AccessSide,
    tables: readonly AccessObject[],
): DriftItem[] {
    const registered = access.nodes.find((node) => node.name === name);
    const item = (object: string, what: string): DriftItem => ({ node: name, object, what });
    const drift: DriftItem[] =
        registered === undefined ? [item(`data node ${name}`, "it is not registered on the access node")] : [];
    if (side instanceof ProviderError) {
        return isNoDatabase(side)
            ? [...drift, item(`database ${registered?.database ?? ""}`.trim(), "it does not exist any more")]
            : drift;
    }
    const cluster = readMarker(access.comment)?.cluster;
    const mark = readMarker(side.comment);
    if (mark !== undefined && cluster !== undefined && mark.cluster !== cluster) {
        drift.push(item(`database ${registered?.database ?? ""}`.trim(), `it belongs to ${mark.cluster ?? mark.urn}`));
    }
    return [
        ...drift,
        ...tables.flatMap((table) => sharesDrift(name, side, access, table)),
        ...leftOver(name, side, tables, cluster),
    ];
}

/** What the access node's foreign tables need on a data node. */
function sharesDrift(name: string, side: NodeSide, access: AccessSide, table: AccessObject): DriftItem[] {
    const item = (what: string): DriftItem => ({ node: name, object: `table ${table.schema}.${table.name}`, what });
    const { urn } = table.marker;
    const own = side.objects.filter(({ marker }) => marker.urn === urn);
    const find = (kind: string, remainder: number | undefined): (typeof own)[number] | undefined =>
        own.find(({ part }) => part?.kind === kind && part.remainder === remainder);
    const foreign = access.objects.filter(({ server, marker }) => server === name && marker.urn === urn);
    const needsRoute = foreign.some(({ part }) => part?.kind === "shard");
    return [
        ...(needsRoute && find("route", undefined) === undefined
            ? [item("the table by which the guards compute remainders is missing")]
            : []),
        ...foreign.flatMap(({ part, target }) => {
            if (part === undefined) {
                return [];
            }
            const text = partText(part);
            if (part.kind === "last") {
                return find("last", part.remainder) === undefined ? [item(`the view of ${text} is missing`)] : [];
            }
            const shard = find("shard", part.remainder);
            const view = find("view", part.remainder);
            return [
                ...(shard === undefined ? [item(`${text} is missing`)] : []),
                ...(shard?.guarded === false ? [item(`${text} has no guard: it takes rows of other shards`)] : []),
                ...(view === undefined ? [item(`the view ${target.schema}.${target.name} of ${text} is missing`)] : []),
            ];
        }),
    ];
}

/** Marks of the cluster whose table the access node does not have: one item a resource. */
function leftOver(
    name: string,
    side: NodeSide,
    tables: readonly AccessObject[],
    cluster: string | undefined,
): DriftItem[] {
    const known = new Set(tables.map(({ marker }) => marker.urn));
    const left = side.objects.filter(({ marker }) => !known.has(marker.urn) && marker.cluster === cluster);
    return [...new Set(left.map(({ marker }) => marker.urn))].map((urn) => {
        const first = left.find(({ marker }) => marker.urn === urn);
        return {
            node: name,
            object: `${first?.schema ?? ""}.${first?.name ?? ""}`,
            what: `it is left of ${urn}, whose table the access node does not have`,
        };
    });
}
