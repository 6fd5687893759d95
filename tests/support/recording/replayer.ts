/**
 * Answers from a recording. Within a session the statements must be the recorded ones in their order; between sessions
 * the recorded order is kept as far as the program goes along with it.
 */
import { isConnecting, type Actor, type Lease, type Question } from "./actor";
import type { Answer } from "./answer";
import { brief, describeDifference, likeness, RecordingDifference } from "./difference";
import type { Entry } from "./files";
import { ReplayedUuids, withoutUuids } from "./names";
import { Turns } from "./turns";

/** One recorded session: its questions, and each one's place in the recording. */
interface Script {
    readonly steps: readonly { readonly entry: Entry; readonly place: number }[];
    done: number;
    lease: Lease | undefined;
}

interface Turn {
    readonly lease: Lease;
    readonly question: Question;
    readonly resolve: (answer: Answer) => void;
    readonly reject: (error: RecordingDifference) => void;
}

interface Match {
    readonly turn: Turn;
    readonly script: Script;
    readonly place: number;
    readonly uuids: ReadonlyMap<string, string>;
}

interface Case {
    readonly scope: string;
    readonly scripts: readonly Script[];
    difference?: RecordingDifference;
}

const CONNECTED: Answer = {};

/** The actor of machines without the servers. */
export class Replayer implements Actor {
    readonly isReplaying = true;
    private readonly cases = new Map<string, Case>();
    private current: Case = { scope: "", scripts: [] };
    private readonly uuids = new ReplayedUuids();
    private readonly turns = new Turns<Turn>((waiting) => this.play(waiting));

    /** @param read a case's recording; undefined: there is none */
    constructor(private readonly read: (scope: string) => readonly Entry[] | undefined) {}

    enter(scope: string): void {
        this.current = this.cases.get(scope) ?? { scope, scripts: scriptsOf(this.read(scope) ?? []) };
        this.cases.set(scope, this.current);
    }

    ask(lease: Lease, question: Question): Promise<Answer> {
        // As values and answers are compared in the form in which they are written.
        const asked = JSON.parse(JSON.stringify(question)) as Question;
        return new Promise((resolve, reject) => this.turns.add({ lease, question: asked, resolve, reject }));
    }

    meanwhile(): void {
        // Nobody has to notice.
    }

    leave(isWhole = true): void {
        const { scope, scripts, difference } = this.current;
        this.cases.delete(scope);
        this.current = { scope: "", scripts: [] };
        if (difference !== undefined) {
            throw difference;
        }
        const left = scripts.filter(({ steps, done }) => steps.slice(done).some(({ entry }) => !isHarmless(entry)));
        const first = left[0]?.steps[left[0].done]?.entry;
        if (isWhole && first !== undefined) {
            throw new RecordingDifference(
                `${recordingOf(scope)} goes on in ${left.length} sessions with statements that did not come, the first one\n  - ${brief(first)}`,
            );
        }
    }

    private play(waiting: Turn[]): void {
        const matches: Match[] = [];
        for (const turn of [...waiting]) {
            const match = this.find(turn);
            if (match !== undefined) {
                matches.push(match);
                continue;
            }
            waiting.splice(waiting.indexOf(turn), 1);
            if (isConnecting(turn.question) && this.alwaysConnects(turn.question)) {
                turn.resolve(CONNECTED);
            } else {
                const error = this.unknown(turn);
                this.current.difference ??= error;
                turn.reject(error);
            }
        }
        const [first] = matches.sort((a, b) => a.place - b.place);
        if (first !== undefined) {
            waiting.splice(waiting.indexOf(first.turn), 1);
            this.answer(first);
        }
    }

    private answer({ turn, script, uuids }: Match): void {
        const own = this.current.scripts.find(({ lease }) => lease === turn.lease);
        if (own !== undefined && own !== script) {
            // Two sessions that did the same so far: each is the other one.
            [own.lease, own.done, script.lease, script.done] = [script.lease, script.done, own.lease, own.done];
        }
        const answer = script.steps[script.done]?.entry.answer;
        script.lease = turn.lease;
        script.done++;
        this.uuids.learn(uuids);
        turn.resolve(JSON.parse(this.uuids.replayed(JSON.stringify(answer))) as Answer);
    }

    /** The place in the recording that a question is at; undefined: it was not recorded. */
    private find(turn: Turn): Match | undefined {
        const own = this.current.scripts.find(({ lease }) => lease === turn.lease);
        const others = this.current.scripts.filter((script) =>
            own === undefined ? script.lease === undefined : script !== own && isInterchangeable(own, script),
        );
        for (const script of own === undefined ? others : [own, ...others]) {
            const step = script.steps[own?.done ?? 0];
            const uuids =
                step && this.uuids.match(JSON.stringify(bare(turn.question)), JSON.stringify(bare(step.entry)));
            if (step !== undefined && uuids !== undefined) {
                return { turn, script, place: step.place, uuids };
            }
        }
        return undefined;
    }

    /** The pool may need another number of connections than when it was recorded, where all of them succeed. */
    private alwaysConnects(question: Question): boolean {
        const recorded = this.current.scripts.flatMap(({ steps }) => steps.map(({ entry }) => entry));
        return (
            recorded.some(({ on }) => on === question.on) &&
            recorded.every((entry) => {
                return entry.on !== question.on || entry.sql !== question.sql || isHarmless(entry);
            })
        );
    }

    private unknown({ lease, question }: Turn): RecordingDifference {
        if (this.current.scripts.length === 0) {
            return new RecordingDifference(
                `there is no recording of "${this.current.scope}"; "npm run test:record" makes it, where TimescaleDB 2.0-2.13 is installed`,
            );
        }
        const own = this.current.scripts.find((script) => script.lease === lease);
        const expected = own?.steps[own.done]?.entry ?? this.mostAlike(question);
        const before = own?.steps.slice(0, own.done).map(({ entry }) => `    ${brief(entry)}`) ?? [];
        return new RecordingDifference(
            [
                `${recordingOf(this.current.scope)} does not have this statement ${own === undefined ? "in a new session" : "next"}`,
                ...(before.length ? ["after", ...before.slice(-3)] : []),
                `(- recorded, + came):`,
                describeDifference(expected, question),
            ].join("\n"),
        );
    }

    /** Among the sessions that nobody has had yet. */
    private mostAlike(question: Question): Question | undefined {
        return this.current.scripts
            .filter(({ lease }) => lease === undefined)
            .flatMap(({ steps }) => steps[0]?.entry ?? [])
            .filter(({ on }) => on === question.on)
            .sort((a, b) => likeness(b, question) - likeness(a, question))[0];
    }
}

function scriptsOf(entries: readonly Entry[]): Script[] {
    const sessions = new Map<number, Script["steps"][number][]>();
    for (const [place, entry] of entries.entries()) {
        sessions.set(entry.session, [...(sessions.get(entry.session) ?? []), { entry, place }]);
    }
    return [...sessions.values()].map((steps) => ({ steps, done: 0, lease: undefined }));
}

function recordingOf(scope: string): string {
    return `the recording of "${scope}"`;
}

/** Whether a session could as well be this other one: the questions so far are the same. */
function isInterchangeable(own: Script, other: Script): boolean {
    return (
        other.done <= own.done &&
        other.steps.length > own.done &&
        own.steps.slice(0, own.done).every(({ entry }, index) => {
            const recorded = other.steps[index]?.entry;
            return recorded !== undefined && kindOf(recorded) === kindOf(entry);
        })
    );
}

function kindOf(question: Question): string {
    return withoutUuids(JSON.stringify(bare(question)));
}

function bare({ on, sql, values }: Question): Question {
    return { on, sql, values };
}

/** A connection that was made: that it is not made again changes nothing. */
function isHarmless(entry: Entry): boolean {
    return isConnecting(entry) && entry.answer.error === undefined;
}
