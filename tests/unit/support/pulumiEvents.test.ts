import { summarise } from "../../support/pulumiEvents";

function log(...events: object[]): string {
    return events.map((event) => `${JSON.stringify(event)}\n`).join("");
}

const TYPE = "pulumi-nodejs:dynamic/timescaledb:DataNode";

describe("the event log of the CLI", () => {
    it("gives the counts, with and without what stays", () => {
        const { changes, realChanges } = summarise(log({ summaryEvent: { resourceChanges: { same: 3, update: 1 } } }));
        expect(changes).toEqual({ same: 3, update: 1 });
        expect(realChanges).toEqual({ update: 1 });
    });

    it("gives the steps in order, their differing inputs, and which failed", () => {
        const step = (urn: string, metadata: object): object => ({
            resourcePreEvent: { metadata: { op: "update", urn, type: TYPE, ...metadata } },
        });
        const { steps } = summarise(
            log(
                step("a", { detailedDiff: { "columns[0].type": {} } }),
                step("b", { old: { inputs: { host: "a", port: 1 } }, new: { inputs: { host: "b", port: 1 } } }),
                step("provider", { type: "pulumi:providers:pulumi-nodejs" }),
                { resOpFailedEvent: { metadata: { op: "update", urn: "b", type: TYPE } } },
            ),
        );
        expect(steps).toEqual([
            { op: "update", urn: "a", diffs: ["columns[0].type"], failed: false },
            { op: "update", urn: "b", diffs: ["host"], failed: true },
        ]);
    });

    it("gives errors and warnings, not what is for debugging", () => {
        const { diagnostics } = summarise(
            log(
                { diagnosticEvent: { severity: "debug", message: "x" } },
                { diagnosticEvent: { severity: "error", message: "<{%reset%}>could not\n<{%reset%}>", urn: "a" } },
            ),
        );
        expect(diagnostics).toEqual([{ severity: "error", message: "could not", urn: "a" }]);
    });

    it("may be cut at its end, or empty", () => {
        expect(summarise(`${log({ summaryEvent: { resourceChanges: { create: 1 } } })}{"seq`).changes).toEqual({
            create: 1,
        });
        expect(summarise("")).toEqual({ changes: {}, realChanges: {}, steps: [], diagnostics: [] });
    });
});
