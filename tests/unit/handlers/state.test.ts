import { migrate, SCHEMA_VERSION, type Migration } from "../../../provider/handlers/state";

/** From 1 to 2 a property got another name, nothing changed from 2 to 3, from 3 to 4 a list became a map. */
const MIGRATIONS: Readonly<Record<number, Migration>> = {
    1: ({ node, ...rest }) => ({ ...rest, nodeName: node }),
    3: ({ options, ...rest }) => ({ ...rest, serverOptions: Object.fromEntries(options as [string, string][]) }),
};

const read = (outputs: Record<string, unknown>, current = 4): unknown => migrate(outputs, current, MIGRATIONS);

describe("a state of an older version", () => {
    it("goes through every migration from its own version on", () => {
        expect(read({ schemaVersion: 1, node: "dn1", options: [["a", "1"]], host: "h" })).toEqual({
            schemaVersion: 4,
            nodeName: "dn1",
            serverOptions: { a: "1" },
            host: "h",
        });
    });

    it("goes through none that lies before its own version", () => {
        expect(read({ schemaVersion: 3, node: "kept", options: [] })).toEqual({
            schemaVersion: 4,
            node: "kept",
            serverOptions: {},
        });
    });

    it("is not changed itself", () => {
        const outputs = Object.freeze({ schemaVersion: 1, node: "dn1" });
        expect(read(outputs, 2)).toEqual({ schemaVersion: 2, nodeName: "dn1" });
        expect(outputs).toEqual({ schemaVersion: 1, node: "dn1" });
    });
});

describe("a state of this version", () => {
    it("is read as it is", () => {
        const outputs = { schemaVersion: SCHEMA_VERSION, node: "dn1" };
        expect(migrate(outputs)).toBe(outputs);
    });

    it("has version 1 today: whoever raises it adds a migration and its test", () => {
        expect(SCHEMA_VERSION).toBe(1);
    });
});

describe("a state of a newer version", () => {
    it("is refused, with what to do", () => {
        expect(() => read({ schemaVersion: 5 })).toThrow(
            "the state has schema version 5, and this version of pulumi-timescaledb knows 4. " +
                "Upgrade the package to the version that wrote the state, or a later one. [STATE_FROM_NEWER_VERSION]",
        );
    });
});

describe("inputs, which have no version", () => {
    it.each([[{}], [{ node: "dn1" }], [{ schemaVersion: "1" }]])("are read as they are: %j", (inputs) =>
        expect(read(inputs)).toBe(inputs),
    );
});
