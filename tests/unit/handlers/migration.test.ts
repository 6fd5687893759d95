import { Servers } from "../../../provider/engines/run/servers";
import { handler } from "../../../provider/handlers/handler";
import type { Kind } from "../../../provider/handlers/kind";
import { identifier, list } from "../../../provider/validation/shapes";
import { connectionTo } from "../../support/connections";
import { engineByName, fakeEngines } from "../../support/fakeEngines";
import { fakePool, sqlError } from "../../support/fakePool";
import type { FakeResource, Things, ThingsComputed } from "../../support/fakeResource";

jest.mock("../../../provider/postgres/pool", () =>
    jest.requireActual<typeof import("../../support/fakePool")>("../../support/fakePool"),
);
jest.mock("../../../provider/engines", () =>
    jest.requireActual<typeof import("../../support/fakeEngines")>("../../support/fakeEngines"),
);
// As if this were a package of schema version 2, in which "items" has become "things".
jest.mock("../../../provider/handlers/state", () => {
    const actual = jest.requireActual<typeof import("../../../provider/handlers/state")>(
        "../../../provider/handlers/state",
    );
    return {
        SCHEMA_VERSION: 2,
        migrate: (outputs: Record<string, unknown>) =>
            actual.migrate(outputs, 2, { 1: ({ items, ...rest }) => ({ ...rest, things: items }) }),
    };
});

const kind: Kind<Things & { readonly name: string }, ThingsComputed> = {
    schema: {
        name: { shape: identifier(), required: true, effect: "replaces", doc: "" },
        things: { shape: list(identifier()), default: [], effect: "replaces", doc: "" },
    },
    label: ({ name }) => name,
    deletesFirst: true,
    servers: () => new Servers({ connection: connectionTo("access"), database: "multinode" }, {}),
    engine: async () => engineByName("chosen"),
    waitForServers: async () => undefined,
    resource: (engine) => engine.accessNode as never,
    id: ({ name }) => name,
    halfMade: () => undefined,
};
const things = handler(kind);
const OLD = { name: "n", items: ["a"], engine: "fdw", count: 1, schemaVersion: 1 };
const INPUTS = { name: "n", things: ["a"] };

let resource: FakeResource;

beforeEach(() => {
    resource = fakeEngines.reset();
    resource.there.add("a");
    fakePool.reset();
    fakePool.answer = (event) => resource.run(event);
});

describe("a state that an older version wrote", () => {
    it("is no change to the same program", async () => {
        await expect(things.diff("n", OLD, INPUTS)).resolves.toMatchObject({ replaces: [] });
        await expect(things.diff("n", OLD, { ...INPUTS, things: ["b"] })).resolves.toMatchObject({
            replaces: ["things"],
        });
    });

    it("is read in today's form, and shows no drift", async () => {
        await expect(things.read("n", OLD)).resolves.toEqual({
            id: "n",
            props: { ...INPUTS, engine: "fdw", count: 1, schemaVersion: 2 },
            inputs: INPUTS,
        });
    });

    it("is in today's form after an update", async () => {
        const { outs } = await things.update("n", OLD, { ...INPUTS, things: ["a", "b"] });
        expect(outs).toEqual({ name: "n", things: ["a", "b"], engine: "fdw", count: 2, schemaVersion: 2 });
    });

    it("is in today's form after an update that was cut", async () => {
        fakePool.answer = ({ text }) => {
            if (text.startsWith("ADD")) {
                throw sqlError("42501", "permission denied");
            }
        };
        await expect(things.update("n", OLD, { ...INPUTS, things: ["a", "b"] })).rejects.toMatchObject({
            properties: { name: "n", things: ["a"], schemaVersion: 2 },
        });
        await expect(things.update("n", OLD, { ...INPUTS, things: ["a", "b"] })).rejects.not.toHaveProperty(
            "properties.items",
        );
    });

    it("is enough to delete by", async () => {
        await things.delete("n", OLD);
        expect(resource.there.size).toBe(0);
    });
});
