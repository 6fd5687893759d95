import type { DistributedHypertableInputs } from "../../../../provider/engines/inputs";
import type { Plan } from "../../../../provider/engines/step";
import { distributedHypertable } from "../../../../provider/engines/multinode";
import { NO_DOUBT } from "../../../../provider/engines/multinode/preparedTransactions";
import { indexPath } from "../../../../provider/engines/multinode/distributedHypertable/indexes";
import { nothingThere } from "../../../../provider/engines/multinode/distributedHypertable/observe";
import {
    canonical,
    clusterOf,
    CLUSTER,
    entryOf,
    hypertableState,
    markOf,
    names,
    newId,
    observedTable,
    OTHER_CLUSTER,
    OTHER_URN,
    tableInputs,
    tableOutputs,
    tableState,
} from "./fixtures";

type Inputs = DistributedHypertableInputs;

const request = { inputs: tableInputs, newId };
const known = { ...request, last: tableOutputs };
const whole = observedTable(tableState());
const changing = (more: Partial<Inputs>) => ({ ...known, inputs: { ...tableInputs, ...more } });
const requesting = (more: Partial<Inputs>) => ({ inputs: { ...tableInputs, ...more }, newId });

/** The statements of a plan that are not bound calls, on one line each. */
const sql = ({ steps }: Plan): string[] => steps.map((step) => step.sql.replace(/\s+/g, " "));

describe("plan of a distributed hypertable", () => {
    it("makes it whole in one transaction where there is nothing", () => {
        const plan = distributedHypertable.plan(
            observedTable(),
            requesting({
                primaryKey: ["time", "device"],
                uniqueKeys: [["device", "time"]],
                indexes: [{ columns: ["temp DESC"] }],
            }),
        );
        expect(names(plan)).toEqual([
            "end prepared transactions",
            "create table public.conditions",
            "create distributed hypertable public.conditions",
            expect.stringMatching(/^create index conditions_[0-9a-f]{8}_idx$/),
            "mark table public.conditions",
        ]);
        expect(plan.steps[0]?.transaction).toBeUndefined();
        expect(new Set(plan.steps.slice(1).map(({ transaction }) => transaction)).size).toBe(1);
        expect(sql(plan)[1]).toBe(
            'CREATE TABLE "public"."conditions" ( "time" timestamptz NOT NULL, "device" integer,' +
                ' "temp" float8 CONSTRAINT "temp_check" CHECK (temp>0),' +
                ' PRIMARY KEY ("time", "device"), UNIQUE ("device", "time") )',
        );
        expect(sql(plan)[3]).toMatch(/^CREATE INDEX "conditions_[0-9a-f]{8}_idx" ON .* \("temp" DESC\)$/);
        expect(plan.steps[2]?.values?.at(-1)).toEqual(["dn1", "dn2"]);
    });

    it("does nothing where all is as requested", () => {
        expect(distributedHypertable.plan(whole, request)).toEqual({ steps: [], warnings: [] });
        expect(distributedHypertable.plan(whole, known)).toEqual({ steps: [], warnings: [] });
    });

    it("takes a number as an integer column's interval, and an interval as an interval", () => {
        const [, , text] = sql(distributedHypertable.plan(observedTable(), requesting({ chunkTimeInterval: "1 day" })));
        const [, , number] = sql(distributedHypertable.plan(observedTable(), requesting({ chunkTimeInterval: 1000 })));
        expect(text).toContain("chunk_time_interval => $7::interval");
        expect(number).toContain("chunk_time_interval => $7::bigint");
    });

    it("makes a missing schema on all nodes, marked, in the same transaction", () => {
        const plan = distributedHypertable.plan(observedTable(), requesting({ schema: "own" }));
        expect(names(plan).slice(1, 4)).toEqual([
            "create schema own",
            "create schema own on the data nodes",
            "create table own.conditions",
        ]);
        expect(sql(plan)[1]).toContain('"urn":"urn:t"');
        const there = { schemas: [{ name: "own", marker: undefined, empty: false }] };
        const other = distributedHypertable.plan(observedTable(undefined, there), requesting({ schema: "own" }));
        expect(names(other).slice(1, 3)).toEqual([
            "create schema own on the data nodes",
            "create table own.conditions",
        ]);
    });

    it("puts a table without stated nodes on those that the access node has and that are available", () => {
        const cluster = clusterOf([entryOf("dn1"), entryOf("dn2", { available: false }), entryOf("dn3")]);
        const plan = distributedHypertable.plan(
            observedTable(undefined, { cluster }),
            requesting({ dataNodes: undefined }),
        );
        expect(plan.steps[2]?.values?.at(-1)).toEqual(["dn1", "dn3"]);
        expect(distributedHypertable.plan(whole, changing({ dataNodes: undefined })).steps).toEqual([]);
    });

    it("heals the data nodes of a finished table only where something is in doubt", () => {
        const plan = distributedHypertable.plan(
            { ...whole, inDoubt: { ...NO_DOUBT, left: ["dn2"], underWay: ["dn1"], unseen: ["dn1"] } },
            known,
        );
        expect(names(plan)).toEqual(["end prepared transactions"]);
        expect(plan.steps[0]?.values).toEqual([["dn2"]]);
    });

    it("heals before a change what may be in doubt, and nothing where nothing is", () => {
        const change = changing({ replicationFactor: 2 });
        const plan = (left: string[], underWay: string[]) =>
            distributedHypertable.plan({ ...whole, inDoubt: { ...NO_DOUBT, left, underWay } }, change);
        expect(plan(["dn2"], ["dn1"]).steps[0]?.values).toEqual([["dn2", "dn1"]]);
        expect(names(plan(["dn2"], []))).toEqual(["end prepared transactions", "set replication factor to 2"]);
        expect(names(plan([], []))).toEqual(["set replication factor to 2"]);
    });

    it("heals before and after a change the data nodes that only the access node can look at", () => {
        const plan = distributedHypertable.plan(
            { ...whole, inDoubt: { ...NO_DOUBT, unseen: ["dn2"] } },
            changing({ replicationFactor: 2 }),
        );
        expect(names(plan)).toEqual([
            "end prepared transactions",
            "set replication factor to 2",
            "end prepared transactions",
        ]);
        expect(plan.steps.map(({ values }) => values?.[0])).toEqual([["dn2"], '"public"."conditions"', ["dn2"]]);
    });

    it.each([
        [true, "COMMIT PREPARED 'ts-1-700-16500-10'"],
        [false, "ROLLBACK PREPARED 'ts-1-700-16500-10'"],
    ])("ends on the data node itself what the access node cannot reach there (committed: %s)", (committed, sql) => {
        const place = { server: "dn2", database: "multinode" };
        const stranded = [{ place, id: "ts-1-700-16500-10", committed }];
        const plan = distributedHypertable.plan({ ...whole, inDoubt: { ...NO_DOUBT, stranded } }, known);
        expect(plan.steps).toEqual([expect.objectContaining({ on: place, sql })]);
    });

    it("ends what is in doubt when the table is gone on the access node already", () => {
        const observed = { ...observedTable(undefined), inDoubt: { ...NO_DOUBT, left: ["dn1"] } };
        expect(names(distributedHypertable.planDelete(observed, known))).toEqual(["end prepared transactions"]);
    });

    describe("refuses", () => {
        it("another cluster, one that is gone, and nodes that are not there", () => {
            const foreign = { ...whole, cluster: { ...clusterOf([]), clusterId: OTHER_CLUSTER } };
            expect(() => distributedHypertable.plan(foreign, known)).toThrow(/FOREIGN_CLUSTER/);
            expect(() => distributedHypertable.plan(nothingThere(), known)).toThrow(/NOT_FOUND/);
            expect(() =>
                distributedHypertable.plan(observedTable(), requesting({ dataNodes: ["dn1", "dn9"] })),
            ).toThrow(/"dn9".*NOT_FOUND/s);
            const none = observedTable(undefined, { cluster: clusterOf([]) });
            expect(() => distributedHypertable.plan(none, requesting({ dataNodes: undefined }))).toThrow(
                /no data nodes/,
            );
        });

        it("a table of another resource, or without a mark, unless adopted", () => {
            for (const marker of [markOf(OTHER_URN), undefined]) {
                const state = observedTable(tableState({ marker }));
                expect(() => distributedHypertable.plan(state, request)).toThrow(/ALREADY_EXISTS/);
                const plan = distributedHypertable.plan(state, requesting({ adopt: true }));
                expect(names(plan)).toEqual(["end prepared transactions", "mark table public.conditions"]);
                expect(sql(plan)[1]).toContain('"adopted":true');
            }
        });

        it("a view, a plain hypertable, other dimensions, and a table in the way of a rename", () => {
            const plain = { ...hypertableState, replicationFactor: null };
            expect(() => distributedHypertable.plan(observedTable(tableState({ kind: "v" })), known)).toThrow(
                /no ordinary table/,
            );
            expect(() => distributedHypertable.plan(observedTable(tableState({ hypertable: plain })), known)).toThrow(
                /cannot become distributed/,
            );
            expect(() => distributedHypertable.plan(whole, changing({ timeColumn: "temp" }))).toThrow(/NOT_SUPPORTED/);
            expect(() =>
                distributedHypertable.plan(
                    { ...whole, inTheWay: tableState({ name: "new" }) },
                    changing({ tableName: "new" }),
                ),
            ).toThrow(/ALREADY_EXISTS/);
        });

        it("no columns where there is no table", () => {
            expect(() => distributedHypertable.plan(observedTable(), requesting({ columns: undefined }))).toThrow(
                /NOT_FOUND/,
            );
        });
    });

    describe("of a table that exists", () => {
        const { hypertable: _hypertable, ...plain } = tableState({ marker: undefined });
        const empty = observedTable(plain);
        const full = { ...empty, contents: { chunks: 0, rows: 7, isMore: false, soleChunks: [], cutMoves: [] } };
        const omitted = requesting({ columns: undefined });

        it("makes it distributed, and marks it as somebody else's", () => {
            const plan = distributedHypertable.plan(empty, omitted);
            expect(names(plan)).toEqual([
                "end prepared transactions",
                "create distributed hypertable public.conditions",
                "mark table public.conditions",
            ]);
            expect(sql(plan)[2]).toContain('"adopted":true');
        });

        it("moves its rows through a counted staging table only when asked to", () => {
            expect(() => distributedHypertable.plan(full, omitted)).toThrow(/7 rows.*HOLDS_DATA/s);
            const plan = distributedHypertable.plan(full, requesting({ columns: undefined, migrateData: true }));
            expect(names(plan)).toEqual([
                "end prepared transactions",
                "lock table public.conditions",
                "copy rows of public.conditions to a staging table",
                "truncate table public.conditions",
                "create distributed hypertable public.conditions",
                "copy rows of public.conditions from the staging table",
                "count rows of public.conditions",
                "drop the staging table",
                "mark table public.conditions",
            ]);
            expect(new Set(plan.steps.slice(1).map(({ transaction }) => transaction)).size).toBe(1);
        });

        it("does not write generated columns", () => {
            const table = { ...plain, generatedColumns: ["temp"] };
            const plan = distributedHypertable.plan(
                { ...full, table },
                requesting({ columns: undefined, migrateData: true }),
            );
            expect(sql(plan)[5]).toContain('("time", "device") OVERRIDING SYSTEM VALUE');
        });

        it("takes one with stated columns for its own only with adopt", () => {
            expect(() => distributedHypertable.plan(empty, request)).toThrow(/ALREADY_EXISTS/);
            expect(names(distributedHypertable.plan(empty, requesting({ adopt: true })))).toContain(
                "mark table public.conditions",
            );
        });
    });

    describe("changes in place, in one transaction:", () => {
        const added: Inputs["columns"] = [
            ...(tableInputs.columns ?? []),
            { name: "site", type: "text", nullable: true },
        ];
        const cases: [string, Partial<Inputs>, string[]][] = [
            ["the name", { tableName: "new" }, ["rename table conditions to new"]],
            ["the interval", { chunkTimeInterval: "1 day" }, ["set chunk time interval to 1 day"]],
            ["the number of partitions", { numberPartitions: 4 }, ["set number of partitions to 4"]],
            ["the replication factor", { replicationFactor: 2 }, ["set replication factor to 2"]],
            ["a column more", { columns: added }, ["add column site"]],
            ["the primary key", { primaryKey: ["time", "device"] }, ["set column device not null", "add primary key"]],
            ["a unique key", { uniqueKeys: [["time", "device"]] }, ["add unique key on time, device"]],
            ["an index", { indexes: [{ name: "by_temp", columns: ["temp"] }] }, ["create index by_temp"]],
            ["a node more", { dataNodes: ["dn1", "dn2", "dn3"] }, ["attach data node dn3"]],
            ["a node less", { dataNodes: ["dn1"] }, ["detach data node dn2"]],
            ["the owner of the mark", { logicalUrn: "urn:new" }, ["mark table public.conditions"]],
        ];

        it.each(cases)("%s", (_title, change, expected) => {
            const asked = { ...canonical, "columns.site.type": "text" };
            const spelled =
                change.chunkTimeInterval === undefined ? asked : { ...asked, chunkTimeInterval: "86400000000" };
            const plan = distributedHypertable.plan({ ...whole, canonical: spelled }, changing(change));
            expect(names(plan)).toEqual(["end prepared transactions", ...expected]);
            expect(new Set(plan.steps.slice(1).map(({ transaction }) => transaction))).toEqual(
                new Set(["alter distributed hypertable"]),
            );
        });

        it("a schema that is made, and one that was made and is empty", () => {
            const own = { name: "old", marker: markOf("urn:t"), empty: false };
            const moved = changing({ schema: "new" });
            const last = { ...tableOutputs, schema: "old" };
            const plan = distributedHypertable.plan(
                { ...whole, table: tableState({ schema: "old" }), schemas: [own] },
                { ...moved, last },
            );
            expect(names(plan)).toEqual([
                "end prepared transactions",
                "create schema new",
                "create schema new on the data nodes",
                "move table conditions to schema new",
            ]);
            const left = { ...whole, table: tableState({ schema: "new" }), schemas: [{ ...own, empty: true }] };
            expect(names(distributedHypertable.plan(left, { ...moved, last }))).toEqual([
                "end prepared transactions",
                "drop schema old on dn1",
                "drop schema old on dn2",
                "drop schema old",
            ]);
        });

        it("keys go before the columns change, and come after", () => {
            const keys = [{ name: "conditions_pkey", primary: true, columns: ["time", "device"] }];
            const columns = tableState().columns.map((column) =>
                column.name === "device" ? { ...column, nullable: false } : column,
            );
            const last = { ...tableOutputs, primaryKey: ["time", "device"] };
            const plan = distributedHypertable.plan(observedTable(tableState({ keys, columns })), {
                ...changing({ uniqueKeys: [["device", "time"]] }),
                last,
            });
            expect(names(plan).slice(1)).toEqual([
                "drop primary key",
                "drop not null of column device",
                "add unique key on device, time",
            ]);
        });

        it("keys and indexes of somebody else stay", () => {
            const table = tableState({
                keys: [{ name: "users", primary: false, columns: ["time", "device", "temp"] }],
                indexes: [{ name: "users_index", definition: "btree (temp)" }],
            });
            expect(distributedHypertable.plan(observedTable(table), known).steps).toEqual([]);
        });

        it("an index that is there under any name, and a named one that is another", () => {
            const index = { columns: ["temp"], unique: false };
            const named = { ...index, name: "mine" };
            const spelled = { ...canonical, [indexPath(index)]: "btree (temp)" };
            const table = (name: string, definition: string) =>
                observedTable(tableState({ indexes: [{ name, definition }] }), { canonical: spelled });
            const plan = (observed: typeof whole, wanted: object) =>
                names(distributedHypertable.plan(observed, changing({ indexes: [wanted as typeof index] })));
            expect(plan(table("any", "btree (temp)"), index)).toEqual([]);
            expect(plan(table("mine", "btree (device)"), named)).toEqual([
                "end prepared transactions",
                "drop index mine",
                "create index mine",
            ]);
        });

        it("an index that the program dropped", () => {
            const index = { columns: ["temp"], unique: false };
            const last = {
                ...tableOutputs,
                indexes: [index],
                canonical: { ...canonical, [indexPath(index)]: "btree (temp)" },
            };
            const state = observedTable(tableState({ indexes: [{ name: "x", definition: "btree (temp)" }] }));
            expect(names(distributedHypertable.plan(state, { ...known, last }))).toEqual([
                "end prepared transactions",
                "drop index x",
            ]);
        });

        it("compression goes along to a node that joins", () => {
            const hypertable = { ...hypertableState, compression: { segmentBy: "device", orderBy: null } };
            const plan = distributedHypertable.plan(
                observedTable(tableState({ hypertable })),
                changing({ dataNodes: ["dn1", "dn2", "dn3"] }),
            );
            expect(names(plan).slice(1)).toEqual(["attach data node dn3", "set compression on dn3"]);
            expect(plan.steps[2]?.values).toEqual([
                `ALTER TABLE "public"."conditions" SET (timescaledb.compress, timescaledb.compress_segmentby = 'device')`,
                ["dn3"],
            ]);
        });

        it.each([
            [undefined, true],
            [2, false],
        ])("with %s partitions given, the server repartitions: %s", (numberPartitions, repartition) => {
            const plan = distributedHypertable.plan(whole, changing({ numberPartitions, dataNodes: ["dn1", "dn3"] }));
            expect(plan.steps.slice(1).map(({ name, values }) => [name, values?.[2]])).toEqual([
                ["attach data node dn3", repartition],
                ["detach data node dn2", repartition],
            ]);
        });
    });

    describe("of columns", () => {
        const withoutTemp = tableInputs.columns?.slice(0, 2);
        const withTemp = (type: string) =>
            tableInputs.columns?.map((column) => (column.name === "temp" ? { ...column, type } : column));

        it("drops one only with forceDestroy", () => {
            expect(() => distributedHypertable.plan(whole, changing({ columns: withoutTemp }))).toThrow(/HOLDS_DATA/);
            const plan = distributedHypertable.plan(whole, changing({ columns: withoutTemp, forceDestroy: true }));
            expect(plan.steps.at(-1)).toMatchObject({
                name: "drop column temp",
                destroys: { what: "values of column temp of public.conditions" },
            });
        });

        it("narrows a type only with forceDestroy, and only from 2.5 on", () => {
            const narrowed = { ...whole, canonical: { ...canonical, "columns.temp.type": "real" } };
            const change = changing({ columns: withTemp("real") });
            expect(() => distributedHypertable.plan(narrowed, change)).toThrow(/HOLDS_DATA/);
            const forced = { ...change, inputs: { ...change.inputs, forceDestroy: true } };
            expect(sql(distributedHypertable.plan(narrowed, forced)).at(-1)).toBe(
                'ALTER TABLE "public"."conditions" ALTER COLUMN "temp" TYPE real',
            );
            const old = { ...narrowed, cluster: clusterOf([entryOf("dn1"), entryOf("dn2")], "2.4.2") };
            expect(() => distributedHypertable.plan(old, forced)).toThrow(/TimescaleDB 2.5.*NOT_SUPPORTED/s);
        });

        it("refuses another default, and another type of the partitioning column", () => {
            const defaulted = tableInputs.columns?.map((column) =>
                column.name === "temp" ? { ...column, default: "1" } : column,
            );
            expect(() => distributedHypertable.plan(whole, changing({ columns: defaulted }))).toThrow(/NOT_SUPPORTED/);
            const typed = { ...whole, canonical: { ...canonical, "columns.device.type": "bigint" } };
            expect(() => distributedHypertable.plan(typed, known)).toThrow(/partitioning column.*NOT_SUPPORTED/s);
        });

        it("replaces a check that says something else", () => {
            const state = {
                ...whole,
                canonical: { ...canonical, "columns.temp.check": "(temp > (1)::double precision)" },
            };
            expect(sql(distributedHypertable.plan(state, known)).slice(1)).toEqual([
                'ALTER TABLE "public"."conditions" DROP CONSTRAINT "temp_check"',
                'ALTER TABLE "public"."conditions" ADD CONSTRAINT "temp_check" CHECK (temp>0)',
            ]);
        });
    });

    describe("of a node that leaves with the only copy of chunks", () => {
        const sole = { schema: "s", name: "c1", node: "dn2", nodes: ["dn1", "dn2"] };
        const state = { ...whole, contents: { chunks: 1, rows: 5, isMore: false, soleChunks: [sole], cutMoves: [] } };

        it("refuses, unless the node is to be drained: then moves them before anything else", () => {
            expect(() => distributedHypertable.plan(state, changing({ dataNodes: ["dn1"] }))).toThrow(
                /1 of "public.conditions".*LAST_COPY/s,
            );
            const nodes = { dn2: { drainOnDelete: true } };
            const plan = distributedHypertable.plan(state, changing({ dataNodes: ["dn1"], nodes }));
            expect(names(plan)).toEqual([
                "end prepared transactions",
                expect.stringMatching(/^move chunk .* to dn1$/),
                "end prepared transactions",
                "detach data node dn2",
            ]);
            expect(plan.steps[1]?.transaction).toBeUndefined();
            expect(plan.steps[3]?.sql).toContain("drop_remote_data => true");
        });

        it("takes back a move from the node that was cut before it moves the chunk again", () => {
            const nodes = { dn2: { drainOnDelete: true } };
            const moves = [
                { id: "ts_copy_1_1", from: "dn2" },
                { id: "ts_copy_2_9", from: "dn1" },
            ];
            const cut = { ...state, contents: { ...state.contents, cutMoves: moves } };
            const plan = distributedHypertable.plan(cut, changing({ dataNodes: ["dn1"], nodes }));
            expect(names(plan)).toEqual([
                "end prepared transactions",
                "clean up move ts_copy_1_1",
                expect.stringMatching(/^move chunk .* to dn1$/),
                "end prepared transactions",
                "detach data node dn2",
            ]);
            expect(plan.steps[1]?.values).toEqual(["ts_copy_1_1"]);
        });

        it("leaves the table on a node that does not answer, and says so", () => {
            const dead = { ...whole, alive: new Set(["dn1"]) };
            const plan = distributedHypertable.plan(dead, changing({ dataNodes: ["dn1"] }));
            expect(plan.steps.at(-1)?.sql).not.toContain("drop_remote_data");
            expect(plan.warnings).toHaveLength(1);
        });
    });
});

describe("deletion of a distributed hypertable", () => {
    const forced = changing({ forceDestroy: true });
    const full = { ...whole, contents: { chunks: 3, rows: 5, isMore: false, soleChunks: [], cutMoves: [] } };

    it("heals, then drops the table by one statement", () => {
        const plan = distributedHypertable.planDelete(whole, known);
        expect(names(plan)).toEqual(["end prepared transactions", "drop table public.conditions"]);
        expect(sql(plan)[1]).toBe('DROP TABLE IF EXISTS "public"."conditions"');
    });

    it("refuses while it holds rows, or may hold some, with counts", () => {
        expect(() => distributedHypertable.planDelete(full, known)).toThrow(/3 chunks with 5 rows.*HOLDS_DATA/s);
        const unknown = { ...full, contents: { ...full.contents, rows: undefined } };
        expect(() => distributedHypertable.planDelete(unknown, known)).toThrow(/unknown number.*HOLDS_DATA/s);
        const emptied = { ...full, contents: { ...full.contents, rows: 0 } };
        expect(names(distributedHypertable.planDelete(emptied, known))).toContain("drop table public.conditions");
        expect(distributedHypertable.planDelete(full, forced).steps.at(-1)?.destroys).toEqual({
            what: '"public.conditions" with 3 chunks',
            rows: 5,
        });
    });

    it("finds nothing to do where table or cluster are gone, or are others", () => {
        const nothing = { steps: [], warnings: [] };
        expect(distributedHypertable.planDelete(nothingThere(), known)).toEqual(nothing);
        expect(distributedHypertable.planDelete(observedTable(), known)).toEqual(nothing);
        const foreign = { ...whole, cluster: { ...clusterOf([]), clusterId: OTHER_CLUSTER } };
        expect(distributedHypertable.planDelete(foreign, known)).toEqual(nothing);
    });

    it("leaves a table alone that is not its own", () => {
        for (const marker of [markOf(OTHER_URN), undefined]) {
            const plan = distributedHypertable.planDelete(observedTable(tableState({ marker })), forced);
            expect(plan).toEqual({ steps: [], warnings: [expect.stringContaining("left alone")] });
        }
    });

    it("takes its mark off an adopted table, rows and all, and drops it with forceDestroy", () => {
        const adopted = { ...full, table: tableState({ marker: markOf("urn:t", { adopted: true }) }) };
        expect(names(distributedHypertable.planDelete(adopted, known))).toEqual(["unmark table public.conditions"]);
        expect(names(distributedHypertable.planDelete(adopted, forced))).toContain("drop table public.conditions");
    });

    it("drops a schema that was made for tables once it is empty, on the nodes first", () => {
        const own = { name: "own", marker: markOf("urn:t"), empty: true };
        const last = { ...tableOutputs, schema: "own" };
        const plan = (schema: typeof own) =>
            names(
                distributedHypertable.planDelete(observedTable(undefined, { schemas: [schema] }), {
                    ...changing({ schema: "own" }),
                    last,
                }),
            );
        expect(plan(own)).toEqual([
            "end prepared transactions",
            "drop schema own on dn1",
            "drop schema own on dn2",
            "drop schema own",
        ]);
        expect(plan({ ...own, empty: false })).toEqual([]);
        expect(plan({ ...own, marker: { ...own.marker, cluster: OTHER_CLUSTER } })).toEqual([]);
        expect(own.marker.cluster).toBe(CLUSTER);
    });

    it("needs all its nodes, and with forceDestroy forgets those that do not answer first", () => {
        const dead = { ...full, alive: new Set(["dn1"]) };
        const emptied = { ...dead, contents: { ...dead.contents, rows: 0 } };
        expect(() => distributedHypertable.planDelete(emptied, known)).toThrow(/dn2.*SERVER_UNREACHABLE/s);
        const plan = distributedHypertable.planDelete(dead, forced);
        expect(names(plan)).toEqual([
            "end prepared transactions",
            "drop foreign tables of chunks on dn2 alone",
            "detach data node dn2",
            "drop table public.conditions",
        ]);
        expect(plan.steps[0]?.values).toEqual([["dn1"]]);
        expect(plan.warnings).toEqual([expect.stringContaining('stays on data node "dn2"')]);
    });
});

describe("description of a distributed hypertable", () => {
    it("is what the program says while nothing has changed", () => {
        const { inputs, computed } = distributedHypertable.describe(whole, known);
        expect(JSON.parse(JSON.stringify(inputs))).toEqual(JSON.parse(JSON.stringify(tableInputs)));
        expect(computed).toMatchObject({
            hypertableId: "1",
            attachedDataNodes: ["dn1", "dn2"],
            created: { table: true, schema: false },
            canonical,
        });
    });

    it("keeps the program's order of nodes, and its spelling of the interval", () => {
        const spelled = changing({ dataNodes: ["dn2", "dn1"], chunkTimeInterval: "1 week" });
        const { inputs } = distributedHypertable.describe(whole, spelled);
        expect(inputs).toMatchObject({ dataNodes: ["dn2", "dn1"], chunkTimeInterval: "1 week" });
    });

    it("tells what differs in the server's words", () => {
        const hypertable = {
            ...hypertableState,
            nodes: ["dn1", "dn3"],
            replicationFactor: 2,
            dimensions: [
                { ...hypertableState.dimensions[0]!, length: "86400000000", interval: "1 day" },
                { ...hypertableState.dimensions[1]!, partitions: 8 },
            ],
        };
        const { inputs } = distributedHypertable.describe(
            observedTable(tableState({ hypertable })),
            changing({ numberPartitions: 4, primaryKey: ["time"], indexes: [{ columns: ["temp"] }] }),
        );
        expect(inputs).toMatchObject({
            dataNodes: ["dn1", "dn3"],
            replicationFactor: 2,
            numberPartitions: 8,
            chunkTimeInterval: "1 day",
            indexes: [],
        });
        expect(inputs.primaryKey).toBeUndefined();
    });
});
