/**
 * One catalogue query a database and run: what a refresh of many resources reads is read once and shared.
 *
 * A snapshot serves reads only. All of them end when this process applies a step, for a step on an access node changes
 * its data nodes too; and each ends by age, so that a long-lived process does not answer from the past.
 */
import { address } from "../../postgres/connection";
import type { Place, Servers } from "./servers";

const SNAPSHOT_AGE_MS = 30_000;

interface Snapshot {
    readonly takenAt: number;
    readonly value: Promise<unknown>;
}

const snapshots = new Map<string, Snapshot>();

/**
 * What `load` reads on a place, at most once a run for everybody who asks with the same key.
 *
 * @param key what is read, for example "hypertables"
 * @param load reads the whole catalogue of that kind, for all resources of the database
 */
export async function snapshot<T>(servers: Servers, place: Place, key: string, load: () => Promise<T>): Promise<T> {
    const id = JSON.stringify([serverKey(servers, place.server), place.database, key]);
    const known = snapshots.get(id);
    if (known !== undefined && Date.now() - known.takenAt < SNAPSHOT_AGE_MS) {
        return known.value as Promise<T>;
    }
    const value = load();
    const taken = { takenAt: Date.now(), value };
    snapshots.set(id, taken);
    value.catch(() => {
        if (snapshots.get(id) === taken) {
            snapshots.delete(id);
        }
    });
    return value;
}

/** Forgets every snapshot: something is about to change, or has changed. */
export function forgetSnapshots(): void {
    snapshots.clear();
}

function serverKey(servers: Servers, name: string): string {
    const found = servers.find(name);
    return found === undefined ? name : `${found.connection.user}@${address(found.connection)}`;
}
