import { dataNode } from "../../../../provider/engines/multinode";
import { NO_DATABASE } from "../../../../provider/engines/marks/database";
import type { ObservedDataNode } from "../../../../provider/engines/multinode/dataNode/observe";
import type { Leftover, LeftoverContents } from "../../../../provider/engines/multinode/dataNode/leftover";
import type { NodeEntry } from "../../../../provider/engines/multinode/cluster";
import { noteSchema, type Note } from "../../../../provider/engines/multinode/dataNode/notes";
import { scratchName } from "../../../../provider/engines/multinode/dataNode/scratch";
import { connectionTo } from "../../../support/connections";
import {
    CLUSTER,
    clusterOf,
    databaseState,
    dataNodeState,
    emptyServer,
    entryOf,
    markOf,
    names,
    newId,
    nodeInputs,
    nodeOutputs,
    OTHER_CLUSTER,
    OTHER_URN,
    reachedServer,
    unreached,
} from "./fixtures";

const request = { inputs: nodeInputs, newId };
const known = { ...request, last: nodeOutputs };
const whole = dataNodeState();

/** The access node without dn1, and what its server holds. */
const missing = (node: ObservedDataNode["node"], leftover?: Leftover): ObservedDataNode => ({
    cluster: clusterOf([entryOf("dn2")]),
    node,
    alive: new Set(),
    ...(leftover === undefined ? {} : { leftover }),
});
const renamed = expect.stringMatching(/^rename database .* to metrics$/) as unknown;
/** The block marks the entry either way, whoever made the database. */
const OURS = /^(?![^]*database_created)(?![^]*"adopted":true)[^]*COMMENT ON SERVER/;
const ADOPTED = /^(?![^]*database_created)[^]*COMMENT ON SERVER[^\n]*"adopted":true/;
const making: Note = { making: "metrics on dn1.example.com:5432" };
const requesting = (more: Partial<typeof nodeInputs>, last?: typeof nodeOutputs) => ({
    inputs: { ...nodeInputs, ...more },
    newId,
    ...(last === undefined ? {} : { last }),
});

describe("plan of a data node", () => {
    it("makes the database and adds the node where there is nothing", () => {
        const plan = dataNode.plan(missing(emptyServer), request);
        expect(names(plan)).toEqual(["create database metrics", "mark database metrics", renamed, "add data node dn1"]);
        expect(plan.steps.map(({ on }) => on)).toEqual([
            { server: "dn1", database: "postgres" },
            { server: "dn1", database: "postgres" },
            { server: "dn1", database: "postgres" },
            { server: "access node", database: "metrics" },
        ]);
        expect(plan.steps[3]?.sql).toMatch(/bootstrap => true/);
        expect(plan.steps[3]?.transaction).toBeUndefined();
    });

    it("does nothing where all is as requested", () => {
        expect(dataNode.plan(whole, request)).toEqual({ steps: [], warnings: [] });
        expect(dataNode.plan(whole, known)).toEqual({ steps: [], warnings: [] });
        expect(dataNode.plan({ ...whole, node: unreached }, known)).toEqual({ steps: [], warnings: [] });
    });

    it("adds entry, mark, mapping and options by one statement, and hides the password", () => {
        const inputs = { user: "cluster", password: "se'cret", serverOptions: { connect_timeout: "5" } };
        const [step] = dataNode.plan(missing(emptyServer), requesting(inputs)).steps.slice(-1);
        expect(Object.values(step?.secrets ?? {})).toEqual(["se'cret"]);
        expect(step?.sql).not.toContain("cret");
        expect(step?.sql).toContain("password => pg_catalog.current_setting(");
        expect(step?.sql).toContain(`CREATE USER MAPPING FOR "postgres" SERVER "dn1" OPTIONS ("user" ''cluster''`);
        expect(step?.sql).toContain(`ALTER SERVER "dn1" OPTIONS (ADD "connect_timeout" '5')`);
        expect(step?.sql).toContain("COMMENT ON SERVER");
    });

    it("gives the database to the user that the access node comes as", () => {
        const plan = dataNode.plan(
            missing(emptyServer),
            requesting({ connection: connectionTo("dn1", { user: "admin" }) }),
        );
        expect(names(plan)).toContain("alter owner of database metrics");
    });

    it("lets the access node make the database where the provider does not reach the node, and says so once", () => {
        const plan = dataNode.plan(missing(unreached), request);
        expect(names(plan)).toEqual(["add data node dn1"]);
        expect(plan.steps[0]?.sql).toContain("IF made.database_created THEN");
        expect(plan.warnings).toEqual([expect.stringContaining("connection refused")]);
    });

    describe("with what an interrupted run left on a node that only the access node reaches", () => {
        const route = {
            host: "dn1.example.com",
            port: 5432,
            user: "postgres",
            password: "secret",
            options: { sslmode: "require" },
            connectTimeoutSeconds: 10,
        };
        const seen = (contents: LeftoverContents | undefined, note?: Note): ObservedDataNode =>
            missing(unreached, { note, seen: { route, contents } });
        const left = (more: Partial<LeftoverContents> = {}, note?: Note): ObservedDataNode =>
            seen({ timescaledb: true, distUuid: CLUSTER, hypertables: [], isEmpty: true, ...more }, note);

        it("notes that the access node makes the database, and takes the note away with the node's adding", () => {
            const plan = dataNode.plan(seen(undefined), request);
            expect(names(plan)).toEqual(["note state of data node dn1", "add data node dn1"]);
            const note = noteSchema(nodeInputs);
            expect(plan.steps[0]?.sql).toContain(`COMMENT ON SCHEMA "${note}" IS '${JSON.stringify(making)}'`);
            expect(plan.steps[1]?.sql).toContain(`DROP SCHEMA IF EXISTS "${note}";`);
            expect(plan.steps[1]?.sql).toContain("IF made.database_created THEN");
            expect(names(dataNode.plan(seen(undefined, making), request))).toEqual(["add data node dn1"]);
        });

        it("takes an empty database for its own only where its making was noted", () => {
            const bare = { timescaledb: false, distUuid: null };
            const sqlOf = (note?: Note): string | undefined =>
                dataNode.plan(left(bare, note), request).steps.at(-1)?.sql;
            expect(sqlOf(making)).toMatch(OURS);
            expect(sqlOf(making)).toContain("DROP SCHEMA");
            expect(sqlOf()).toContain("IF made.database_created THEN");
            expect(sqlOf()).not.toContain("DROP SCHEMA");
            expect(sqlOf({ making: "metrics on dn9.example.com:5432" })).toContain("IF made.database_created THEN");
        });

        it("releases the node through the access node and adds it as ours", () => {
            const plan = dataNode.plan(left(), request);
            expect(names(plan)).toEqual(["release data node dn1", "add data node dn1"]);
            const [release, add] = plan.steps;
            expect(Object.values(release?.secrets ?? {})).toEqual(["secret"]);
            expect(release?.sql).not.toContain("secret");
            expect(release?.sql).toContain(`value = '${CLUSTER}'`);
            expect(release).toMatchObject({ on: { server: "access node" } });
            expect(add?.sql).toMatch(OURS);
        });

        it.each<[string, Partial<LeftoverContents>, Partial<typeof nodeInputs>]>([
            ["it holds tables of somebody else", { isEmpty: false }, {}],
            ["it is taken over", {}, { adopt: true }],
        ])("keeps the database where %s", (_title, more, inputs) => {
            const { steps } = dataNode.plan(left(more), { ...request, inputs: { ...nodeInputs, ...inputs } });
            expect(steps.at(-1)?.sql).toContain("IF made.database_created THEN");
        });

        it("adds at once what was released before the run was cut again", () => {
            const plan = dataNode.plan(left({ distUuid: null }), request);
            expect(names(plan)).toEqual(["add data node dn1"]);
            expect(plan.steps[0]?.sql).toMatch(OURS);
        });

        it("refuses another cluster's node and one with tables of a cluster", () => {
            expect(() => dataNode.plan(left({ distUuid: OTHER_CLUSTER }), request)).toThrow(/FOREIGN_CLUSTER/);
            const forced = { ...request, inputs: { ...nodeInputs, adopt: true, forceDestroy: true } };
            expect(names(dataNode.plan(left({ distUuid: OTHER_CLUSTER }), forced))).toContain("release data node dn1");
            const tables = { hypertables: ["public.conditions"], isEmpty: false };
            expect(() => dataNode.plan(left(tables), request)).toThrow(/public\.conditions[^]*HOLDS_DATA/);
        });
    });

    describe("that nobody can look at", () => {
        const unseen = (note?: Note): ObservedDataNode => missing(unreached, { note });
        const scratch = scratchName({ clusterId: CLUSTER }, "dn1", 2);
        const scratches = [1, 2].map((number) => `drop database ${scratchName({ clusterId: CLUSTER }, "dn1", number)}`);
        const pointed = (database: string, more: Partial<NodeEntry> = {}): ObservedDataNode => ({
            ...missing(unreached),
            cluster: clusterOf([entryOf("dn1", { database, marker: { ...markOf("urn:dn1"), scratch: 2 }, ...more })]),
            alive: new Set(["dn1"]),
        });

        it("is looked at by way of a scratch database that no run used before", () => {
            const plan = dataNode.plan(unseen({ scratch: 1 }), requesting({ password: "secret" }));
            expect(names(plan)).toEqual([
                "note state of data node dn1",
                "add data node dn1 with a scratch database",
                "note state of data node dn1 if it is missing",
            ]);
            expect(plan.continues).toBeDefined();
            const [note, add, unless] = plan.steps;
            expect(note?.sql).toContain('"scratch":2');
            expect(add?.sql).toContain(`database => '${scratch}'`);
            expect(add?.sql).toMatch(/CREATE USER MAPPING[^]*OPTIONS \(SET dbname 'metrics'\)[^]*distributed_exec/);
            expect(add).toMatchObject({ secrets: { "pulumi_timescaledb.password": "secret" }, tolerates: ["42501"] });
            expect(unless?.sql).toMatch(/IF EXISTS[^]*RETURN[^]*"foreign":true/);
            expect(dataNode.plan(unseen(), request).steps[0]?.sql).toContain('"scratch":1');
            const elsewhere = { making: "metrics on dn9.example.com:5432" };
            expect(dataNode.plan(unseen(elsewhere), request).steps[0]?.sql).toContain('"scratch":1');
        });

        it("is added with a database that is ours if it is made now, or was being made and is empty", () => {
            const plan = dataNode.plan(unseen(making), request);
            expect(names(plan)).toEqual(["add data node dn1", "note state of data node dn1 if it is missing"]);
            expect(plan.steps[0]?.tolerates).toEqual(["TS174"]);
            expect(plan.steps[0]?.sql).toMatch(/IF NOT made.database_created THEN[^]*pg_tables[^]*DROP SCHEMA/);
            expect(plan.steps[1]?.sql).toMatch(/IF EXISTS[^]*RETURN[^]*"scratch":0/);
            expect(dataNode.plan(unseen(making), requesting({ adopt: true })).steps[0]?.sql).not.toContain("pg_tables");
        });

        it("is added as what it is where it was not lost, or named as another cluster's", () => {
            const plan = dataNode.plan(unseen({ foreign: true }), request);
            expect(names(plan)).toEqual(["erase note of data node dn1", "add data node dn1"]);
            expect(plan.steps[1]?.explains).toMatchObject({ TS174: { code: "FOREIGN_CLUSTER" } });
            const versions = { ...clusterOf([]).versions, timescaledbVersion: "2.5.2" };
            const old = { ...unseen(), cluster: { ...clusterOf([]), versions } };
            expect(names(dataNode.plan(old, request))).toEqual(["add data node dn1"]);
        });

        it("drops the scratch databases once the entry is with the real one", () => {
            const plan = dataNode.plan(pointed("metrics"), request);
            expect(names(plan)).toEqual([...scratches, "mark data node dn1"]);
            expect(plan.steps[1]?.values).toEqual([`DROP DATABASE IF EXISTS "${scratch}" WITH (FORCE)`, "dn1"]);
            expect(plan.steps[2]?.sql).not.toContain("scratch");
            const last = { ...known.last, database: "metrics" };
            expect(names(dataNode.planDelete(pointed("metrics"), { ...request, last }))).toEqual([
                "end prepared transactions",
                ...scratches,
                "delete data node dn1 and its database",
            ]);
        });

        it("takes the entry away with its scratch database where it could not be pointed to the real one", () => {
            const plan = dataNode.plan(pointed(scratch), request);
            expect(names(plan)).toEqual([scratches[0], "delete data node dn1 and its database"]);
            expect(plan.steps[1]?.sql).toContain("drop_database => true");
            expect(names(dataNode.planDelete(pointed(scratch), request))).toEqual([
                scratches[0],
                "delete data node dn1 and its database",
            ]);
            const marker = { ...markOf("urn:dn1"), scratch: 2, leaving: true } as const;
            const gone = { ...pointed(scratch, { marker }), alive: new Set<string>() };
            expect(names(dataNode.plan(gone, request))).toEqual([
                "delete data node dn1 and its database",
                "delete data node dn1",
            ]);
        });
    });

    describe("after a run that was interrupted", () => {
        it("marks and names the provisional database", () => {
            const node = { ...emptyServer, database: { ...NO_DATABASE, provisional: databaseState(undefined) } };
            expect(names(dataNode.plan(missing(node as ObservedDataNode["node"]), request))).toEqual([
                "mark database metrics",
                renamed,
                "add data node dn1",
            ]);
        });

        it("adds the node to the database that it made", () => {
            expect(names(dataNode.plan(missing(reachedServer(markOf("urn:dn1"), null)), request))).toEqual([
                "add data node dn1",
            ]);
        });

        it("frees a node that took our cluster's id before the access node had it", () => {
            const plan = dataNode.plan(missing(reachedServer(markOf("urn:dn1"), CLUSTER)), request);
            expect(names(plan)).toEqual(["release data node dn1", "add data node dn1"]);
            expect(plan.steps[0]).toMatchObject({
                on: { server: "dn1", database: "metrics" },
                sql: expect.stringMatching(`value = '${CLUSTER}'[^]*DROP EXTENSION timescaledb`) as unknown,
            });
        });

        it("keeps tables of an earlier membership unless forceDestroy, and then makes the database anew", () => {
            const node = reachedServer(markOf("urn:dn1"), CLUSTER, ["public.conditions"]);
            expect(() => dataNode.plan(missing(node), request)).toThrow(/public.conditions.*HOLDS_DATA/s);
            expect(names(dataNode.plan(missing(node), requesting({ forceDestroy: true })))).toEqual([
                "drop database metrics",
                "create database metrics",
                "mark database metrics",
                renamed,
                "add data node dn1",
            ]);
        });

        it("takes its own node back from a cluster that is gone", () => {
            const node = reachedServer({ ...markOf("urn:dn1"), cluster: OTHER_CLUSTER }, OTHER_CLUSTER);
            expect(names(dataNode.plan(missing(node), request))).toEqual([
                "release data node dn1",
                "mark database metrics",
                "add data node dn1",
            ]);
        });
    });

    describe("refuses", () => {
        it("an access node that is another cluster, or gone", () => {
            const foreign = { ...whole, cluster: { ...clusterOf([]), clusterId: OTHER_CLUSTER } };
            expect(() => dataNode.plan(foreign, request)).toThrow(/FOREIGN_CLUSTER/);
            expect(() => dataNode.plan({ ...whole, cluster: undefined }, request)).toThrow(/NOT_FOUND/);
        });

        it("a node of another cluster", () => {
            expect(() => dataNode.plan(missing(reachedServer(undefined, OTHER_CLUSTER)), request)).toThrow(
                /FOREIGN_CLUSTER/,
            );
        });

        it("a database that is not marked, or another resource's, unless adopted", () => {
            const bare = missing(reachedServer(undefined, null));
            expect(() => dataNode.plan(bare, request)).toThrow(/ALREADY_EXISTS/);
            const plan = dataNode.plan(bare, requesting({ adopt: true }));
            expect(names(plan)).toEqual(["mark database metrics", "add data node dn1"]);
            expect(plan.steps[1]?.sql).toMatch(ADOPTED);
            expect(() => dataNode.plan(missing(reachedServer(markOf(OTHER_URN), null)), request)).toThrow(/urn:other/);
        });

        it("a second name for one database, by its address or by its mark", () => {
            const twice = {
                ...missing(emptyServer),
                cluster: clusterOf([entryOf("dn9", { host: "dn1.example.com" })]),
            };
            expect(() => dataNode.plan(twice, request)).toThrow(/"dn9" already.*NODE_IN_USE/s);
            const marked = missing(reachedServer(markOf("urn:dn2"), CLUSTER));
            expect(() => dataNode.plan(marked, request)).toThrow(/"dn2" already.*NODE_IN_USE/s);
        });

        it("an entry of another resource, or without a mark, unless adopted", () => {
            for (const marker of [markOf(OTHER_URN), undefined]) {
                const state = dataNodeState(entryOf("dn1", { marker }));
                expect(() => dataNode.plan(state, request)).toThrow(/ALREADY_EXISTS/);
                const { steps } = dataNode.plan(state, requesting({ adopt: true }));
                expect(steps.map(({ name }) => name)).toEqual(["mark data node dn1"]);
                expect(steps[0]?.sql).toContain('"adopted":true');
            }
        });

        it("a server that is not the node", () => {
            expect(() => dataNode.plan({ ...whole, node: emptyServer }, known)).toThrow(/NOT_FOUND/);
        });

        it("bootstrap: false without a database, and without the extension", () => {
            expect(() => dataNode.plan(missing(emptyServer), requesting({ bootstrap: false }))).toThrow(/no database/);
            const bare = reachedServer(undefined, null);
            const node = { ...bare, contents: { timescaledbVersion: null, distUuid: null, hypertables: [] } };
            expect(() => dataNode.plan(missing(node), requesting({ bootstrap: false }))).toThrow(/no extension/);
            const plan = dataNode.plan(missing(bare), requesting({ bootstrap: false }));
            expect(names(plan)).toEqual(["add data node dn1"]);
            expect(plan.steps[0]?.sql).toMatch(/bootstrap => false/);
            expect(plan.steps[0]?.sql).toMatch(ADOPTED);
        });
    });

    describe("changes in place", () => {
        it("host and port, options, mapping and availability, in one transaction", () => {
            const entry = entryOf("dn1", {
                host: "old",
                available: false,
                options: { keepalives: "0", sslmode: "require" },
            });
            const inputs = { password: "secret", serverOptions: { sslmode: "prefer", connect_timeout: "3" } };
            const plan = dataNode.plan(dataNodeState(entry), requesting(inputs, nodeOutputs));
            expect(names(plan)).toEqual([
                "set address of data node dn1",
                "alter options of server dn1",
                "create user mapping for postgres on dn1",
                "set data node dn1 available",
                "try user mapping for postgres on dn1",
            ]);
            expect(plan.steps[1]?.sql).toBe(
                `ALTER SERVER "dn1" OPTIONS (ADD "connect_timeout" '3', DROP "keepalives", SET "sslmode" 'prefer')`,
            );
            expect(new Set(plan.steps.map(({ transaction }) => transaction)).size).toBe(1);
        });

        it.each([
            ["another host", entryOf("dn1", { host: "old" }), "set address of data node dn1"],
            ["availability", entryOf("dn1", { available: false }), "set data node dn1 available"],
        ])("%s only from 2.9 on", (_title, entry, name) => {
            const state = { ...dataNodeState(entry), cluster: clusterOf([entry], "2.8.1") };
            expect(() => dataNode.plan(state, known)).toThrow(/TimescaleDB 2.9.*NOT_SUPPORTED/s);
            expect(names(dataNode.plan({ ...state, cluster: clusterOf([entry], "2.9.0") }, known))).toEqual([name]);
        });

        it("a mapping whose password differs, and leaves one that it may not look into", () => {
            const last = { ...nodeOutputs, password: "new" };
            const mapped = (options: Record<string, string> | null) =>
                dataNodeState(entryOf("dn1", { mappings: [{ role: "postgres", options }] }));
            const plan = (options: Record<string, string> | null) =>
                names(dataNode.plan(mapped(options), requesting({ password: "new" }, last)));
            expect(plan({ user: "postgres", password: "old" })).toEqual([
                "drop user mapping for postgres on dn1",
                "create user mapping for postgres on dn1",
                "try user mapping for postgres on dn1",
            ]);
            expect(plan({ user: "postgres", password: "new" })).toEqual([]);
            expect(plan(null)).toEqual([]);
            expect(names(dataNode.plan(mapped({ user: "x" }), requesting({}, last)))).toEqual([
                "drop user mapping for postgres on dn1",
                "try user mapping for postgres on dn1",
            ]);
            expect(names(dataNode.plan(mapped({ user: "x" }), known))).toEqual([]);
        });
    });
});

describe("deletion of a data node", () => {
    const holding = (more: Partial<ObservedDataNode> = {}): ObservedDataNode => ({
        ...whole,
        cluster: clusterOf([entryOf("dn1"), entryOf("dn2"), entryOf("dn3")]),
        holdings: {
            tables: [
                { schema: "public", table: "conditions", partitions: 2, nodes: 2, chunks: 3, soleChunks: 2 },
                { schema: "public", table: "other", partitions: 8, nodes: 3, chunks: 1, soleChunks: 0 },
            ],
            soleChunks: [
                { schema: "_timescaledb_internal", name: "c1", nodes: ["dn1", "dn2", "dn3"] },
                { schema: "_timescaledb_internal", name: "c2", nodes: ["dn1", "dn2", "dn3"] },
            ],
            cutMoves: [],
        },
        alive: new Set(["dn1", "dn2", "dn3"]),
        ...more,
    });
    const forced = requesting({ forceDestroy: true }, nodeOutputs);

    it("takes the entry off the access node, then drops the database", () => {
        const plan = dataNode.planDelete(whole, known);
        expect(names(plan)).toEqual(["end prepared transactions", "delete data node dn1", "drop database metrics"]);
        expect(plan.steps[0]?.transaction).toBeUndefined();
    });

    it("drops every mapping first, and ends prepared transactions before the database", () => {
        const entry = entryOf("dn1", {
            mappings: [
                { role: "postgres", options: null },
                { role: "public", options: null },
            ],
        });
        const node = { ...reachedServer(markOf("urn:dn1"), CLUSTER), prepared: ["ts-1-5-6-7"] };
        expect(names(dataNode.planDelete({ ...dataNodeState(entry), node }, known))).toEqual([
            "end prepared transactions",
            "drop user mapping for postgres on dn1",
            "drop user mapping for public on dn1",
            "delete data node dn1",
            "roll back prepared transaction ts-1-5-6-7",
            "drop database metrics",
        ]);
    });

    it("finishes what an interrupted run left on the node, and finds nothing to do when all is gone", () => {
        expect(names(dataNode.planDelete(missing(reachedServer(markOf("urn:dn1"), CLUSTER)), known))).toEqual([
            "drop database metrics",
        ]);
        expect(dataNode.planDelete(missing(emptyServer), known)).toEqual({ steps: [], warnings: [] });
    });

    it("takes a note away that an interrupted run left, and says what may be left on the node", () => {
        const blind = (note?: Note): ObservedDataNode => missing(unreached, { note });
        const plan = dataNode.planDelete(blind(making), known);
        expect(names(plan)).toEqual(["erase note of data node dn1"]);
        expect(plan.warnings).toEqual([expect.stringContaining('database "metrics" may stay on')]);
        expect(dataNode.planDelete(blind(), known)).toEqual({ steps: [], warnings: [] });
    });

    it("cleans the node itself where the access node is gone, and else says what may be left", () => {
        const gone = { ...whole, cluster: undefined };
        expect(names(dataNode.planDelete(gone, known))).toEqual(["drop database metrics"]);
        expect(dataNode.planDelete({ ...gone, node: unreached }, known)).toEqual({
            steps: [],
            warnings: [expect.stringContaining("may still be there")],
        });
    });

    it("leaves a database alone that is not its own", () => {
        expect(names(dataNode.planDelete(missing(reachedServer(markOf(OTHER_URN), null)), known))).toEqual([]);
        expect(names(dataNode.planDelete(missing(reachedServer(undefined, OTHER_CLUSTER)), forced))).toEqual([]);
        const others = dataNodeState(entryOf("dn1", { marker: markOf(OTHER_URN) }));
        expect(dataNode.planDelete(others, known)).toEqual({
            steps: [],
            warnings: [expect.stringContaining("left alone")],
        });
    });

    it("keeps an adopted database, free to be added again", () => {
        const adopted = markOf("urn:dn1", { adopted: true });
        const state = { ...dataNodeState(entryOf("dn1", { marker: adopted })), node: reachedServer(adopted, CLUSTER) };
        expect(names(dataNode.planDelete(state, known))).toEqual([
            "end prepared transactions",
            "delete data node dn1",
            "release data node dn1",
            "unmark database metrics",
        ]);
        expect(names(dataNode.planDelete(state, forced))).toContain("drop database metrics");
    });

    it("refuses to lose the only copy of a chunk, with counts", () => {
        expect(() => dataNode.planDelete(holding(), known)).toThrow(/2 of "public.conditions".*LAST_COPY/s);
    });

    it("moves chunks to the nodes with the fewest first, and nothing else in that round", () => {
        const plan = dataNode.planDelete(
            holding({ holdings: { ...holding().holdings!, cutMoves: [{ id: "ts_copy_1_1", from: "dn1" }] } }),
            requesting({ drainOnDelete: true }, nodeOutputs),
        );
        expect(names(plan)).toEqual([
            "end prepared transactions",
            "clean up move ts_copy_1_1",
            "move chunk c1 to dn2",
            "end prepared transactions",
            "move chunk c2 to dn3",
            "end prepared transactions",
        ]);
        expect([2, 4].map((place) => plan.steps[place]?.values)).toEqual([
            ['"_timescaledb_internal"."c1"', "dn1", "dn2"],
            ['"_timescaledb_internal"."c2"', "dn1", "dn3"],
        ]);
        expect(plan.steps.every(({ transaction }) => transaction === undefined)).toBe(true);
    });

    it("cannot move chunks to nowhere, before 2.4, or without wal_level logical", () => {
        const drained = requesting({ drainOnDelete: true }, nodeOutputs);
        expect(() => dataNode.planDelete(holding({ alive: new Set(["dn1"]) }), drained)).toThrow(/LAST_COPY/);
        const old = { cluster: clusterOf(holding().cluster!.nodes, "2.3.1") };
        expect(() => dataNode.planDelete(holding(old), drained)).toThrow(/TimescaleDB 2.4.*NOT_SUPPORTED/s);
        const node = { ...reachedServer(markOf("urn:dn1"), CLUSTER), walLevel: "replica" };
        expect(() => dataNode.planDelete(holding({ node }), drained)).toThrow(/wal_level.*NOT_SUPPORTED/s);
    });

    it("takes tables off the node with forceDestroy, and keeps given numbers of partitions", () => {
        const plan = dataNode.planDelete(holding(), forced);
        expect(names(plan)).toEqual([
            "end prepared transactions",
            "drop chunks of data node dn1",
            "detach data node dn1",
            "detach data node dn1",
            "delete data node dn1",
            "drop database metrics",
        ]);
        expect(plan.steps[1]?.destroys).toEqual({ what: "2 chunks on data node dn1" });
        expect(plan.steps[2]?.values).toEqual(["dn1", "public", "conditions", true]);
        expect(plan.steps[3]?.values).toEqual(["dn1", "public", "other", false]);
    });

    it("refuses a node that nobody reaches, and with forceDestroy says what stays where", () => {
        const dead = { ...whole, node: unreached, alive: new Set<string>() };
        expect(() => dataNode.planDelete(dead, known)).toThrow(/SERVER_UNREACHABLE/);
        const plan = dataNode.planDelete(dead, forced);
        expect(names(plan)).toEqual(["delete data node dn1"]);
        expect(plan.warnings).toEqual([
            'database "metrics" of data node "dn1" stays on dn1.example.com:5432: connection refused',
        ]);
    });

    describe("through the access node alone", () => {
        const through = (entry = entryOf("dn1")): ObservedDataNode => ({ ...dataNodeState(entry), node: unreached });

        it("drops database and entry at once", () => {
            const { steps } = dataNode.planDelete(through(), known);
            expect(steps.map(({ name }) => name)).toEqual([
                "end prepared transactions",
                "delete data node dn1 and its database",
            ]);
            expect(steps[1]?.sql).toContain("drop_database => true");
            expect(steps[1]?.transaction).toBeUndefined();
        });

        it("drops the database while a mapping keeps the entry, then the entry", () => {
            const mappings = [{ role: "postgres", options: null }];
            const { steps } = dataNode.planDelete(through(entryOf("dn1", { mappings })), known);
            expect(steps.map(({ name }) => name)).toEqual([
                "end prepared transactions",
                "mark data node dn1",
                "delete data node dn1 and its database",
            ]);
            expect(steps[2]?.tolerates).toEqual(["2BP01"]);
            const left = entryOf("dn1", { mappings, marker: markOf("urn:dn1", { leaving: true }) });
            const plan = dataNode.planDelete({ ...through(left), alive: new Set() }, known);
            expect(names(plan)).toEqual([
                "delete data node dn1 and its database",
                "drop user mapping for postgres on dn1",
                "delete data node dn1",
            ]);
            expect(plan.steps[0]).toMatchObject({ tolerates: ["2BP01", "3D000", "08001"] });
            expect(plan.warnings).toEqual([]);
        });

        it("keeps the database before 2.6, free to be added again, and says so", () => {
            const state = { ...through(), cluster: clusterOf([entryOf("dn1")], "2.5.2") };
            const plan = dataNode.planDelete(state, known);
            expect(names(plan)).toEqual(["end prepared transactions", "release data node dn1", "delete data node dn1"]);
            expect(plan.warnings).toHaveLength(1);
        });
    });
});
