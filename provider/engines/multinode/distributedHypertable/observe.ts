/** What there is of a distributed hypertable, and what the server makes of how it is requested. */
import type { Purpose, Request } from "../../engine";
import type { Session } from "../../../postgres/pool";
import { qualified } from "../../../postgres/sql";
import { columnDefinition, onTemporaryTable, readSpelling } from "../../tables/columnSql";
import { recordedSpelling, type Canonical } from "../../tables/columns";
import { askInterval, DEFAULT_CHUNK_INTERVAL, INTERVAL_PATH } from "../../tables/intervals";
import type { TableName } from "../../tables/names";
import type { SchemaState } from "../../tables/schemas";
import type { DistributedHypertableComputed, DistributedHypertableInputs } from "../../inputs";
import { isMarked, ownerOf } from "../../marks/ownership";
import { ACCESS, type Servers } from "../../run/servers";
import { snapshot } from "../../run/snapshot";
import { ifDatabaseExists } from "../../run/reach";
import { clusterFor, type ClusterState } from "../cluster";
import { indexPath, readIndexSpelling } from "./indexes";
import { pingNodes } from "../liveness";
import { observeContents, type TableContents } from "./contents";
import { NO_DOUBT, observeInDoubt, type InDoubt } from "../preparedTransactions";
import { observeSchemas } from "./schemas";
import { findTable, observeTables, type HypertableState, type TableState } from "./tables";

/** What a program requests of a distributed hypertable. */
export type HypertableRequest = Request<DistributedHypertableInputs, DistributedHypertableComputed>;

/** What there is of a distributed hypertable. */
export interface ObservedHypertable {
    /** undefined: the access node's database is gone, or holds no TimescaleDB. */
    readonly cluster: ClusterState | undefined;
    /** The table of this resource, under its old name or its new one, or one that stands in its place. */
    readonly table?: TableState;
    /** Another table that bears the new name while this resource's still bears the old one. */
    readonly inTheWay?: TableState;
    /** The canonical forms of what is requested; empty while there is no table to compare it with. */
    readonly canonical: Canonical;
    /** The schema that is requested and the one of the last operation. */
    readonly schemas: readonly SchemaState[];
    /** The attached nodes that answer; all of them where that was not asked. */
    readonly alive: ReadonlySet<string>;
    /** What is prepared on the data nodes that the table is on, or is to be on. */
    readonly inDoubt: InDoubt;
    readonly contents: TableContents;
}

/** An observation with a distributed hypertable in it. */
export type ObservedTable = ObservedHypertable & {
    readonly table: TableState & { readonly hypertable: HypertableState };
};

const NO_CONTENTS: TableContents = { chunks: 0, rows: 0, isMore: false, soleChunks: [], cutMoves: [] };

/** Reads the cluster and the table on the access node. A change is also told what surrounds the table. */
export async function observeHypertable(
    servers: Servers,
    request: HypertableRequest,
    purpose: Purpose,
): Promise<ObservedHypertable> {
    const place = servers.cluster(ACCESS);
    const observed = await ifDatabaseExists(() =>
        servers.on(place, (session) => observeOn(session, servers, request, purpose)),
    );
    return observed ?? nothingThere();
}

/** Whether the distributed hypertable is there. */
export function isHypertableThere(observed: ObservedHypertable): observed is ObservedTable {
    return observed.table?.hypertable !== undefined;
}

/** No table, and no cluster. */
export function nothingThere(): ObservedHypertable {
    return {
        cluster: undefined,
        canonical: {},
        schemas: [],
        alive: new Set(),
        inDoubt: NO_DOUBT,
        contents: NO_CONTENTS,
    };
}

async function observeOn(
    session: Session,
    servers: Servers,
    request: HypertableRequest,
    purpose: Purpose,
): Promise<ObservedHypertable> {
    const place = servers.cluster(ACCESS);
    const names = namesOf(request);
    const cluster = await clusterFor(purpose, session, servers);
    if (cluster === undefined) {
        return nothingThere();
    }
    const tables =
        purpose === "read"
            ? await snapshot(servers, place, "hypertables", () => observeTables(session))
            : await observeTables(session, names);
    const { table, inTheWay } = pick(tables, request);
    const nodes = table?.hypertable?.nodes ?? [];
    const common = {
        cluster,
        ...(table === undefined ? {} : { table }),
        ...(inTheWay === undefined ? {} : { inTheWay }),
        canonical: table === undefined ? {} : await spell(session, table, request),
        schemas:
            purpose === "read"
                ? await snapshot(servers, place, "schemas", () => observeSchemas(session))
                : await observeSchemas(session, [...new Set(names.map(({ schema }) => schema))]),
    };
    const doubtful = mayHoldPrepared(cluster, nodes, request);
    const inDoubt = await observeInDoubt(session, servers, cluster, doubtful, purpose);
    if (purpose === "read") {
        return { ...common, alive: new Set(nodes), inDoubt, contents: NO_CONTENTS };
    }
    const alive = await pingNodes(session, cluster.versions, nodes);
    const isInDoubt = inDoubt.left.length > 0 || inDoubt.stranded.length > 0;
    // Rows are asked for through the data nodes, and nothing may wait there for what is in doubt.
    const counts = purpose === "delete" && nodes.every((node) => alive.has(node)) && !isInDoubt;
    return {
        ...common,
        alive,
        inDoubt,
        contents: table === undefined ? NO_CONTENTS : await observeContents(session, cluster.versions, table, counts),
    };
}

/** The nodes on which a transaction of this table may be prepared: those that it is on, was on, or is to be on. */
function mayHoldPrepared(
    cluster: ClusterState,
    attached: readonly string[],
    { inputs, last }: HypertableRequest,
): string[] {
    const all = cluster.nodes.map(({ name }) => name);
    const meant = inputs.dataNodes ?? (attached.length > 0 ? [] : all);
    const names = new Set([...meant, ...attached, ...(last?.attachedDataNodes ?? [])]);
    return all.filter((name) => names.has(name));
}

/** The names under which the table may be found: the requested one, and the one of the last operation. */
function namesOf({ inputs, last }: HypertableRequest): [TableName, ...TableName[]] {
    const requested = { schema: inputs.schema, name: inputs.tableName };
    const before = last && { schema: last.schema, name: last.tableName };
    return before === undefined || (before.schema === requested.schema && before.name === requested.name)
        ? [requested]
        : [requested, before];
}

function pick(
    tables: readonly TableState[],
    request: HypertableRequest,
): { readonly table?: TableState; readonly inTheWay?: TableState } {
    const [requested, before] = namesOf(request);
    const now = findTable(tables, requested);
    const old = before && findTable(tables, before);
    if (old === undefined || (now !== undefined && isMarked(ownerOf(request), now.marker))) {
        return { table: now };
    }
    return { table: old, inTheWay: now };
}

/** The canonical forms: those recorded for the same spelling, else what the server makes of it now. */
async function spell(session: Session, table: TableState, { inputs, last }: HypertableRequest): Promise<Canonical> {
    const forms = recordedForms(inputs, last) ?? (await askForms(session, table, inputs));
    const interval = inputs.chunkTimeInterval ?? DEFAULT_CHUNK_INTERVAL;
    const isRecorded = last !== undefined && (last.chunkTimeInterval ?? DEFAULT_CHUNK_INTERVAL) === interval;
    const recorded = isRecorded ? last.canonical[INTERVAL_PATH] : undefined;
    return { ...forms, [INTERVAL_PATH]: recorded ?? (await askInterval(session, interval)) };
}

function recordedForms(inputs: DistributedHypertableInputs, last: HypertableRequest["last"]): Canonical | undefined {
    const indexes = inputs.indexes ?? [];
    if (last === undefined || indexes.some((index) => last.canonical[indexPath(index)] === undefined)) {
        return undefined;
    }
    return recordedSpelling(inputs.columns ?? [], last);
}

async function askForms(
    session: Session,
    table: TableState,
    { columns, indexes }: DistributedHypertableInputs,
): Promise<Canonical> {
    if (columns === undefined && indexes === undefined) {
        return {};
    }
    const elements = columns?.map(columnDefinition).join(", ") ?? `LIKE ${qualified(table.schema, table.name)}`;
    const known = new Set((columns ?? table.columns).map(({ name }) => name));
    return onTemporaryTable(session, elements, async (temporary) => ({
        ...(columns === undefined ? {} : await readSpelling(session, temporary)),
        ...(await readIndexSpelling(session, temporary, indexes ?? [], known)),
    }));
}
