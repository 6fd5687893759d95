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
 * server is a process of its own on a free port of 127.0.0.1 and is gone with the test process; but for the servers of
 * TIMESCALEDB_SERVERS, which are used as they are: tests that start a server with options of their own, restart or
 * kill one, or look into its folder say `{ ownServers: true }`, and are skipped on those.
 */
import type { DockerTests } from "../../tools/docker/ensureDocker.mjs";
import { embeddedMajors } from "../../tools/servers/embedded.mjs";
import { startServer, type Server, type ServerOptions } from "../../tools/servers/postgresServer.mjs";
import { findTimescaledb, TIMESCALEDB_SETTINGS, type GivenServer } from "../../tools/servers/timescaledb.mjs";
import { useGivenServer } from "./givenServer";

/** For beforeAll: a cluster takes two seconds, the first one of a machine also has PostgreSQL to download. */
export const START_TIMEOUT_MS = 180_000;

/** The engine of the provider that a kind of server is for. */
export type EngineName = "fdw" | "multinode";

/** A kind of server that tests run on. */
export interface ServerKind {
    /** For the title of a describe block, such as "PostgreSQL 16". */
    readonly name: string;
    readonly engine: EngineName;
    /** The TimescaleDB version that CREATE EXTENSION installs; undefined where there is none, or where it is not known. */
    readonly timescaledb: string | undefined;
    /** What startServer needs to start one. */
    readonly base: Pick<ServerOptions, "major" | "binFolder" | "image" | "settings">;
    /** Servers that run already, the access node first. */
    readonly given?: readonly GivenServer[];
}

/**
 * PostgreSQL from npm: the oldest, the newest and one in between; all with TEST_MATRIX=1. And the images of TimescaleDB
 * without multi-node that the set-up has found or made.
 */
export const fdwServers: readonly ServerKind[] = [...selectMajors(embeddedMajors()).map(embeddedKind), ...imageKinds()];

const multinode = findMultinode();

/** TimescaleDB with multi-node, where it was found; see tools/servers/timescaledb.mjs. */
export const multinodeServers: readonly ServerKind[] = multinode.kinds;

/** Why there are none of that engine; undefined where there are. */
export const skipReasons: Readonly<Record<EngineName, string | undefined>> = {
    fdw: fdwServers.length ? undefined : `no npm package of PostgreSQL for ${process.platform} ${process.arch}`,
    multinode: multinode.reason,
};

/** One describe block for each kind of server of the engine, or a skipped one that says why there is none. */
export function describeServers(
    engine: EngineName,
    body: (kind: ServerKind) => void,
    { ownServers = false }: { ownServers?: boolean } = {},
): void {
    const kinds = engine === "fdw" ? fdwServers : multinodeServers;
    for (const kind of kinds) {
        if (kind.given && ownServers)
            describe.skip(`on ${kind.name} (skipped: it needs servers of its own)`, () => body(kind));
        else describe(`on ${kind.name}`, () => body(kind));
    }
    if (!kinds.length) {
        const none: ServerKind = { name: engine, engine, timescaledb: undefined, base: {} };
        describe.skip(`on ${engine} (skipped: ${skipReasons[engine]})`, () => body(none));
    }
}

/** One server of that kind; the options override what the kind has, settings by name. */
export async function startOne(kind: ServerKind, options: ServerOptions = {}): Promise<Server> {
    if (kind.given?.[0]) return useGivenServer(kind.given[0]);
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
export interface ClusterOptions extends Omit<ServerOptions, "major" | "binFolder" | "image" | "dataFolder" | "port"> {
    readonly nodes?: number;
}

/** Starts an access node and data nodes, all at once. Scram by default, with another password on each server. */
export async function startCluster(
    kind: ServerKind,
    { nodes = 2, ...options }: ClusterOptions = {},
): Promise<TestCluster> {
    const starts = await Promise.allSettled(
        kind.given?.slice(0, nodes + 1).map(useGivenServer) ??
            Array.from({ length: nodes + 1 }, () => startOne(kind, options)),
    );
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

function embeddedKind(major: number): ServerKind {
    return { name: `PostgreSQL ${major}`, engine: "fdw", timescaledb: undefined, base: { major } };
}

function imageKinds(): ServerKind[] {
    const { kinds } = JSON.parse(process.env.DOCKER_TESTS ?? '{ "kinds": [] }') as Pick<DockerTests, "kinds">;
    return kinds.flatMap(({ title, engine, image }) => {
        const timescaledb = /^TimescaleDB ([\d.]+)/.exec(title)?.[1];
        if (engine !== "fdw" || timescaledb === undefined || process.platform !== "linux") return [];
        const { shared_preload_libraries } = TIMESCALEDB_SETTINGS;
        const settings = { shared_preload_libraries, "timescaledb.telemetry_level": "off" };
        return [{ name: title, engine, timescaledb, base: { image, settings } }];
    });
}

function selectMajors(majors: readonly number[]): number[] {
    if (process.env.TEST_MATRIX) return [...majors];
    const places = [0, Math.floor(majors.length / 2), majors.length - 1];
    return majors.filter((_major, place) => places.includes(place));
}

function findMultinode(): { kinds: ServerKind[]; reason?: string } {
    const found = findTimescaledb();
    if (found.kind === "none") return { kinds: [], reason: found.reason };
    const engine = "multinode";
    if (found.kind === "given") {
        return {
            kinds: [{ name: "TIMESCALEDB_SERVERS", engine, timescaledb: undefined, base: {}, given: found.servers }],
        };
    }
    const place = found.kind === "local" ? { binFolder: found.binFolder } : { image: found.image };
    const name = `TimescaleDB ${found.version}${found.kind === "docker" ? ` (${found.image})` : ""}`;
    return {
        kinds: [{ name, engine, timescaledb: found.version, base: { ...place, settings: TIMESCALEDB_SETTINGS } }],
    };
}
