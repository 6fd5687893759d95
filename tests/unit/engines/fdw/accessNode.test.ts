import { accessNode } from "../../../../provider/engines/fdw";
import { NO_DATABASE } from "../../../../provider/engines/marks/database";
import type { ObservedAccessNode } from "../../../../provider/engines/fdw/accessNode/observe";
import { recorded } from "./recorded";

const newId = "22222222-2222-4222-8222-222222222222";
const steps = (plan: { steps: readonly { name: string }[] }): string[] => plan.steps.map(({ name }) => name);

/** The same server with no database of that name. */
const nothing = ({ facts }: ObservedAccessNode): ObservedAccessNode => ({
    facts,
    database: NO_DATABASE,
    foreignObjects: [],
});

describe("plan of an access node", () => {
    it("makes a database where there is nothing, with a new id in its mark", () => {
        const { inputs, observed } = recorded("accessNode");
        const plan = accessNode.plan(nothing(observed), { inputs, newId });
        expect(steps(plan)).toEqual([
            "create database metrics",
            "mark database metrics",
            expect.stringMatching(/^rename database .* to metrics$/),
        ]);
        expect(plan.steps[1]?.sql).toContain(newId);
        expect(plan.warnings.join()).toContain("no atomic commit");
    });

    it("is empty where everything is there", () => {
        const { inputs, outs, observed } = recorded("accessNode");
        expect(accessNode.plan(observed, { inputs, last: outs, newId })).toEqual({ steps: [], warnings: [] });
    });

    it("goes on with a database that was made but not named", () => {
        const { inputs, observed } = recorded("accessNode");
        const { facts, database } = observed;
        const found = { facts, database: { database: undefined, provisional: database.database }, foreignObjects: [] };
        const plan = accessNode.plan(found, { inputs, newId });
        expect(steps(plan)).toEqual([
            "mark database metrics",
            expect.stringMatching(/^rename database .* to metrics$/),
        ]);
        expect(plan.steps[0]?.sql).toContain("11111111-1111-4111-8111-111111111111");
    });

    it("claims by create what its resource made before, and keeps the claim from then on", () => {
        const { inputs, outs, observed } = recorded("accessNode");
        const [mark, ...more] = accessNode.plan(observed, { inputs, newId }).steps;
        expect([mark?.sql, more]).toEqual([expect.stringContaining(`"claim":"${newId}"`), []]);
        expect(mark?.sql).toContain('"cluster":"11111111-1111-4111-8111-111111111111"');
        observed.database.database!.marker!.claim = newId;
        const last = { ...outs, claim: "first" };
        expect(accessNode.describe(observed, { inputs, last, newId }).computed.claim).toBe("first");
        expect(accessNode.describe(observed, { inputs, newId }).computed.claim).toBe(newId);
    });

    it("mends the extension and the settings", () => {
        const { inputs, outs, observed } = recorded("accessNode");
        observed.catalogue!.extensions = {};
        observed.catalogue!.settings = { enable_partitionwise_join: "off" };
        expect(accessNode.plan(observed, { inputs, last: outs, newId }).steps.map(({ sql }) => sql)).toEqual([
            'CREATE EXTENSION IF NOT EXISTS "postgres_fdw"',
            `ALTER DATABASE "metrics" SET "enable_partitionwise_aggregate" = 'on'`,
            `ALTER DATABASE "metrics" SET "enable_partitionwise_join" = 'on'`,
        ]);
    });

    it.each([
        ["auto", "2.27.0", true],
        ["auto", null, false],
        ["none", "2.27.0", false],
        ["required", null, true],
    ] as const)("with timescaledb %s and version %s to be had, installs it: %s", (timescaledb, available, installs) => {
        const { inputs, outs, observed } = recorded("accessNode");
        observed.facts.timescaledbAvailable = available;
        const plan = accessNode.plan(observed, { inputs: { ...inputs, timescaledb }, last: outs, newId });
        expect(steps(plan)).toEqual(installs ? ["create extension timescaledb"] : []);
    });

    it("refuses a database without a mark, and takes it over with adopt", () => {
        const { inputs, observed } = recorded("accessNode");
        observed.database.database!.marker = undefined;
        observed.database.database!.comment = "the users' own";
        expect(() => accessNode.plan(observed, { inputs, newId })).toThrow(/ALREADY_EXISTS/);
        const [mark, ...more] = accessNode.plan(observed, { inputs: { ...inputs, adopt: true }, newId }).steps;
        expect(mark?.sql).toMatch(/the users'' own\n\[pulumi-timescaledb .*"adopted":true/);
        expect(more).toEqual([]);
    });

    it("refuses another stack's cluster", () => {
        const { inputs, observed } = recorded("accessNode");
        expect(() => accessNode.plan(observed, { inputs: { ...inputs, logicalUrn: "urn:other" }, newId })).toThrow(
            /belongs to urn:access.*ALREADY_EXISTS/,
        );
    });

    it("refuses a connection that reaches another cluster", () => {
        const { inputs, outs, observed } = recorded("accessNode");
        const last = { ...outs, clusterId: newId };
        expect(() => accessNode.plan(observed, { inputs, last, newId })).toThrow(/FOREIGN_CLUSTER/);
    });

    it("refuses a connection that reaches a data node of its own cluster", () => {
        const { inputs, outs, observed } = recorded("accessNode");
        observed.database.database!.marker!.urn = "urn:dn1";
        expect(() => accessNode.plan(observed, { inputs, last: outs, newId })).toThrow(/is urn:dn1.*FOREIGN_CLUSTER/);
    });

    it("marks anew what the program calls otherwise", () => {
        const { inputs, outs, observed } = recorded("accessNode");
        const renamed = { ...inputs, logicalUrn: "urn:renamed" };
        expect(steps(accessNode.plan(observed, { inputs: renamed, last: outs, newId }))).toEqual([
            "mark database metrics",
        ]);
    });
});

describe("planDelete of an access node", () => {
    it("refuses while data nodes or tables are there", () => {
        const { inputs, outs, observed } = recorded("accessNode");
        observed.foreignObjects = ['table "public.users"'];
        expect(() => accessNode.planDelete(observed, { inputs, last: outs, newId })).toThrow(
            /data node "dn1", data node "dn2", table "public.users".*HOLDS_OTHER_OBJECTS/,
        );
    });

    it("drops them with forceDestroy, and says what stays on the nodes", () => {
        const { inputs, outs, observed } = recorded("accessNode");
        const plan = accessNode.planDelete(observed, { inputs: { ...inputs, forceDestroy: true }, last: outs, newId });
        expect(plan.steps.map(({ sql }) => sql)).toEqual(['DROP DATABASE IF EXISTS "metrics" WITH (FORCE)']);
        expect(plan.warnings).toEqual([
            "data node dn1 (127.0.0.1:5431) is still attached: its database metrics stays there",
            "data node dn2 (127.0.0.1:5432) is still attached: its database metrics stays there",
        ]);
    });

    it("keeps a database that was taken over, without mark and settings", () => {
        const { inputs, outs, observed } = recorded("accessNode");
        observed.catalogue!.servers = [];
        observed.database.database!.marker!.adopted = true;
        const plan = accessNode.planDelete(observed, { inputs, last: outs, newId });
        expect(steps(plan)).toEqual([
            "reset enable_partitionwise_aggregate of database metrics",
            "reset enable_partitionwise_join of database metrics",
            "unmark database metrics",
        ]);
    });

    it("leaves a database alone that was created again since", () => {
        const { inputs, outs, observed } = recorded("accessNode");
        observed.catalogue!.servers = [];
        const plan = (): { steps: readonly { name: string }[] } =>
            accessNode.planDelete(observed, { inputs, last: { ...outs, claim: "first" }, newId });
        observed.database.database!.marker!.claim = "first";
        expect(steps(plan())).toEqual(["drop database metrics"]);
        observed.database.database!.marker!.claim = "second";
        expect(plan()).toEqual({ steps: [], warnings: [expect.stringContaining("is left alone")] });
    });

    it("leaves another cluster's database alone, and is empty where nothing is there", () => {
        const { inputs, outs, observed } = recorded("accessNode");
        const last = { ...outs, clusterId: newId, logicalUrn: "urn:other" };
        const other = accessNode.planDelete(observed, { inputs: { ...inputs, logicalUrn: "urn:other" }, last, newId });
        expect(other.steps).toEqual([]);
        expect(other.warnings).toHaveLength(1);
        const gone = nothing(observed);
        expect(accessNode.planDelete(gone, { inputs, last: outs, newId })).toEqual({ steps: [], warnings: [] });
    });
});

describe("describe of an access node", () => {
    it("says what create made", () => {
        const { inputs, outs, observed } = recorded("accessNode");
        const { computed } = accessNode.describe(observed, { inputs, last: outs, newId });
        expect({ ...inputs, ...computed }).toEqual(outs);
    });

    it("shows a missing timescaledb that is required in the plan, and invents no input", () => {
        const { inputs, outs, observed } = recorded("accessNode");
        const request = { inputs: { ...inputs, timescaledb: "required" as const }, last: outs, newId };
        expect(accessNode.describe(observed, request).inputs).toEqual(request.inputs);
        expect(steps(accessNode.plan(observed, request))).toEqual(["create extension timescaledb"]);
    });

    it("finds no access node where the database is not there under its name", () => {
        const { inputs, observed } = recorded("accessNode");
        const made = { ...nothing(observed), database: { ...NO_DATABASE, provisional: observed.database.database } };
        for (const state of [nothing(observed), made]) {
            expect(accessNode.isThere(state, { inputs, newId })).toBe(false);
            expect(() => accessNode.describe(state, { inputs, newId })).toThrow(/NOT_FOUND/);
        }
        expect(accessNode.isThere(observed, { inputs, newId })).toBe(true);
    });
});
