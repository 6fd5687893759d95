/**
 * What differs from run to run, and what stands for it in a recording: the servers' ports, passwords and folders, every
 * uuid, and the OIDs of what users make, where a column has that type. A replayed cluster has the recorded values from the start; only the uuids that the program makes up
 * there are translated.
 */
import { createHash } from "node:crypto";
import type { Server } from "../../../tools/servers/postgresServer.mjs";
import type { Answer } from "./answer";

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const NUMBER = /(?<![\w.])\d+(?![\w.])/g;
const FIRST_PORT = 54_000;

/** The type oid, and the first one that is not PostgreSQL's own. */
const OID_TYPE = 26;
const FIRST_OID = 16_384;
const FIRST_RECORDED_OID = 1_000_001;

/** The part of a server that its users see. */
export type ServerValues = Pick<Server, "host" | "port" | "user" | "password" | "dataFolder">;

/** The values that a server has in recordings. No server listens there: every session is replayed. */
export function recordedValues(cluster: number, index: number): ServerValues & { readonly name: string } {
    const name = `${index === 0 ? "access" : `dn${index}`}${cluster === 0 ? "" : `-${cluster + 1}`}`;
    const port = FIRST_PORT + 100 * cluster + index;
    return {
        name,
        host: "127.0.0.1",
        port,
        user: "postgres",
        password: `password-of-${name}`,
        dataFolder: `/data/${name}`,
    };
}

/** From the values of this run to those of a recording. */
export class RecordedNames {
    private readonly replacements: [RegExp | string, string][] = [];
    private readonly uuids = new Map<string, string>();
    private readonly numbers = new Map<string, number>();
    private readonly oids = new Map<string, Map<string, string>>();

    /** From now on the values of `real` become those of `recorded`. */
    addServer(real: ServerValues, recorded: ServerValues): void {
        this.replacements.push(
            [new RegExp(`(?<![\\d.])${real.port}(?!\\d)`, "g"), String(recorded.port)],
            [real.dataFolder, recorded.dataFolder],
        );
        if (real.password !== undefined) {
            this.replacements.push([real.password, recorded.password ?? ""]);
        }
    }

    /** From now on the OIDs in an answer are replaced wherever they come up in the case. */
    addOids({ results = [] }: Answer, scope: string): void {
        const known = this.oids.get(scope) ?? new Map<string, string>();
        this.oids.set(scope, known);
        for (const { fields, rows } of results) {
            const values = rows.flatMap((row) => row.filter((_value, column) => fields[column]?.[1] === OID_TYPE));
            for (const value of values) {
                if (value !== null && Number(value) >= FIRST_OID && !known.has(value)) {
                    known.set(value, String(FIRST_RECORDED_OID + known.size));
                }
            }
        }
    }

    /** A text as it is recorded; uuids are numbered as they first come up in a case. */
    recorded(text: string, scope: string): string {
        const named = this.replacements.reduce((done, [part, value]) => done.replaceAll(part, value), text);
        const oids = this.oids.get(scope) ?? new Map<string, string>();
        const numbered = oids.size === 0 ? named : named.replace(NUMBER, (number) => oids.get(number) ?? number);
        return numbered.replace(UUID, (uuid) => this.uuids.get(uuid) ?? this.newUuid(uuid, scope));
    }

    private newUuid(uuid: string, scope: string): string {
        const number = (this.numbers.get(scope) ?? 0) + 1;
        const scopeKey = createHash("sha256").update(scope).digest("hex").slice(0, 8);
        const recorded = `00000000-0000-4000-8000-${scopeKey}${String(number).padStart(4, "0")}`;
        this.numbers.set(scope, number);
        this.uuids.set(uuid, recorded);
        return recorded;
    }
}

/** Which uuid of a replayed program stands for which of the recording. */
export class ReplayedUuids {
    private readonly toRecorded = new Map<string, string>();
    private readonly toReplayed = new Map<string, string>();

    /** The pairs that would make the replayed text the recorded one; undefined: they differ in something else. */
    match(replayed: string, recorded: string): Map<string, string> | undefined {
        const pairs = new Map<string, string>();
        if (replayed === recorded) {
            return pairs;
        }
        const ours = replayed.match(UUID) ?? [];
        const theirs = recorded.match(UUID) ?? [];
        if (ours.length !== theirs.length || replayed.replace(UUID, "") !== recorded.replace(UUID, "")) {
            return undefined;
        }
        const fits = ours.every((uuid, index) => this.pair(pairs, uuid, theirs[index] as string));
        return fits ? pairs : undefined;
    }

    /** From now on these pairs are the same. */
    learn(pairs: ReadonlyMap<string, string>): void {
        for (const [replayed, recorded] of pairs) {
            this.toRecorded.set(replayed, recorded);
            this.toReplayed.set(recorded, replayed);
        }
    }

    /** A recorded text with the uuids of this run. */
    replayed(text: string): string {
        return text.replace(UUID, (uuid) => this.toReplayed.get(uuid) ?? uuid);
    }

    private pair(pairs: Map<string, string>, uuid: string, recorded: string): boolean {
        const known = this.toRecorded.get(uuid) ?? pairs.get(uuid);
        if (known !== undefined || uuid === recorded) {
            return (known ?? uuid) === recorded;
        }
        if (this.toReplayed.has(recorded) || [...pairs.values()].includes(recorded)) {
            return false;
        }
        pairs.set(uuid, recorded);
        return true;
    }
}

/** A text without its uuids: two statements of the same kind are equal in it. */
export function withoutUuids(text: string): string {
    return text.replace(UUID, "");
}
