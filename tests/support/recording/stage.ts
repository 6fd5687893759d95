/** Which servers of a test file are recorded or replayed, and by whom. */
import path from "node:path";
import type { Server } from "../../../tools/servers/postgresServer.mjs";
import type { Actor } from "./actor";
import { Recordings, SEPARATOR } from "./files";
import { waitsForLocks } from "./locks";
import { RecordedNames, recordedValues, type ServerValues } from "./names";
import { Recorder } from "./recorder";
import { Replayer } from "./replayer";

/** "record": real servers, and their answers are written down. "replay": no servers, the answers are read. */
export type RecordingMode = "record" | "replay";

const ROOT = path.resolve("tests/recordings");

interface Known {
    readonly name: string;
    readonly port: number;
}

const servers: Known[] = [];
const real: ServerValues[] = [];
let clusters = 0;
let blocks = 0;
let actor: Actor | undefined;
let names: RecordedNames | undefined;

/** The recordings of the test file that runs. */
export function recordingsHere(root = ROOT): Recordings {
    const { testPath } = expect.getState();
    const file = path.relative(path.resolve("tests"), testPath ?? "").replace(/\.test\.ts$/, "");
    return new Recordings(path.join(root, file));
}

/** Whether the tests that run may be recorded: where the driver is mapped to pg.ts. See jest.config.cjs. */
export function canRecord(): boolean {
    return "usesRecordings" in globalThis;
}

/** The server that a session goes to, where it is recorded or replayed, and who answers then. */
export function findServer(port: number): { readonly name: string; readonly actor: Actor } | undefined {
    const found = servers.findLast((server) => server.port === port);
    return found && actor && { name: found.name, actor };
}

/** Servers that were started for a case to be recorded. The access node first. */
export function addRealServers(started: readonly Server[]): void {
    const cluster = clusters++;
    for (const [index, server] of started.entries()) {
        const recorded = recordedValues(cluster, index);
        names?.addServer(server, recorded);
        real.push(server);
        servers.push({ name: recorded.name, port: server.port });
    }
}

/** Servers that are there in recordings only. */
export function addRecordedServers(count: number, withPassword: boolean): Server[] {
    const cluster = clusters++;
    return Array.from({ length: count }, (_, index) => {
        const values = recordedValues(cluster, index);
        servers.push(values);
        return recordedServer(withPassword ? values : { ...values, password: undefined });
    });
}

/**
 * Runs the body of a describe block with recording or replaying on.
 *
 * @param server what is written above the recordings, such as "TimescaleDB 2.13.1"
 * @param title what the block adds to the titles of its cases, and recordings leave out
 */
export function onStage(mode: RecordingMode, server: string, title: string, body: () => void): void {
    const block = blocks++ === 0 ? "" : ` ${blocks}`;
    actor ??= mode === "record" ? recorder(server) : new Replayer((scope) => recordingsHere().read(scope));
    const playing = actor;
    let isFirst = true;
    const caseName = (): string => {
        const [outer = "", ...inner] = (expect.getState().currentTestName ?? "").split(`${title} `);
        return outer + SEPARATOR + inner.join(`${title} `);
    };
    const between = `between the cases${block}`;
    beforeAll(() => playing.enter(`before all${block}`));
    beforeEach(() => {
        if (isFirst) {
            playing.leave();
            isFirst = false;
        }
        playing.enter(caseName());
    });
    // After hooks run in the order in which they are defined, and those of inner blocks first.
    afterAll(() => playing.enter(`after all${block}`));
    body();
    afterEach(() => {
        try {
            playing.leave();
        } finally {
            playing.enter(between);
        }
    });
    afterAll(() => playing.leave());
    afterAll(() => {
        // What inner blocks do before and after all their cases: of a block that does not run nothing happens.
        playing.enter(between);
        playing.leave(false);
    });
}

function recorder(server: string): Recorder {
    const known = (names = new RecordedNames());
    const recordings = recordingsHere(process.env.RECORD);
    const recorded = new Date().toISOString().slice(0, 10);
    return new Recorder(
        known,
        () => waitsForLocks(real),
        (scope, entries) => recordings.write({ case: scope, server, recorded }, entries),
    );
}

function refuse(): never {
    throw new Error("a recorded server has no process and no folder: the case is one for realServersOnly()");
}

function recordedServer(values: ServerValues): Server {
    const { host, port, user, password } = values;
    return {
        ...values,
        major: 15,
        binFolder: undefined,
        get logFile() {
            return refuse();
        },
        psqlUrl: `postgresql://${user}:${password}@${host}:${port}/postgres`,
        pid: () => process.pid,
        halt: async () => refuse(),
        kill: async () => refuse(),
        restart: async () => refuse(),
        setHba: async () => refuse(),
        stop: async () => undefined,
        release: () => undefined,
    };
}
