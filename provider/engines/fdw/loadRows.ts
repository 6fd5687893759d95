/**
 * Rows from outside, straight to the data nodes: COPY to the shard that each belongs to. The shards' guards refuse what
 * would come to a wrong one.
 *
 * Every data node has one transaction. All are committed when every row is there, one beside the other: as with
 * postgres_fdw itself, a node that dies in that moment leaves the others' rows.
 */
import { ProviderError } from "../../errors";
import type { Session } from "../../postgres/pool";
import { qualified } from "../../postgres/sql";
import { sqlStateOf } from "../../postgres/sqlState";
import { blocksOf, type Load, type LoadResult, type RowBlock } from "../load";
import { ACCESS, type Servers } from "../servers";
import { withRegistered } from "../status";
import { readAccessCatalogue } from "./accessCatalogue";
import { readLoadLayout, readShardTables, type LoadLayout } from "./loadLayout";
import { NodeLoad } from "./nodeLoad";
import type { TableName } from "./rows";
import { ShardOfKey } from "./shardOfKey";

/** All shards' rows together, while they are gathered. */
const GATHERED_BYTES = 16_000_000;
const LARGEST_CHUNK_BYTES = 512_000;
/** What is worth a statement to a node that has nothing to do. */
const SMALLEST_CHUNK_BYTES = 32_000;

const UNDEFINED_TABLE = "42P01";

/** A shard, the node that takes its rows, and what was gathered for it. */
interface Destination {
    readonly node: NodeLoad;
    readonly table: TableName;
    /** Bytes and not text: strings that live on by the hundred thousand keep the garbage collector busy. */
    gathered: Buffer[];
    bytes: number;
}

/**
 * Loads them.
 *
 * @throws NOT_FOUND, INVALID_ARGUMENT, NOT_SUPPORTED, and what the servers refuse
 */
export async function loadRows(given: Servers, load: Load): Promise<LoadResult> {
    return given.on(
        given.cluster(ACCESS),
        async (access) => {
            await lockTable(access, load);
            const layout = await readLoadLayout(access, load);
            const servers = await registeredServers(given, access);
            const [zone] = await access.query<{ zone: string }>("SELECT current_setting('TimeZone') AS zone");
            const names = [...new Set(layout.shards.map(({ node }) => node))].sort();
            const result = await withSessions(servers, names, async (sessions) => {
                const progress = (): void => load.onProgress({ rows: sum(nodes) });
                const nodes = new Map(
                    [...sessions].map(([name, session]) => [
                        name,
                        new NodeLoad(servers.label(name), session, progress),
                    ]),
                );
                try {
                    await Promise.all([...nodes.values()].map((node) => node.begin(zone?.zone ?? "UTC")));
                    const destinations = await openShards(layout, sessions, nodes);
                    const shardOf = new ShardOfKey(
                        access,
                        { schema: load.schema, name: load.table },
                        layout.keyType,
                        layout.modulus,
                    );
                    await send(load, layout, shardOf, destinations, nodes);
                } finally {
                    await Promise.allSettled([...nodes.values()].map((node) => node.drain()));
                }
                await commit(nodes);
                return {
                    rows: sum(nodes),
                    nodes: Object.fromEntries([...nodes].map(([name, { rows }]) => [name, rows])),
                };
            });
            await access.query("COMMIT");
            return result;
        },
        true,
    );
}

/** As an INSERT does: until the end nobody moves, retypes or drops what the rows go to. */
async function lockTable(access: Session, { schema, table }: Load): Promise<void> {
    await access.query("BEGIN");
    await access.query("SET LOCAL idle_in_transaction_session_timeout = 0");
    try {
        await access.query(`LOCK TABLE ONLY ${qualified(schema, table)} IN ROW EXCLUSIVE MODE`);
    } catch (error) {
        throw sqlStateOf(error) === UNDEFINED_TABLE
            ? new ProviderError("NOT_FOUND", `there is no table "${schema}.${table}" on the access node`)
            : error;
    }
}

async function registeredServers(given: Servers, access: Session): Promise<Servers> {
    const { servers } = await readAccessCatalogue(access);
    return withRegistered(
        given,
        servers.map(({ name, options }) => ({
            name,
            host: options.host ?? "",
            port: Number(options.port ?? 5432),
            database: options.dbname ?? given.access.database,
        })),
    );
}

/** Sessions on all of them at once, asked for in order, so that two loads cannot wait for each other. */
async function withSessions<T>(
    servers: Servers,
    names: readonly string[],
    use: (sessions: ReadonlyMap<string, Session>) => Promise<T>,
    held: ReadonlyMap<string, Session> = new Map(),
): Promise<T> {
    const [name, ...others] = names;
    if (name === undefined) {
        return use(held);
    }
    return servers.on(
        servers.cluster(name),
        (session) => withSessions(servers, others, use, new Map([...held, [name, session]])),
        true,
    );
}

async function openShards(
    { shards }: LoadLayout,
    sessions: ReadonlyMap<string, Session>,
    nodes: ReadonlyMap<string, NodeLoad>,
): Promise<Map<number, Destination>> {
    const opened = await Promise.all(
        [...sessions].map(async ([name, session]) => {
            const own = shards.filter((shard) => shard.node === name);
            const node = nodes.get(name);
            const tables = await readShardTables(
                session,
                own.map(({ target }) => target),
            );
            return own.flatMap(({ remainder }, place): [number, Destination][] => {
                const table = tables[place];
                return node === undefined || table === undefined
                    ? []
                    : [[remainder, { node, table, gathered: [], bytes: 0 }]];
            });
        }),
    );
    return new Map(opened.flat());
}

async function send(
    load: Load,
    layout: LoadLayout,
    shardOf: ShardOfKey,
    destinations: ReadonlyMap<number, Destination>,
    nodes: ReadonlyMap<string, NodeLoad>,
): Promise<void> {
    const chunk = Math.min(LARGEST_CHUNK_BYTES, Math.ceil(GATHERED_BYTES / layout.modulus));
    const flush = async (destination: Destination): Promise<void> => {
        const { node, table, gathered } = destination;
        destination.gathered = [];
        destination.bytes = 0;
        await node.write(table, layout.columns, Buffer.concat(gathered));
    };
    for await (const block of blocksOf(load.rows, layout.columns, layout.key)) {
        await shardOf.learn(layout.key === undefined ? [null] : block.keys);
        for (const [destination, lines] of distribute(block, shardOf, destinations)) {
            const bytes = Buffer.from(lines.join(""));
            destination.gathered.push(bytes);
            destination.bytes += bytes.length;
            if (destination.bytes >= (destination.node.isIdle ? SMALLEST_CHUNK_BYTES : chunk)) {
                await flush(destination);
            }
        }
        nodes.forEach((node) => node.check());
    }
    for (const destination of destinations.values()) {
        if (destination.bytes > 0) {
            await flush(destination);
        }
    }
    await Promise.all([...nodes.values()].map((node) => node.drain()));
}

function distribute(
    { lines, keys }: RowBlock,
    shardOf: ShardOfKey,
    destinations: ReadonlyMap<number, Destination>,
): Map<Destination, string[]> {
    const shares = new Map<Destination, string[]>();
    for (const [place, line] of lines.entries()) {
        const key = keys[place] ?? null;
        const destination = destinations.get(shardOf.get(key));
        if (destination === undefined) {
            throw detached(key);
        }
        const share = shares.get(destination);
        if (share === undefined) {
            shares.set(destination, [line]);
        } else {
            share.push(line);
        }
    }
    return shares;
}

function detached(key: string | null): ProviderError {
    return new ProviderError("NOT_FOUND", `the shard of key ${key ?? "NULL"} is not attached`, {
        remedy: "Set available: true on its data node first",
    });
}

async function commit(nodes: ReadonlyMap<string, NodeLoad>): Promise<void> {
    const names = [...nodes.keys()];
    const outcomes = await Promise.allSettled([...nodes.values()].map((node) => node.commit()));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) {
        return;
    }
    const error: unknown = failed.reason;
    const committed = names.filter((_name, place) => outcomes[place]?.status === "fulfilled");
    const unsure = names.filter((name) => !committed.includes(name));
    throw error instanceof ProviderError
        ? new ProviderError(
              error.code,
              `${error.reason}. The rows for ${committed.join(", ") || "no node"} are committed, ` +
                  `of those for ${unsure.join(", ")} it is not known`,
              { remedy: error.remedy, cause: error.cause },
          )
        : error;
}

function sum(nodes: ReadonlyMap<string, NodeLoad>): number {
    return [...nodes.values()].reduce((total, { rows }) => total + rows, 0);
}
