/**
 * The driver as the integration tier sees it: sessions on servers that are recorded or replayed go through an actor,
 * all others are pg's own.
 */
import type { EventEmitter } from "node:events";
import type { ClientConfig, PoolConfig, QueryArrayResult } from "pg";
import { isPinning } from "../../../provider/postgres/sessionSettings";
import { connecting, type Actor, type Lease } from "./actor";
import { parsedError, parsedResults, rawError, rawMessage, rawResults, UNPARSED, type Answer } from "./answer";
import { realPg } from "./realPg";
import { findServer } from "./stage";

export const { DatabaseError, escapeIdentifier, escapeLiteral, types } = realPg;

type Done = (error?: unknown) => void;

/** What is used of pg's client; its own type has every way to call it. */
interface PlainClient extends EventEmitter {
    readonly port: number;
    readonly user: string | undefined;
    readonly database: string | undefined;
    connect(done?: Done): Promise<void>;
    query(text: unknown, values?: unknown[]): unknown;
    end(done?: Done): Promise<void>;
}

const PlainClient = realPg.Client as unknown as new (config?: string | ClientConfig) => PlainClient;

/** pg's Client. */
export class Client extends PlainClient {
    private readonly actor: Actor | undefined;
    private readonly place: string;
    private lease: Lease = {};
    private notices: object[] = [];
    private hasEnded = false;

    constructor(config?: string | ClientConfig) {
        super(config);
        const server = findServer(this.port);
        this.actor = server?.actor;
        this.place = `${server?.name}/${this.database}`;
        if (server !== undefined) {
            this.on("notice", (notice: object) => this.notices.push(notice));
        }
    }

    /** Whether its sessions are recorded or replayed. */
    get isOnStage(): boolean {
        return this.actor !== undefined;
    }

    /** Another task has the session now. */
    lend(): void {
        this.lease = {};
    }

    override connect(done?: Done): Promise<void> {
        return this.actor === undefined ? super.connect(done) : called(this.connectBy(this.actor), done);
    }

    override query(text: unknown, values?: unknown[]): unknown {
        if (this.actor !== undefined && isPinning(text)) {
            return this.pinBy(this.actor, text);
        }
        return this.actor === undefined ? super.query(text, values) : this.queryBy(this.actor, text, values);
    }

    override end(done?: Done): Promise<void> {
        return this.actor === undefined ? super.end(done) : this.endBy(this.actor, done);
    }

    private async connectBy(actor: Actor): Promise<void> {
        const really = (): Promise<Answer> => answerOf(async () => void (await super.connect()));
        const { error } = await actor.ask({}, connecting(this.place, this.user ?? ""), really);
        if (error !== undefined) {
            throw parsedError(error);
        }
        if (actor.isReplaying) {
            this.emit("connect");
        }
    }

    /** Pinning its settings is a part of connecting, which is recorded. That no process answers keeps it from being watched. */
    private async pinBy(actor: Actor, text: string): Promise<object> {
        if (!actor.isReplaying) {
            const pinned = Promise.resolve(super.query(text)).then(() => undefined);
            actor.meanwhile(pinned);
            await pinned;
        }
        return { rows: [] };
    }

    private async queryBy(actor: Actor, text: unknown, values: unknown[] | undefined): Promise<unknown> {
        if (typeof text !== "string") {
            throw new TypeError("recorded sessions take statements as texts only");
        }
        const really = async (): Promise<Answer> => {
            this.notices = [];
            const config = { text, values, rowMode: "array", types: UNPARSED };
            const answer = await answerOf(async () => {
                const results = (await super.query(config)) as QueryArrayResult | QueryArrayResult[];
                return { results: rawResults(results) };
            });
            const notices = this.notices.map(rawMessage);
            return notices.length === 0 ? answer : { notices, ...answer };
        };
        const { notices, results, error } = await actor.ask(this.lease, { on: this.place, sql: text, values }, really);
        if (actor.isReplaying) {
            notices?.forEach((notice) => this.emit("notice", notice));
        }
        if (error !== undefined) {
            throw parsedError(error);
        }
        return parsedResults(results ?? []);
    }

    /** As in pg, who asked is told before all others. */
    private async endBy(actor: Actor, done: Done | undefined): Promise<void> {
        if (!actor.isReplaying) {
            const end = new Promise<void>((resolve) => {
                void super.end(() => {
                    resolve();
                    done?.();
                });
            });
            actor.meanwhile(end);
            return end;
        }
        await Promise.resolve();
        done?.();
        if (!this.hasEnded) {
            this.hasEnded = true;
            this.emit("end");
        }
    }
}

/** pg's Pool. */
export class Pool extends realPg.Pool {
    constructor(config?: PoolConfig) {
        super({ Client: Client as unknown as PoolConfig["Client"], ...config });
        // How long an idle session lives depends on the machine: on stage each task gets a new one.
        this.on("connect", (client: unknown) => {
            if (client instanceof Client && client.isOnStage) {
                this.options.maxUses = 1;
            }
        });
        this.on("acquire", (client: unknown) => {
            if (client instanceof Client) {
                client.lend();
            }
        });
    }
}

async function answerOf(work: () => Promise<Answer | void>): Promise<Answer> {
    try {
        return (await work()) ?? {};
    } catch (error) {
        return { error: rawError(error) };
    }
}

/** pg's pool gives callbacks, everybody else takes promises. */
function called(work: Promise<void>, done: Done | undefined): Promise<void> {
    if (done === undefined) {
        return work;
    }
    void work.then(() => done(), done);
    return Promise.resolve();
}
