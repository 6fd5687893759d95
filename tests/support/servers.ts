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
 *
 * Where no TimescaleDB with multi-node is found, and with TEST_RECORDED=1, the cases of the integration tier run on
 * recordings of one (tests/recordings). A case that those cannot stand for says realServersOnly().
 */
import type { DockerTests } from "../../tools/docker/ensureDocker.mjs";
import { embeddedMajors } from "../../tools/servers/embedded.mjs";
import { startServer, type Server, type ServerOptions } from "../../tools/servers/postgresServer.mjs";
import { findTimescaledb, TIMESCALEDB_SETTINGS, type GivenServer } from "../../tools/servers/timescaledb.mjs";
import { useGivenServer } from "./givenServer";
import {
    addRealServers,
    addRecordedServers,
    canRecord,
    onStage,
    recordingsHere,
    type RecordingMode,
} from "./recording/stage";

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
    /** Whether the answers are written down, or come from a recording. */
    readonly recording?: RecordingMode;
}

/**
 * PostgreSQL from npm: the oldest, the newest and one in between; all with TEST_MATRIX=1. And the images of TimescaleDB
 * without multi-node that the set-up has found or made.
 */
export const fdwServers: readonly ServerKind[] = [...selectMajors(embeddedMajors()).map(embeddedKind), ...imageKinds()];

/** The newest PostgreSQL from npm, for what does not depend on the version; undefined where there is none. */
export const newestFdwServer: ServerKind | undefined = fdwServers.findLast(({ base }) => base.major !== undefined);

const multinode = findMultinode();

/** TimescaleDB with multi-node, where it was found; see tools/servers/timescaledb.mjs. */
export const multinodeServers: readonly ServerKind[] = multinode.kinds;

/** Why there are none of that engine; undefined where there are. */
export const skipReasons: Readonly<Record<EngineName, string | undefined>> = {
    fdw: fdwServers.length ? undefined : `no npm package of PostgreSQL for ${process.platform} ${process.arch}`,
    multinode: multinode.reason,
};

/** What the tests of a block need of the servers. */
export interface ServersOptions {
    readonly ownServers?: boolean;
    readonly notRecorded?: string;
}

/**
 * One describe block for each kind of server of the engine, or a skipped one that says why there is none.
 *
 * @param options.notRecorded why recordings cannot stand for the servers; for single cases see {@link realServersOnly}
 */
export function describeServers(
    engine: EngineName,
    body: (kind: ServerKind) => void,
    { ownServers = false, notRecorded }: ServersOptions = {},
): void {
    const kinds = engine === "fdw" ? fdwServers : stagedServers();
    for (const kind of kinds) {
        const title = `on ${kind.name}`;
        const { timescaledb, recording } = kind;
        if ((kind.given || recording) && ownServers)
            describe.skip(`${title} (skipped: it needs servers of its own)`, () => body(kind));
        else if (recording && notRecorded)
            describe.skip(`${title} (skipped: not recorded, for ${notRecorded})`, () => body(kind));
        else if (recording)
            describe(title, () => onStage(recording, `TimescaleDB ${timescaledb}`, title, () => body(kind)));
        else describe(title, () => body(kind));
    }
    if (!kinds.length) {
        const none: ServerKind = { name: engine, engine, timescaledb: undefined, base: {} };
        describe.skip(`on ${engine} (skipped: ${skipReasons[engine] ?? "there are no recordings of it"})`, () =>
            body(none));
    }
}

/** {@link describeServers} for what hardly depends on the version: of PostgreSQL the newest, and all with TEST_MATRIX. */
export function describeNewestServers(
    engine: EngineName,
    body: (kind: ServerKind) => void,
    options: ServersOptions = {},
): void {
    const bodyOfNewest = (kind: ServerKind): void => {
        if (engine === "fdw" && kind !== newestFdwServer && !process.env.TEST_MATRIX) {
            it.skip("all (skipped: on the newest PostgreSQL, and on all of them by npm run test:matrix)", () =>
                undefined);
            return;
        }
        body(kind);
    };
    describeServers(engine, bodyOfNewest, options);
}

/**
 * `it` and `describe` for what recordings cannot stand for, such as a case that kills a server or starts a program of
 * its own: with those it is skipped, and its title says why.
 *
 * @param reason such as "it kills servers"
 */
export function realServersOnly(
    { recording }: ServerKind,
    reason: string,
): {
    readonly it: (title: string, body: () => Promise<void>, timeout?: number) => void;
    readonly describe: (title: string, body: () => void) => void;
} {
    if (recording === undefined) return { it, describe };
    const skipped = (title: string): string => `${title} (skipped: not recorded, for ${reason})`;
    return {
        it: (title, body, timeout) => it.skip(skipped(title), body, timeout),
        describe: (title, body) => describe.skip(skipped(title), body),
    };
}

/** One server of that kind; the options override what the kind has, settings by name. */
export async function startOne(kind: ServerKind, options: ServerOptions = {}): Promise<Server> {
    const [server] = await startAll(kind, 1, options);
    return server as Server;
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
    const all = await startAll(kind, nodes + 1, options);
    const [access, ...others] = all;
    const stop = async (): Promise<void> => void (await Promise.all(all.map((server) => server.stop())));
    return { kind, access: access as Server, nodes: others, all, stop };
}

/** All of them, or an error and none. */
async function startAll(kind: ServerKind, count: number, options: ServerOptions): Promise<Server[]> {
    const { base, given, recording } = kind;
    if (recording === "replay") return addRecordedServers(count, options.auth !== "trust");
    const settings = { ...base.settings, ...options.settings };
    const starts = await Promise.allSettled(
        given?.slice(0, count).map(useGivenServer) ??
            Array.from({ length: count }, () => startServer({ ...base, ...options, settings })),
    );
    const started = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
    const failed = starts.find((start) => start.status === "rejected");
    if (failed) {
        await Promise.all(started.map((server) => server.stop()));
        throw failed.reason;
    }
    if (recording === "record") addRealServers(started);
    return started;
}

/**
 * The multi-node servers for describeServers: what multinodeServers has, or else recordings of it where the test file
 * has some.
 */
function stagedServers(): readonly ServerKind[] {
    if (!canRecord()) return multinodeServers;
    if (process.env.RECORD) {
        return multinodeServers
            .filter(({ given }) => !given)
            .map((kind) => ({ ...kind, recording: "record" as const }));
    }
    if (multinodeServers.length && !process.env.TEST_RECORDED) return multinodeServers;
    const server = recordingsHere().headers()[0]?.server;
    if (server === undefined) return [];
    const timescaledb = server.replace("TimescaleDB ", "");
    return [{ name: `${server} (recorded)`, engine: "multinode", timescaledb, base: {}, recording: "replay" }];
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
