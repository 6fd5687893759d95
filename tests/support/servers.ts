/**
 * The real servers of the integration and acceptance tiers.
 *
 *     describeServers("fdw", (kind) => {
 *         let cluster: TestCluster;
 *         beforeAll(async () => (cluster = await startCluster(kind, { nodes: 2, auth: "trust" })), START_TIMEOUT_MS);
 *         afterAll(() => cluster.stop());
 *         it("...", () => { cluster.access.port; cluster.nodes[0].password; });
 *     });
 *
 * describeServers makes one describe block a kind of server, or one that is skipped and says what is missing. Every
 * server is a process of its own on a free port of 127.0.0.1 and is gone with the test process.
 */
import { embeddedMajors } from "../../tools/servers/embedded.mjs";
import { startServer, type Server, type ServerOptions } from "../../tools/servers/postgresServer.mjs";
import { findTimescaledb, TIMESCALEDB_SETTINGS } from "../../tools/servers/timescaledb.mjs";

/** For beforeAll: a cluster takes two seconds, the first one of a machine also has PostgreSQL to download. */
export const START_TIMEOUT_MS = 180_000;

/** The engine of the provider that a kind of server is for. */
export type EngineName = "fdw" | "multinode";

/** A kind of server that tests run on. */
export interface ServerKind {
    /** For the title of a describe block, such as "PostgreSQL 16". */
    readonly name: string;
    readonly engine: EngineName;
    /** The TimescaleDB version that CREATE EXTENSION installs; undefined where there is none. */
    readonly timescaledb: string | undefined;
    /** What startServer needs to start one. */
    readonly base: Pick<ServerOptions, "major" | "binFolder" | "settings">;
}

/** PostgreSQL from npm: the oldest, the newest and one in between; all with TEST_MATRIX=1. */
export const fdwServers: readonly ServerKind[] = selectMajors(embeddedMajors()).map((major) => ({
    name: `PostgreSQL ${major}`,
    engine: "fdw",
    timescaledb: undefined,
    base: { major },
}));

/** TimescaleDB with multi-node, where it was found; see tools/servers/timescaledb.mjs. */
export const multinodeServers: readonly ServerKind[] = findMultinode().kinds;

/** Why there are none of that engine; undefined where there are. */
export const skipReasons: Readonly<Record<EngineName, string | undefined>> = {
    fdw: fdwServers.length ? undefined : `no npm package of PostgreSQL for ${process.platform} ${process.arch}`,
    multinode: findMultinode().reason,
};

/** One describe block for each kind of server of the engine, or a skipped one that says why there is none. */
export function describeServers(engine: EngineName, body: (kind: ServerKind) => void): void {
    const kinds = engine === "fdw" ? fdwServers : multinodeServers;
    if (kinds.length) {
        describe.each(kinds.map((kind) => [kind.name, kind] as const))("on %s", (_name, kind) => body(kind));
    } else {
        describe.skip(`on ${engine} (skipped: ${skipReasons[engine]})`, () =>
            body({ name: engine, engine, timescaledb: undefined, base: {} }));
    }
}

/** One server of that kind; the options override what the kind has, settings by name. */
export function startOne(kind: ServerKind, options: ServerOptions = {}): Promise<Server> {
    return startServer({ ...kind.base, ...options, settings: { ...kind.base.settings, ...options.settings } });
}

/** Servers that are not wired to each other yet. */
export interface TestCluster {
    readonly kind: ServerKind;
    readonly access: Server;
    readonly nodes: readonly Server[];
    /** The access node first. */
    readonly all: readonly Server[];
    /** Ends all of them and removes their data. */
    stop(): Promise<void>;
}

/** The options of startCluster: how many data nodes (2 by default), and what startServer takes, for every server. */
export interface ClusterOptions extends Omit<ServerOptions, "major" | "binFolder" | "dataFolder" | "port"> {
    readonly nodes?: number;
}

/** Starts an access node and data nodes, all at once. Scram by default, with another password on each server. */
export async function startCluster(
    kind: ServerKind,
    { nodes = 2, ...options }: ClusterOptions = {},
): Promise<TestCluster> {
    const starts = await Promise.allSettled(Array.from({ length: nodes + 1 }, () => startOne(kind, options)));
    const all = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
    const stop = async (): Promise<void> => void (await Promise.all(all.map((server) => server.stop())));
    const failed = starts.find((start) => start.status === "rejected");
    const [access, ...others] = all;
    if (failed || !access) {
        await stop();
        throw failed?.reason;
    }
    return { kind, access, nodes: others, all, stop };
}

function selectMajors(majors: readonly number[]): number[] {
    if (process.env.TEST_MATRIX) return [...majors];
    const places = [0, Math.floor(majors.length / 2), majors.length - 1];
    return majors.filter((_major, place) => places.includes(place));
}

function findMultinode(): { kinds: ServerKind[]; reason?: string } {
    const found = findTimescaledb();
    if (found.kind === "none") return { kinds: [], reason: found.reason };
    if (found.kind !== "local") return { kinds: [], reason: "" };
    const base = { binFolder: found.binFolder, settings: TIMESCALEDB_SETTINGS };
    return { kinds: [{ name: `TimescaleDB ${found.version}`, engine: "multinode", timescaledb: found.version, base }] };
}
