/**
 * Stands in for provider/engines/index.ts in unit tests of the handlers: whichever engine is asked for, it is the fake.
 *
 *     jest.mock("../../../provider/engines", () => jest.requireActual("../../support/fakeEngines"));
 */
import type { Engine } from "../../provider/engines/engine";
import { FakeResource, fakeEngine } from "./fakeResource";

/** The fake; reset it before each test. */
export const fakeEngines = {
    resource: new FakeResource(),
    /** The names that engines were asked for by. */
    asked: [] as unknown[],
    reset(): FakeResource {
        this.resource = new FakeResource();
        this.asked = [];
        return this.resource;
    },
};

export function engineByName(name: unknown): Engine {
    fakeEngines.asked.push(name);
    return fakeEngine(fakeEngines.resource);
}

export async function chooseEngine(_servers: unknown, choice: unknown): Promise<Engine> {
    return engineByName(choice);
}

export async function engineOf(): Promise<Engine> {
    return engineByName("of the access node");
}
