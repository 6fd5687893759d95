/** Asks the servers, one question at a time, and writes down what they answer. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Actor, Lease, Question } from "./actor";
import type { Answer } from "./answer";
import type { Entry } from "./files";
import type { RecordedNames } from "./names";
import { Turns } from "./turns";

const LOCK_CHECK_MS = 250;
const END_TIMEOUT_MS = 3_000;

/** What sessions do to each other by chance: an object in use, a deadlock. The program tries again after these. */
const CHANCE: ReadonlySet<unknown> = new Set(["40001", "40P01", "55006"]);

/** What tools/record-tests.mjs looks for. */
const AGAIN = "record it again";

/** Where a recorder's cases go. */
export type Keep = (scope: string, entries: readonly Entry[]) => void;

interface Case {
    readonly scope: string;
    readonly entries: Entry[];
    readonly sessions: Map<Lease, number>;
    chance?: string;
}

/** The actor of `npm run test:record`. */
export class Recorder implements Actor {
    readonly isReplaying = false;
    private readonly cases = new Map<string, Case>();
    private current: Case = newCase("");
    private readonly underWay = new Set<Promise<unknown>>();
    private readonly turns = new Turns<() => Promise<void>>((waiting) => this.play(waiting));

    /**
     * @param isLocked whether a statement on any server waits for a lock: it goes on only after others have
     */
    constructor(
        private readonly names: Pick<RecordedNames, "addOids" | "recorded">,
        private readonly isLocked: () => Promise<boolean>,
        private readonly keep: Keep,
    ) {}

    enter(scope: string): void {
        this.current = this.cases.get(scope) ?? newCase(scope);
        this.cases.set(scope, this.current);
    }

    ask(lease: Lease, question: Question, really: () => Promise<Answer>): Promise<Answer> {
        return new Promise((resolve, reject) => {
            this.turns.add(() =>
                really().then((answer) => {
                    this.write(lease, question, answer);
                    resolve(answer);
                }, reject),
            );
        });
    }

    meanwhile(end: Promise<void>): void {
        this.begin(Promise.race([end, sleep(END_TIMEOUT_MS, undefined, { ref: false })]));
    }

    leave(): void {
        const { scope, entries, chance } = this.current;
        this.cases.delete(scope);
        this.current = newCase("");
        if (chance !== undefined) {
            throw new Error(`"${scope}" met what another run will not meet, ${AGAIN}: ${chance}`);
        }
        if (entries.length > 0) {
            this.keep(scope, entries);
        }
    }

    private write(lease: Lease, question: Question, answer: Answer): void {
        const { scope, entries, sessions } = this.current;
        const session = sessions.get(lease) ?? sessions.size + 1;
        sessions.set(lease, session);
        const entry: Entry = { session, ...question, answer };
        this.names.addOids(answer, scope);
        entries.push(JSON.parse(this.names.recorded(JSON.stringify(entry), scope)) as Entry);
        if (CHANCE.has(answer.error?.code)) {
            this.current.chance = `${answer.error?.message} (SQLSTATE ${answer.error?.code})`;
        }
    }

    private async play(waiting: (() => Promise<void>)[]): Promise<void> {
        await this.settle();
        const next = waiting.shift();
        if (next !== undefined) {
            this.begin(next());
            await this.settle();
        }
    }

    private begin(work: Promise<unknown>): void {
        this.underWay.add(work);
        void work.finally(() => this.underWay.delete(work));
    }

    /** Until all that is under way is done, or waits for what has not been asked yet. */
    private async settle(): Promise<void> {
        while (this.underWay.size > 0) {
            const isDone = await Promise.race([
                Promise.all(this.underWay).then(() => true),
                sleep(LOCK_CHECK_MS).then(() => false),
            ]);
            if (!isDone && (await this.isLocked())) {
                return;
            }
        }
    }
}

function newCase(scope: string): Case {
    return { scope, entries: [], sessions: new Map() };
}
