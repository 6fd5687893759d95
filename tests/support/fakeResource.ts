/**
 * A resource engine without a server, for tests of what is the same for all: its resource is a list of things, each of
 * which one step adds or removes. What is there is a set that the fake session changes.
 */
import type { EngineName } from "../../provider/engines/inputs";
import type { Engine, Lock, Problem, ResourceEngine, Request, Purpose } from "../../provider/engines/engine";
import type { Plan, Step } from "../../provider/engines/step";
import { ACCESS, type Place, type Servers } from "../../provider/engines/run/servers";
import type { Event } from "./fakePool";

export interface Things {
    readonly things: readonly string[];
}

export interface ThingsComputed {
    readonly engine: EngineName;
    readonly count: number;
}

const ON: Place = { server: ACCESS, database: "multinode" };

/** What is there, and how it comes to be so. */
export class FakeResource implements ResourceEngine<Things, ThingsComputed, unknown> {
    readonly there = new Set<string>();
    /** What was asked of it, in order. */
    readonly calls: string[] = [];
    problems: Problem[] = [];
    warnings: string[] = [];
    on: Place = ON;
    lockNames: Lock[] = [{ name: "cluster", shared: false }];
    /** Changes each step of a plan. */
    dress: (step: Step) => Step = (step) => step;
    /** Called before anything is observed; may throw. */
    onObserve: () => void = () => undefined;

    locks(): { on: Place; locks: readonly Lock[] } {
        return { on: this.on, locks: this.lockNames };
    }

    async preflight(): Promise<readonly Problem[]> {
        this.calls.push("preflight");
        return this.problems;
    }

    async observe(_servers: Servers, _request: unknown, purpose: Purpose): Promise<string[] | undefined> {
        this.calls.push(purpose === "read" ? "observe shared" : "observe");
        this.onObserve();
        return this.there.size === 0 ? undefined : [...this.there];
    }

    isThere(observed: unknown): boolean {
        return observed !== undefined;
    }

    async foresee(): Promise<undefined> {
        this.calls.push("foresee");
        return undefined;
    }

    plan(observed: unknown, { inputs }: Request<Things, ThingsComputed>): Plan {
        const there = (observed ?? []) as string[];
        const requested = inputs.things.filter((thing) => !there.includes(thing));
        const foreign = there.filter((thing) => !inputs.things.includes(thing));
        return this.made([...requested.map((thing) => `ADD ${thing}`), ...foreign.map((thing) => `REMOVE ${thing}`)]);
    }

    planDelete(observed: unknown): Plan {
        return this.made(((observed ?? []) as string[]).map((thing) => `REMOVE ${thing}`));
    }

    describe(
        observed: unknown,
        { inputs }: Request<Things, ThingsComputed>,
    ): {
        inputs: Things;
        computed: ThingsComputed;
    } {
        const things = observed as string[];
        return { inputs: { ...inputs, things }, computed: { engine: "fdw", count: things.length } };
    }

    /** What a session does with a step's statement. */
    run({ text }: Pick<Event, "text">): void {
        const [verb, thing = ""] = text.split(" ");
        if (verb === "ADD") {
            this.there.add(thing);
        } else if (verb === "REMOVE") {
            this.there.delete(thing);
        }
    }

    private made(texts: readonly string[]): Plan {
        const steps = texts.map((sql): Step => ({ name: "change", why: `${sql} is due`, on: ON, sql }));
        return { steps: steps.map(this.dress), warnings: this.warnings };
    }
}

/** An engine whose resources are all the same fake. */
export function fakeEngine(resource: FakeResource): Engine {
    return {
        name: "fdw",
        accessNode: resource,
        dataNode: resource,
        distributedHypertable: resource,
    } as unknown as Engine;
}
