/** Points at which an operation is cut, and what became of it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../differential/random";
import { expectNoResidue } from "../residue";
import { faultOf, MODES, type FaultyCluster, type Mode, type Wire } from "./cluster";
import type { Life, Operation } from "./operations";

/** One message of one operation, and what happens at it. */
export interface Point {
    readonly operation: Operation;
    readonly mode: Mode;
    readonly wire: string;
    /** Which statement of the wire, from 1. */
    readonly number: number;
    readonly statement: string;
}

/** What became of an operation that was cut. */
export interface Outcome {
    readonly point: Point;
    /** Whether the message was sent at all. */
    readonly reached: boolean;
    readonly converged: boolean;
    readonly clean: boolean;
    /** What went wrong, if anything. */
    readonly failure?: string;
}

/** An operation waits for nothing longer than this: faults of the network are tried again for a minute. */
const LIMIT_MS = 100_000;
/** The statements that decide what a distributed transaction becomes. */
const DECIDES = /^(?:BEGIN|START|PREPARE|COMMIT|ROLLBACK|ABORT)/i;
/** What may happen where the provider talks to a server: it ends its own sessions anyway. */
const PROVIDER_MODES: readonly Mode[] = ["before", "answer lost", "backend killed"];

/** Every point of an operation: it is run once, and its messages are written down. */
export async function pointsOf(cluster: FaultyCluster, operation: Operation): Promise<Point[]> {
    const life = operation.start(cluster);
    await life.prepare();
    const { wires } = cluster;
    const before = wires.map(({ proxy }) => proxy.statements.length);
    await life.run();
    const sent = wires.map(({ proxy }, index) => proxy.statements.slice(before[index]));
    await life.check();
    await life.remove();
    expectNoResidue(cluster.baseline, await cluster.residue());
    return wires.flatMap((wire, index) =>
        (sent[index] ?? []).flatMap((statement, place) =>
            modesOf(wire).map((mode) => ({ operation, mode, wire: wire.name, number: place + 1, statement })),
        ),
    );
}

function modesOf({ from }: Wire): readonly Mode[] {
    return from === "provider" ? PROVIDER_MODES : MODES;
}

/** A few points of each mode: those first that decide what becomes of a transaction, the rest at random. */
export function choose(points: readonly Point[], each: number, random: Random): Point[] {
    const chosen = MODES.flatMap((mode) =>
        ["access node", "provider"].flatMap((from) => {
            const all = points.filter((point) => point.mode === mode && point.wire.startsWith(from));
            const isDeciding = ({ statement }: Point): boolean => DECIDES.test(statement);
            const deciding = shuffled(all.filter(isDeciding), random);
            const others = shuffled(
                all.filter((point) => !isDeciding(point)),
                random,
            );
            const most = from === "provider" ? Math.ceil(each / 3) : each;
            const first = deciding.slice(0, Math.ceil(most * 0.7));
            return [...first, ...others, ...deciding.slice(first.length)].slice(0, most);
        }),
    );
    return chosen;
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
    return items
        .map((item) => ({ item, key: random.next() }))
        .sort((a, b) => a.key - b.key)
        .map(({ item }) => item);
}

/** Runs an operation that is cut at a point, then as the next `up` does; a failure leaves the cluster made anew. */
export async function runPoint(cluster: FaultyCluster, point: Point): Promise<Outcome> {
    const life = point.operation.start(cluster);
    let reached = false;
    let converged = false;
    try {
        await life.prepare();
        const wire = cluster.wires.find(({ name }) => name === point.wire);
        if (wire === undefined) {
            throw new Error(`there is no way from ${point.wire}`);
        }
        const proxies = [...cluster.doors, ...cluster.routes];
        const from = wire.proxy.statements.length;
        const fault = faultOf(point.mode, wire);
        let meanwhile: Promise<void> | undefined;
        wire.proxy.failAt(point.number, {
            ...fault,
            meanwhile: (session) => (meanwhile = fault.meanwhile?.(session) ?? Promise.resolve()),
        });
        const first = await settle(cluster, () => life.run());
        // A server that was ended is there again before anybody runs the next `up`.
        await meanwhile;
        await Promise.all(proxies.map((proxy) => proxy.heal()));
        reached = wire.proxy.statements.length >= from + point.number;
        if (first !== undefined) {
            const second = await settle(cluster, () => life.run());
            if (second !== undefined) {
                throw new Error(`the next run fails: ${second}; the first one failed: ${first}`);
            }
        }
        await life.check().catch((error: unknown) => {
            throw new Error(
                `${first === undefined ? "it says done" : "the next run says done"}, and: ${textOf(error)}`,
            );
        });
        converged = true;
        await removed(cluster, life);
        expectNoResidue(cluster.baseline, await cluster.residue());
        return { point, reached, converged, clean: true };
    } catch (error) {
        await cluster.rebuild();
        return { point, reached, converged, clean: false, failure: textOf(error) };
    }
}

async function removed(cluster: FaultyCluster, life: Life): Promise<void> {
    const failure = await settle(cluster, () => life.remove());
    if (failure !== undefined) {
        throw new Error(`it cannot be removed: ${failure}`);
    }
}

/** Why it failed, undefined where it did not. What hangs is freed by hand, and is a failure for good. */
async function settle(cluster: FaultyCluster, work: () => Promise<void>): Promise<string | undefined> {
    const running = work().then(() => undefined, textOf);
    const over = new AbortController();
    const late = sleep(LIMIT_MS, "late" as const, { signal: over.signal }).catch(() => "over" as const);
    const first = await Promise.race([running, late]);
    over.abort();
    if (first !== "late") {
        return first;
    }
    await cluster.endPrepared();
    await Promise.race([running, sleep(LIMIT_MS / 2)]);
    throw new Error(`it hangs: nothing for ${LIMIT_MS / 1_000} s`);
}

function textOf(error: unknown): string {
    const { message, reasons } = error as { message?: string; reasons?: string[] };
    const text = reasons?.join("; ") ?? message ?? String(error);
    return text
        .split("\u001b")
        .map((part) => part.replace(/^\[\d+m/, ""))
        .join("")
        .replace(/\s+/g, " ")
        .slice(0, 900);
}
