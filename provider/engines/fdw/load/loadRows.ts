/**
 * Rows from outside, straight to the data nodes: COPY to the shard that each belongs to. The shards' guards refuse what
 * would come to a wrong one.
 *
 * Every data node has one transaction. All are committed when every row is there, one beside the other: as with
 * postgres_fdw itself, a node that dies in that moment leaves the others' rows.
 */
import { ProviderError } from "../../../errors";
import type { Session } from "../../../postgres/pool";
import { qualified } from "../../../postgres/sql";
import { SQLSTATE, sqlStateOf } from "../../../postgres/sqlState";
import { turnsOf, type Load, type LoadResult } from "../../load";
import { ACCESS, type Servers } from "../../run/servers";
import { withRegistered } from "../../status/read";
import { readAccessCatalogue } from "../catalogue";
import { Distribution, type OpenShard } from "./distribution";
import { readLoadLayout, readShardTables, type LoadLayout } from "./loadLayout";
import { NodeLoad } from "./nodeLoad";
import { ShardOfKey } from "./shardOfKey";

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
            const { zone } = await access.one<{ zone: string }>("SELECT current_setting('TimeZone') AS zone");
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
                    await Promise.all([...nodes.values()].map((node) => node.begin(zone)));
                    const table = { schema: load.schema, name: load.table };
                    const shardOf = new ShardOfKey(access, table, layout.keyType, layout.modulus);
                    const shards = await openShards(layout, sessions, nodes);
                    await send(load, layout, new Distribution(layout, shardOf, shards), nodes);
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
        throw sqlStateOf(error) === SQLSTATE.UNDEFINED_TABLE
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
): Promise<Map<number, OpenShard>> {
    const opened = await Promise.all(
        [...sessions].map(async ([name, session]) => {
            const own = shards.filter((shard) => shard.node === name);
            const node = nodes.get(name);
            const tables = await readShardTables(
                session,
                own.map(({ target }) => target),
            );
            return own.flatMap(({ remainder }, place): [number, OpenShard][] => {
                const table = tables[place];
                return node === undefined || table === undefined ? [] : [[remainder, { node, table }]];
            });
        }),
    );
    return new Map(opened.flat());
}

async function send(
    load: Load,
    { columns }: LoadLayout,
    distribution: Distribution,
    nodes: ReadonlyMap<string, NodeLoad>,
): Promise<void> {
    for await (const _turn of turnsOf(load.rows, columns, (values) => distribution.add(values))) {
        await distribution.settle();
        for (const { shard, format, rows } of distribution.take(false)) {
            await shard.node.write(shard.table, columns, format, rows);
        }
        nodes.forEach((node) => node.check());
    }
    for (const { shard, format, rows } of distribution.take(true)) {
        await shard.node.write(shard.table, columns, format, rows);
    }
    await Promise.all([...nodes.values()].map((node) => node.drain()));
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
