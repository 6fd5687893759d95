/**
 * A cluster of real servers with a proxy on every way between its parts: from the provider to each server, and from the
 * access node to each data node.
 */
import { closePools } from "../../../provider/postgres/pool";
import type { Server } from "../../../tools/servers/postgresServer.mjs";
import { startFaultProxy, type Fault, type FaultProxy } from "../faultProxy";
import { LiveCluster, type LiveResource } from "../life";
import { query } from "../query";
import { residueOf, type Residue } from "../residue";
import { startCluster, type EngineName, type ServerKind, type TestCluster } from "../servers";

/** The cluster's database on every server. */
export const DATABASE = "killpoints";

const DATA_NODES = 3;
/** Data nodes that are registered before an operation starts; the third is for those that need one more. */
const REGISTERED = 2;
/** What a server acknowledges must be there after its end. */
const SETTINGS = { fsync: "on", synchronous_commit: "on" };

type Values = Record<string, unknown>;

/** One way, and the server at its end. */
export interface Wire {
    /** `access node to dn1`, `provider to access node`. */
    readonly name: string;
    readonly from: "access node" | "provider";
    readonly proxy: FaultProxy;
    readonly server: Server;
}

/** The resources of a cluster whose servers are reached through proxies. */
class WiredCluster extends LiveCluster {
    constructor(
        cluster: TestCluster,
        database: string,
        private readonly doors: readonly FaultProxy[],
        private readonly routes: readonly FaultProxy[],
    ) {
        super(cluster, database);
    }

    override connectionOf(server: Server): Values {
        return { ...super.connectionOf(server), ...placeOf(this.doors[this.cluster.all.indexOf(server)]) };
    }

    override nodeValues(index: number, values: Values = {}): Values {
        return super.nodeValues(index, { ...placeOf(this.routes[index]), ...values });
    }

    override tableValues(tableName: string, values: Values = {}): Values {
        const made = super.tableValues(tableName, { dataNodes: ["dn1", "dn2"], ...values });
        const nodes = Object.entries(made.nodes as Record<string, Values>).map(([name, node]) => [
            name,
            { ...node, ...placeOf(this.routes[Number(name.slice(2)) - 1]) },
        ]);
        return { ...made, nodes: Object.fromEntries(nodes) as Values };
    }
}

function placeOf(proxy: FaultProxy | undefined): Values {
    if (proxy === undefined) {
        throw new Error("there is no such proxy");
    }
    return { host: proxy.host, port: proxy.port };
}

/** The servers, the proxies, and an access node with two data nodes. */
export class FaultyCluster {
    live!: LiveCluster;
    /** What every server holds between two operations. */
    baseline: readonly Residue[] = [];

    private constructor(
        readonly engine: EngineName,
        readonly servers: TestCluster,
        readonly doors: readonly FaultProxy[],
        readonly routes: readonly FaultProxy[],
    ) {}

    /** Starts everything. */
    static async start(kind: ServerKind): Promise<FaultyCluster> {
        const servers = await startCluster(kind, { nodes: DATA_NODES, settings: SETTINGS });
        const doors = await Promise.all(servers.all.map(startFaultProxy));
        const routes = await Promise.all(servers.nodes.map(startFaultProxy));
        const cluster = new FaultyCluster(kind.engine, servers, doors, routes);
        await cluster.build();
        return cluster;
    }

    /** Every way, and what is at its end. */
    get wires(): Wire[] {
        const names = ["access node", ...this.servers.nodes.map((_server, index) => `dn${index + 1}`)];
        const wire = (from: Wire["from"], proxy: FaultProxy, server: Server | undefined, to = ""): Wire => {
            if (server === undefined) {
                throw new Error(`${to} is not there`);
            }
            return { name: `${from} to ${to}`, from, proxy, server };
        };
        return [
            ...this.routes.map((proxy, index) =>
                wire("access node", proxy, this.servers.nodes[index], names[index + 1]),
            ),
            ...this.doors.map((proxy, index) => wire("provider", proxy, this.servers.all[index], names[index])),
        ];
    }

    /** A data node that is not registered yet, or the i-th one. */
    node(index: number): LiveResource {
        return this.live.node(index);
    }

    /** What every server holds now. */
    async residue(): Promise<Residue[]> {
        await closePools();
        return Promise.all(this.servers.all.map(residueOf));
    }

    /** The access node with its data nodes, made anew. */
    async build(): Promise<void> {
        this.live = new WiredCluster(this.servers, DATABASE, this.doors, this.routes);
        await this.live.access.create(this.live.accessValues({ engine: this.engine }));
        // The first data node ever leaves a label on the access node's database.
        for (const index of Array.from({ length: REGISTERED }, (_, each) => each)) {
            await this.live.node(index).create(this.live.nodeValues(index));
        }
        this.baseline = await this.residue();
    }

    /** After a failure: ends whatever is left or under way, and makes everything anew. */
    async rebuild(): Promise<void> {
        await Promise.all([...this.doors, ...this.routes].map((proxy) => proxy.heal()));
        for (const server of this.servers.all) {
            await server.restart();
        }
        await closePools();
        await this.endPrepared();
        for (const server of this.servers.all) {
            const left = await query<{ name: string }>(
                server,
                "postgres",
                "SELECT datname AS name FROM pg_database WHERE datname <> 'postgres' AND NOT datistemplate",
            );
            for (const { name } of left) {
                await query(server, "postgres", `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
            }
        }
        await this.build();
    }

    /** Rolls back what is prepared anywhere, whereupon everything that waits for it goes on. */
    async endPrepared(): Promise<void> {
        for (const server of this.servers.all) {
            const prepared = await query<{ gid: string; database: string }>(
                server,
                "postgres",
                "SELECT gid, database::text FROM pg_prepared_xacts",
            );
            for (const { gid, database } of prepared) {
                await query(server, database, `ROLLBACK PREPARED '${gid}'`).catch(() => undefined);
            }
        }
    }

    /** Ends everything. */
    async stop(): Promise<void> {
        await closePools();
        await Promise.all([...this.doors, ...this.routes].map((proxy) => proxy.stop()));
        await this.servers.stop();
    }
}

/** What can happen at a message. */
export const MODES = ["before", "answer lost", "after", "backend killed", "server killed"] as const;

/** One of them. */
export type Mode = (typeof MODES)[number];

/** The fault of a mode on a wire. */
export function faultOf(mode: Mode, { server }: Wire): Fault {
    switch (mode) {
        case "before":
            return { when: "before" };
        case "answer lost":
            return { when: "unanswered" };
        case "after":
            return { when: "answered" };
        case "backend killed":
            return {
                when: "before",
                passes: true,
                meanwhile: ({ processId }) => endSession(server, processId ?? 0),
            };
        case "server killed":
            return {
                when: "unanswered",
                meanwhile: async () => {
                    await server.halt("immediate");
                    await server.restart();
                },
            };
    }
}

async function endSession(server: Server, processId: number): Promise<void> {
    await query(
        server,
        "postgres",
        `DO $$
         BEGIN
             PERFORM pg_terminate_backend(${processId});
             FOR attempt IN 1 .. 100 LOOP
                 PERFORM pg_stat_clear_snapshot();
                 EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ${processId});
                 PERFORM pg_sleep(0.02);
             END LOOP;
         END $$`,
    );
}
