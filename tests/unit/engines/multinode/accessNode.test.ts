import { accessNode } from "../../../../provider/engines/multinode";
import { NO_DATABASE } from "../../../../provider/engines/marks/database";
import {
    accessInputs,
    accessNodeState,
    CLUSTER,
    clusterOf,
    databaseState,
    entryOf,
    markOf,
    names,
    newId,
    OTHER_CLUSTER,
    OTHER_URN,
} from "./fixtures";

const request = { inputs: accessInputs, newId };
const known = {
    ...request,
    last: {
        ...accessInputs,
        engine: "multinode" as const,
        postgresVersion: "15.18",
        timescaledbVersion: "2.13.1",
        clusterId: CLUSTER,
        created: { database: true },
    },
};
const whole = accessNodeState();
/** The same server with no database of that name. */
const nothing = { ...whole, database: NO_DATABASE, settings: {}, cluster: undefined, alive: new Set<string>() };
const withDatabase = (database: typeof whole.database.database, provisional: typeof database = undefined) => ({
    ...whole,
    database: { database, provisional },
});

describe("plan of an access node", () => {
    it("makes, marks and names the database, then the extension, where there is nothing", () => {
        expect(names(accessNode.plan(nothing, request))).toEqual([
            "create database metrics",
            "mark database metrics",
            expect.stringMatching(/^rename database .* to metrics$/),
            "create extension timescaledb",
        ]);
    });

    it("does nothing where all is as requested", () => {
        const created = withDatabase(databaseState(markOf("urn:access", { claim: newId })));
        expect(accessNode.plan(created, request)).toEqual({ steps: [], warnings: [] });
        expect(accessNode.plan(whole, known)).toEqual({ steps: [], warnings: [] });
    });

    it("marks and names a database that an interrupted run left under its provisional name", () => {
        const { cluster: _cluster, ...cut } = withDatabase(undefined, databaseState(undefined));
        expect(names(accessNode.plan(cut, request))).toEqual([
            "mark database metrics",
            expect.stringMatching(/^rename database .* to metrics$/),
            "create extension timescaledb",
        ]);
    });

    it("goes on after the database without the extension", () => {
        const marker = { urn: "urn:access", engine: "multinode" as const, claim: newId };
        const { cluster: _cluster, ...cut } = withDatabase(databaseState(marker));
        expect(names(accessNode.plan(cut, request))).toEqual(["create extension timescaledb"]);
    });

    it("puts the cluster's id into the mark once the extension has made it", () => {
        const { steps } = accessNode.plan(
            withDatabase(databaseState({ urn: "urn:access", engine: "multinode" })),
            request,
        );
        expect(steps.map(({ name }) => name)).toEqual(["mark database metrics"]);
        expect(steps[0]?.sql).toContain(CLUSTER);
    });

    it("claims by create what its resource made before, and keeps the claim from then on", () => {
        const marked = withDatabase(databaseState(markOf("urn:access", { claim: "before" })));
        expect(accessNode.plan(marked, request).steps.map(({ sql }) => sql)).toEqual([
            expect.stringContaining(`"claim":"${newId}"`),
        ]);
        const claimed = { ...known, last: { ...known.last, claim: "before" } };
        expect(accessNode.plan(marked, claimed)).toEqual({ steps: [], warnings: [] });
        expect(accessNode.describe(marked, claimed).computed.claim).toBe("before");
        const again = withDatabase(databaseState(markOf("urn:access", { claim: newId })));
        expect(accessNode.describe(again, claimed).computed.claim).toBe("before");
        expect(accessNode.describe(again, request).computed.claim).toBe(newId);
    });

    it("sets only the settings that differ", () => {
        const { steps } = accessNode.plan({ ...whole, settings: { ...whole.settings, jit: "on" } }, known);
        expect(steps.map(({ sql }) => sql)).toEqual([`ALTER DATABASE "metrics" SET "jit" = 'off'`]);
    });

    it.each([
        ["2.0.2", ["jit", "enable_partitionwise_aggregate"]],
        ["2.9.3", ["jit", "enable_partitionwise_aggregate", "timescaledb.enable_distributed_insert_with_copy"]],
        ["2.10.0", ["jit", "timescaledb.enable_distributed_insert_with_copy"]],
        ["2.13.1", ["jit", "timescaledb.enable_distributed_insert_with_copy"]],
    ])("sets on %s what that version can bear: %j", (version, expected) => {
        const state = { ...accessNodeState(clusterOf([], version)), settings: {} };
        expect(names(accessNode.plan(state, known))).toHaveLength(expected.length);
        const sql = accessNode.plan(state, known).steps.map((step) => step.sql.replaceAll('"', ""));
        expected.forEach((name, index) => expect(sql[index]).toContain(` SET ${name} = `));
    });

    it("refuses a database of another resource, and one without a mark, unless adopted", () => {
        for (const marker of [markOf(OTHER_URN), undefined]) {
            const state = withDatabase(databaseState(marker));
            expect(() => accessNode.plan(state, request)).toThrow(/ALREADY_EXISTS/);
            const { steps } = accessNode.plan(state, { ...request, inputs: { ...accessInputs, adopt: true } });
            expect(steps.map(({ name }) => name)).toEqual(["mark database metrics"]);
        }
    });

    it("marks a database that it takes over as adopted, and one whose mark was lost as its own", () => {
        const bare = withDatabase(databaseState(undefined));
        const adopting = { ...request, inputs: { ...accessInputs, adopt: true } };
        expect(accessNode.plan(bare, adopting).steps[0]?.sql).toContain('"adopted":true');
        expect(accessNode.plan(bare, known).steps[0]?.sql).not.toContain("adopted");
    });

    it("refuses another cluster, and one that is gone", () => {
        const cluster = { ...clusterOf([]), clusterId: OTHER_CLUSTER };
        expect(() => accessNode.plan(accessNodeState(cluster), known)).toThrow(/FOREIGN_CLUSTER/);
        expect(() => accessNode.plan(nothing, known)).toThrow(/NOT_FOUND/);
    });
});

describe("deletion of an access node", () => {
    const forced = { ...known, inputs: { ...accessInputs, forceDestroy: true } };

    it("drops the database, and finds nothing to do where there is none", () => {
        expect(names(accessNode.planDelete(whole, known))).toEqual(["drop database metrics"]);
        expect(accessNode.planDelete(nothing, known)).toEqual({ steps: [], warnings: [] });
    });

    it("drops what an interrupted run left, although no outputs are known", () => {
        const cut = withDatabase(undefined, databaseState(undefined));
        expect(names(accessNode.planDelete({ ...cut, cluster: undefined }, request))).toEqual([
            expect.stringMatching(/^drop database pulumi-timescaledb /),
        ]);
    });

    it("refuses to take tables or data nodes along, and names them", () => {
        expect(() => accessNode.planDelete({ ...whole, objects: ['table "public.users"'] }, known)).toThrow(
            /table "public.users".*HOLDS_OTHER_OBJECTS/s,
        );
        const attached = accessNodeState(clusterOf([entryOf("dn1")]));
        expect(() => accessNode.planDelete(attached, known)).toThrow(/data node "dn1".*HOLDS_OTHER_OBJECTS/s);
    });

    it("removes nodes that answer with their databases, and says what stays on those that do not", () => {
        const state = accessNodeState(
            clusterOf([
                entryOf("dn1"),
                entryOf("dn2"),
                entryOf("dn3", { marker: markOf("urn:dn3", { adopted: true }) }),
            ]),
        );
        const plan = accessNode.planDelete({ ...state, alive: new Set(["dn1", "dn3"]) }, forced);
        expect(names(plan)).toEqual([
            "end prepared transactions",
            "drop all chunks",
            "delete data node dn1 and its database",
            "release data node dn3",
            "drop database metrics",
        ]);
        expect(plan.warnings).toEqual([
            expect.stringMatching(/"dn2" stays on dn2.example.com:5432: the node does not answer/),
            expect.stringMatching(/"dn3" stays/),
        ]);
    });

    it("keeps an adopted database, without our mark and settings", () => {
        const adopted = withDatabase(databaseState(markOf("urn:access", { adopted: true })));
        expect(names(accessNode.planDelete(adopted, known))).toEqual([
            "reset jit of database metrics",
            "reset timescaledb.enable_distributed_insert_with_copy of database metrics",
            "unmark database metrics",
        ]);
        expect(names(accessNode.planDelete(adopted, forced))).toEqual(["drop database metrics"]);
        const noted = { ...adopted, notes: ["pulumi_timescaledb_note_1"] };
        expect(accessNode.planDelete(noted, known).steps.map(({ sql }) => sql)).toContain(
            'DROP SCHEMA IF EXISTS "pulumi_timescaledb_note_1"',
        );
    });

    it("leaves a database alone that was created again since, and not one whose mark is lost", () => {
        const claimedBy = (claim: string) => withDatabase(databaseState(markOf("urn:access", { claim })));
        const claimed = { ...forced, last: { ...forced.last, claim: "first" } };
        expect(names(accessNode.planDelete(claimedBy("first"), claimed))).toEqual(["drop database metrics"]);
        expect(names(accessNode.planDelete(withDatabase(databaseState(undefined)), claimed))).toEqual([
            "drop database metrics",
        ]);
        for (const older of [claimed, forced]) {
            expect(accessNode.planDelete(claimedBy("second"), older)).toEqual({
                steps: [],
                warnings: [expect.stringContaining("is left alone")],
            });
        }
    });

    it("leaves a database alone that is another resource's", () => {
        const others = {
            ...withDatabase(databaseState(markOf(OTHER_URN))),
            cluster: { ...clusterOf([]), clusterId: OTHER_CLUSTER },
        };
        const plan = accessNode.planDelete(others, known);
        expect(plan.steps).toEqual([]);
        expect(plan.warnings).toHaveLength(1);
    });
});
