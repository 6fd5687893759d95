import { ProviderError } from "../../../../provider/errors";
import type { DistributedHypertableInputs } from "../../../../provider/engines/inputs";
import type { Plan } from "../../../../provider/engines/step";
import { distributedHypertable } from "../../../../provider/engines/fdw";
import type { NodeSide, ObservedHypertable } from "../../../../provider/engines/fdw/distributedHypertable/observe";
import { recorded, type Mutable } from "./recorded";

const newId = "22222222-2222-4222-8222-222222222222";
type Observed = Mutable<ObservedHypertable>;
type Relation = Observed["access"]["relations"][number];

const dead = {
    reachable: false as const,
    cause: new ProviderError("SERVER_UNREACHABLE", "refused", { transient: true }),
};

function sideOf(observed: Observed, node: string): Mutable<NodeSide> {
    const side = observed.nodes[node];
    if (!side?.reachable) {
        throw new Error(`the recorded ${node} answers`);
    }
    return side;
}

/** The access node and the data nodes, without the table. */
function nothing(observed: Observed): Observed {
    for (const side of [observed.access, sideOf(observed, "dn1"), sideOf(observed, "dn2")]) {
        side.relations = [];
        side.schemas = [];
    }
    return observed;
}

function relationOf(side: { relations: Relation[] }, name: string): Relation {
    const found = side.relations.find((relation) => relation.name === name);
    if (found === undefined) {
        throw new Error(`${name} was recorded`);
    }
    return found;
}

function remove(side: { relations: Relation[] }, ...names: string[]): void {
    side.relations = side.relations.filter(({ name }) => !names.includes(name));
}

/** The plan for a changed table that was as recorded before. */
function planChange(change: object, mutate: (observed: Observed) => void = () => undefined): Plan {
    const { inputs, outs, observed } = recorded("distributedHypertable");
    mutate(observed);
    return distributedHypertable.plan(observed, { inputs: { ...inputs, ...change }, last: outs, newId });
}

const sqlOn = ({ steps }: Plan, server: string): string[] =>
    steps.filter(({ on }) => on.server === server).map(({ sql }) => sql);

function columns(change: (list: Mutable<NonNullable<DistributedHypertableInputs["columns"]>>) => void): object {
    const { inputs } = recorded("distributedHypertable");
    const list = inputs.columns ?? [];
    change(list);
    return { columns: list };
}

describe("plan of a distributed hypertable where nothing is", () => {
    const { inputs, observed } = recorded("distributedHypertable");
    const plan = distributedHypertable.plan(nothing(observed), { inputs, newId });

    it("makes the data nodes' parts first, each in one transaction", () => {
        expect([...new Set(plan.steps.map(({ on }) => on.server))]).toEqual(["dn1", "dn2", "access node"]);
        expect(new Set(plan.steps.map(({ transaction }) => transaction))).toEqual(new Set(["table plant.conditions"]));
    });

    it("makes shard, guard and view on a data node", () => {
        const sql = sqlOn(plan, "dn1");
        expect(sql).toContain(
            'CREATE TABLE "plant"."conditions_route" ("device" integer) PARTITION BY HASH ("device")',
        );
        expect(sql).toContain(
            'CREATE TABLE "plant"."conditions_s2" ("time" timestamp with time zone NOT NULL, "device" integer, ' +
                `"temp" double precision, CONSTRAINT "temp_check_8e813be9" CHECK (temp > -274), CONSTRAINT shard_guard CHECK ` +
                `(satisfies_hash_partition('"plant"."conditions_route"'::regclass, 4, 2, "device")))`,
        );
        expect(sql).toContain(
            'CREATE OR REPLACE VIEW "plant"."conditions_s2_v" AS SELECT "time", "device", "temp" FROM "plant"."conditions_s2"',
        );
        expect(sql).toContain(
            'CREATE OR REPLACE VIEW "plant"."conditions_s2_last" AS SELECT DISTINCT ON ("device") "time", "device", "temp" ' +
                'FROM "plant"."conditions_s2" ORDER BY "device", "time" DESC',
        );
        expect(sql.some((text) => text.includes("conditions_s1"))).toBe(false);
    });

    it("makes the partitioned table, with the defaults, and a foreign table a shard on the access node", () => {
        const sql = sqlOn(plan, "access node");
        expect(sql).toContain(
            'CREATE TABLE "plant"."conditions" ("time" timestamptz NOT NULL DEFAULT now(), "device" int4, ' +
                '"temp" float8 CONSTRAINT "temp_check" CHECK (temp > -274)) PARTITION BY HASH ("device")',
        );
        expect(sql).toContain(
            'CREATE FOREIGN TABLE "plant"."conditions_s3" PARTITION OF "plant"."conditions" ' +
                'FOR VALUES WITH (MODULUS 4, REMAINDER 3) SERVER "dn2" ' +
                `OPTIONS ("schema_name" 'plant', "table_name" 'conditions_s3_v')`,
        );
    });

    it("marks whatever it makes", () => {
        const made = plan.steps.filter(({ name }) => /^create (table|foreign table|view|index) /.test(name));
        const marks = plan.steps.filter(({ name }) => name.startsWith("mark "));
        expect(marks).toHaveLength(made.length);
    });

    it("makes hypertables where the node has TimescaleDB, by what its version has", () => {
        const call = (version: string): string | undefined => {
            const fresh = nothing(recorded("distributedHypertable").observed);
            sideOf(fresh, "dn1").timescaledb = { version, schema: "public" };
            return distributedHypertable
                .plan(fresh, { inputs, newId })
                .steps.find(({ name, on }) => name.startsWith("create hypertable ") && on.server === "dn1")?.sql;
        };
        expect(call("2.27.0")).toBe(
            'SELECT "public".create_hypertable($1::regclass, "public".by_range($2::name, $3::interval), create_default_indexes => false)',
        );
        expect(call("2.12.0")).toBe(
            'SELECT "public".create_hypertable($1::regclass, $2::name, chunk_time_interval => $3::interval, create_default_indexes => false)',
        );
    });

    it("grants a role that is not the owner the views and never the tables", () => {
        const fresh = nothing(recorded("distributedHypertable").observed);
        fresh.access.catalogue!.servers[0]!.mappings[0]!.remoteRole = "app";
        const grants = sqlOn(distributedHypertable.plan(fresh, { inputs, newId }), "dn1").filter((sql) =>
            sql.startsWith("GRANT"),
        );
        expect(grants).toEqual([
            'GRANT USAGE ON SCHEMA "plant" TO "app"',
            ...[0, 2].flatMap((shard) => [
                `GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "plant"."conditions_s${shard}_v" TO "app"`,
                `GRANT SELECT ON TABLE "plant"."conditions_s${shard}_last" TO "app"`,
            ]),
        ]);
    });

    it("gives each data node four shards unless told otherwise", () => {
        const fresh = nothing(recorded("distributedHypertable").observed);
        const many = distributedHypertable.plan(fresh, { inputs: { ...inputs, numberPartitions: undefined }, newId });
        expect(
            many.steps.filter(({ name }) => /^create table .*_s\d$/.test(name) && !name.includes("last")),
        ).toHaveLength(8);
    });
});

describe("plan of a distributed hypertable that is there", () => {
    it("is empty", () => {
        const { inputs, outs, observed } = recorded("distributedHypertable");
        expect(distributedHypertable.plan(observed, { inputs, last: outs, newId })).toEqual({
            steps: [],
            warnings: [],
        });
        expect(distributedHypertable.plan(observed, { inputs, newId }).steps).toEqual([]);
    });

    it("goes on where a data node has its part and the others nothing", () => {
        const { inputs, observed } = recorded("distributedHypertable");
        const { relations, schemas } = sideOf(observed, "dn1");
        const half = nothing(observed);
        Object.assign(sideOf(half, "dn1"), { relations, schemas });
        const plan = distributedHypertable.plan(half, { inputs, newId });
        expect([...new Set(plan.steps.map(({ on }) => on.server))]).toEqual(["dn2", "access node"]);
    });

    it("keeps shards where they are when the request for their number is not stated", () => {
        const { inputs, observed } = recorded("distributedHypertable");
        remove(observed.access, "conditions_s1");
        const plan = distributedHypertable.plan(observed, {
            inputs: { ...inputs, numberPartitions: undefined, dataNodes: undefined },
            newId,
        });
        expect(sqlOn(plan, "access node")).toHaveLength(2);
        expect(plan.steps[0]?.sql).toContain('REMAINDER 1) SERVER "dn2"');
    });

    it.each<[string, (observed: Observed) => void, RegExp[]]>([
        [
            "a lost guard",
            (o) => (relationOf(sideOf(o, "dn1"), "conditions_s0").checks = { temp_check_8e813be9: "x" }),
            [/ADD CONSTRAINT shard_guard/],
        ],
        [
            "a guard by another table",
            (o) => (relationOf(sideOf(o, "dn1"), "conditions_s0").checksUse = ["1"]),
            [/DROP CONSTRAINT shard_guard/, /ADD CONSTRAINT shard_guard/],
        ],
        [
            "a lost view",
            (o) => remove(sideOf(o, "dn2"), "conditions_s1_v"),
            [/CREATE OR REPLACE VIEW .*_s1_v/, /COMMENT ON VIEW/],
        ],
        [
            "a view of something else",
            (o) => (relationOf(sideOf(o, "dn2"), "conditions_s1_v").uses = []),
            [/DROP VIEW/, /CREATE OR REPLACE VIEW/, /COMMENT ON VIEW/],
        ],
        [
            "a lost index",
            (o) => relationOf(sideOf(o, "dn1"), "conditions_s0").indexes.splice(0, 1),
            [/CREATE UNIQUE INDEX/, /COMMENT ON INDEX/],
        ],
        [
            "a lost check",
            (o) => delete relationOf(sideOf(o, "dn1"), "conditions_s2").checks.temp_check_8e813be9,
            [/ADD CONSTRAINT "temp_check_8e813be9"/],
        ],
        [
            "a lost foreign table",
            (o) => remove(o.access, "conditions_s2"),
            [/CREATE FOREIGN TABLE "plant"\."conditions_s2"/, /COMMENT ON FOREIGN TABLE/],
        ],
        [
            "a detached foreign table",
            (o) => (relationOf(o.access, "conditions_s2").parent = null),
            [/ATTACH PARTITION "plant"\."conditions_s2"/],
        ],
        [
            "a foreign table on the shard itself",
            (o) => (relationOf(o.access, "conditions_s2").options.table_name = "conditions_s2"),
            [/ALTER FOREIGN TABLE .*SET "table_name" 'conditions_s2_v'/],
        ],
        [
            "a lost mark",
            (o) => Object.assign(relationOf(o.access, "conditions"), { comment: null, marker: undefined }),
            [/COMMENT ON TABLE "plant"\."conditions"/],
        ],
        [
            "a default set by hand",
            (o) => (relationOf(o.access, "conditions").columns[0]!.default = "clock_timestamp()"),
            [/ALTER COLUMN "time" SET DEFAULT now\(\)/],
        ],
    ])("mends %s and nothing else", (_title, mutate, expected) => {
        const { steps } = planChange({}, mutate);
        expect(steps.map(({ sql }) => sql)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
    });

    it("leaves indexes alone that others made, and default ones that others dropped", () => {
        const { steps } = planChange({}, (observed) => {
            const shard = relationOf(sideOf(observed, "dn1"), "conditions_s0");
            shard.indexes.pop();
            shard.indexes.push({ name: "mine", valid: true, comment: null, marker: undefined });
        });
        expect(steps).toEqual([]);
    });

    it("does not attach what is set aside", () => {
        const { steps } = planChange({}, (observed) => {
            observed.access.catalogue!.servers[0]!.marker!.available = false;
            observed.access.relations.forEach((relation) => {
                if (relation.server === "dn1") relation.parent = null;
            });
            observed.nodes.dn1 = dead;
        });
        expect(steps).toEqual([]);
    });
});

describe("plan of a changed distributed hypertable", () => {
    it("adds a column on the data nodes first, and fills rows that are there", () => {
        const plan = planChange(
            columns((list) => list.push({ name: "level", type: "int4", nullable: false, default: "0" })),
            (observed) =>
                (observed.canonical = {
                    ...observed.canonical,
                    "columns.level.type": "integer",
                    "columns.level.default": "0",
                }),
        );
        expect([...new Set(plan.steps.map(({ on }) => on.server))]).toEqual(["dn1", "dn2", "access node"]);
        expect(sqlOn(plan, "dn1").slice(0, 3)).toEqual([
            'ALTER TABLE "plant"."conditions_s0" ADD COLUMN "level" integer NOT NULL DEFAULT 0',
            'ALTER TABLE "plant"."conditions_s0" ALTER COLUMN "level" DROP DEFAULT',
            'CREATE OR REPLACE VIEW "plant"."conditions_s0_v" AS SELECT "time", "device", "temp", "level" FROM "plant"."conditions_s0"',
        ]);
        expect(sqlOn(plan, "access node")).toEqual([
            'ALTER TABLE "plant"."conditions" ADD COLUMN "level" int4 NOT NULL DEFAULT 0',
            'ALTER TABLE "plant"."conditions_last" ADD COLUMN "level" integer',
        ]);
    });

    it("drops a column on the access node first, only with forceDestroy, and keeps the views' rights", () => {
        const fewer = columns((list) => list.pop());
        expect(() => planChange(fewer)).toThrow(
            /column "temp" is no longer in the program, and dropping it loses its values.*HOLDS_DATA/,
        );
        const noIndex = { indexes: undefined, forceDestroy: true };
        const plan = planChange({ ...fewer, ...noIndex }, (observed) => {
            relationOf(sideOf(observed, "dn1"), "conditions_s0_v").grants = [
                { role: "reader", privilege: "SELECT", grantable: false },
            ];
        });
        expect([...new Set(plan.steps.map(({ on }) => on.server))]).toEqual(["access node", "dn1", "dn2"]);
        expect(plan.steps[0]).toMatchObject({
            sql: 'ALTER TABLE "plant"."conditions" DROP COLUMN "temp"',
            destroys: { what: "values of column temp of plant.conditions" },
        });
        const onNode = sqlOn(plan, "dn1");
        expect(onNode.indexOf('DROP VIEW "plant"."conditions_s0_v"')).toBeLessThan(
            onNode.indexOf('ALTER TABLE "plant"."conditions_s0" DROP COLUMN "temp"'),
        );
        expect(onNode).toContain('GRANT SELECT ON TABLE "plant"."conditions_s0_v" TO "reader"');
    });

    it("refuses another partitioning column's type", () => {
        const change = columns((list) => (list[1]!.type = "bigint"));
        expect(() =>
            planChange(change, (observed) => {
                observed.canonical = { ...observed.canonical, "columns.device.type": "bigint" };
            }),
        ).toThrow(/NOT_SUPPORTED/);
    });

    it("renames everything that is named after the table", () => {
        const plan = planChange({ tableName: "renamed" });
        expect(
            plan.steps.every(({ name }) =>
                /^(rename (table|foreign table|view|index) |alter options of foreign table )/.test(name),
            ),
        ).toBe(true);
        expect(sqlOn(plan, "access node")).toContain(
            `ALTER FOREIGN TABLE "plant"."renamed_s0" OPTIONS (SET "table_name" 'renamed_s0_v')`,
        );
        expect(sqlOn(plan, "dn1")).toContain('ALTER TABLE "plant"."conditions_route" RENAME TO "renamed_route"');
    });

    it("goes on with a renaming that reached one data node", () => {
        const half = planChange({ tableName: "renamed" }, (observed) => {
            for (const relation of sideOf(observed, "dn1").relations) {
                relation.name = relation.name.replace("conditions", "renamed");
                relation.uses.forEach((used) => (used.name = used.name.replace("conditions", "renamed")));
                relation.indexes.forEach((index) => (index.name = index.name.replace("conditions", "renamed")));
            }
        });
        expect(sqlOn(half, "dn1")).toEqual([]);
        expect(sqlOn(half, "dn2").length).toBeGreaterThan(0);
    });

    it("takes the last-point table, its views and its index away, the access node's first", () => {
        const plan = planChange({ lastPoint: false });
        expect(plan.steps[0]?.sql).toBe('DROP TABLE "plant"."conditions_last"');
        expect(sqlOn(plan, "dn1")).toEqual([
            'DROP VIEW "plant"."conditions_s0_last"',
            'DROP VIEW "plant"."conditions_s2_last"',
            expect.stringMatching(/^DROP INDEX "plant"."conditions_s0_\w+_idx"$/),
            expect.stringMatching(/^DROP INDEX "plant"."conditions_s2_\w+_idx"$/),
        ]);
        expect(sqlOn(plan, "dn2")).toHaveLength(4);
    });

    it("sets another chunk interval on hypertables only", () => {
        const plan = planChange({ chunkTimeInterval: "1 day" }, (observed) => {
            const side = sideOf(observed, "dn1");
            side.timescaledb = { version: "2.27.0", schema: "public" };
            side.intervals = { [JSON.stringify(["plant", "conditions_s0"])]: "604800000000" };
            observed.canonical = { ...observed.canonical, chunkTimeInterval: "86400000000" };
        });
        expect(plan.steps).toMatchObject([
            {
                sql: 'SELECT "public".set_chunk_time_interval($1::regclass, $2::interval)',
                values: ['"plant"."conditions_s0"', "1 day"],
            },
        ]);
    });
});

describe("what a distributed hypertable is refused", () => {
    it.each<[string, object, RegExp]>([
        ["another number of shards", { numberPartitions: 8 }, /4 shards, not 8.*NOT_SUPPORTED/],
        ["a data node less", { dataNodes: ["dn1"] }, /cannot move shards.*dn2.*NOT_SUPPORTED/],
        ["a data node that is not there", { dataNodes: ["dn1", "dn2", "dn3"] }, /no data node dn3.*NOT_FOUND/],
        ["replicas", { replicationFactor: 2 }, /replicationFactor: expected 1 .*NOT_SUPPORTED/],
        ["a partitioning function", { partitioningFunc: "f" }, /partitioningFunc.*NOT_SUPPORTED/],
        ["no columns", { columns: undefined }, /columns: expected .*got nothing.*NOT_SUPPORTED/],
        [
            "no partitioning column",
            { partitioningColumn: undefined },
            /partitioningColumn: expected .*got nothing.*NOT_SUPPORTED/,
        ],
        ["a key without the partitioning column", { uniqueKeys: [["time"]] }, /lacks device.*NOT_SUPPORTED/],
    ])("%s", (_title, change, message) => {
        expect(() => planChange(change)).toThrow(message);
    });

    it("a cluster that is another", () => {
        expect(() => planChange({}, (o) => (o.access.catalogue!.marker!.cluster = newId))).toThrow(/FOREIGN_CLUSTER/);
    });

    it("a table of others, unless it is to take it over", () => {
        const { inputs, observed } = recorded("distributedHypertable");
        const other = { ...inputs, logicalUrn: "urn:other" };
        expect(() => distributedHypertable.plan(observed, { inputs: other, newId })).toThrow(
            /belongs to urn:conditions.*ALREADY_EXISTS/,
        );
        const { steps } = distributedHypertable.plan(observed, { inputs: { ...other, adopt: true }, newId });
        expect(steps.map(({ name }) => name)).toEqual(steps.map(() => expect.stringMatching(/^mark /)));
        expect(steps[0]?.sql).toContain('"adopted":true');
    });

    it("work on a data node that does not answer", () => {
        expect(() => planChange({}, (o) => (o.nodes.dn2 = dead))).toThrow(/data node dn2.*SERVER_UNREACHABLE/);
    });

    it("other columns while a data node is set aside", () => {
        const change = columns((list) => list.push({ name: "x", type: "text", nullable: true }));
        expect(() =>
            planChange(change, (o) => {
                o.access.catalogue!.servers[0]!.marker!.available = false;
            }),
        ).toThrow(/while data node dn1 is not available.*NOT_SUPPORTED/);
    });
});

describe("planDelete of a distributed hypertable", () => {
    const deletion = (change: object, mutate: (observed: Observed) => void = () => undefined): Plan => {
        const { inputs, outs, observed } = recorded("distributedHypertable");
        mutate(observed);
        return distributedHypertable.planDelete(observed, { inputs: { ...inputs, ...change }, last: outs, newId });
    };
    const fill = (observed: Observed): void => {
        sideOf(observed, "dn1").rowCounts = { [JSON.stringify(["plant", "conditions_s0"])]: { rows: 7, exact: true } };
    };

    it("takes the access node's part first, and views before shards", () => {
        const plan = deletion({});
        expect([...new Set(plan.steps.map(({ on }) => on.server))]).toEqual(["access node", "dn1", "dn2"]);
        expect(sqlOn(plan, "access node")).toEqual([
            'DROP TABLE "plant"."conditions_last"',
            'DROP TABLE "plant"."conditions"',
        ]);
        expect(sqlOn(plan, "dn1").at(-1)).toBe('DROP TABLE "plant"."conditions_route"');
    });

    it("refuses while there are rows, and says how many", () => {
        expect(() => deletion({}, fill)).toThrow(/holds 7 rows in 1 shards.*HOLDS_DATA/);
        expect(deletion({ forceDestroy: true }, fill).steps.find(({ destroys }) => destroys?.rows === 7)).toBeDefined();
    });

    it("goes past a dead node with forceDestroy only", () => {
        const kill = (observed: Observed): void => void (observed.nodes.dn2 = dead);
        expect(() => deletion({}, kill)).toThrow(/SERVER_UNREACHABLE/);
        const plan = deletion({ forceDestroy: true }, kill);
        expect(sqlOn(plan, "dn2")).toEqual([]);
        expect(plan.warnings).toEqual([expect.stringMatching(/could not clean up data node dn2/)]);
    });

    it("drops the schema once it is empty, guarded against what may come in meanwhile", () => {
        const plan = deletion({}, (observed) => {
            for (const side of [observed.access, sideOf(observed, "dn1"), sideOf(observed, "dn2")]) {
                side.relations = [];
                side.schemas.forEach((schema) => (schema.empty = true));
            }
        });
        expect(plan.steps).toHaveLength(3);
        expect(plan.steps[0]?.sql).toMatch(/DROP SCHEMA IF EXISTS "plant" RESTRICT.*dependent_objects_still_exist/s);
    });

    it("keeps what was taken over", () => {
        const plan = deletion({}, (observed) => {
            fill(observed);
            for (const side of [observed.access, sideOf(observed, "dn1"), sideOf(observed, "dn2")]) {
                side.relations.forEach((relation) => (relation.marker!.adopted = true));
            }
        });
        expect(plan.steps).not.toEqual([]);
        expect(plan.steps.map(({ name }) => name)).toEqual(plan.steps.map(() => expect.stringMatching(/^unmark /)));
    });

    it("is empty where nothing is there", () => {
        const { inputs, outs } = recorded("distributedHypertable");
        const gone = { access: { catalogue: undefined, relations: [], schemas: [] }, nodes: {}, canonical: {} };
        const request = { inputs, last: outs, newId };
        expect(distributedHypertable.planDelete(gone, request).steps).toEqual([]);
        expect(distributedHypertable.isThere(gone, request)).toBe(false);
        expect(() => distributedHypertable.plan(gone, request)).toThrow(/is not there.*NOT_FOUND/);
    });
});

describe("describe of a distributed hypertable", () => {
    it("says what create made", () => {
        const { inputs, outs, observed } = recorded("distributedHypertable");
        const found = distributedHypertable.describe(observed, { inputs, last: outs, newId });
        expect({ ...found.inputs, ...found.computed }).toEqual(outs);
        expect(found.computed).toMatchObject({
            attachedDataNodes: ["dn1", "dn2"],
            created: { table: true, schema: true },
            dimensions: [
                { column: "time", interval: "7 days" },
                { column: "device", partitions: 4 },
            ],
        });
    });

    it("shows what somebody changed, in the server's words", () => {
        const { inputs, outs, observed } = recorded("distributedHypertable");
        const table = relationOf(observed.access, "conditions");
        table.columns[2]!.type = "numeric";
        remove(observed.access, "conditions_last");
        const side = sideOf(observed, "dn1");
        side.intervals = { [JSON.stringify(["plant", "conditions_s0"])]: "3600000000" };
        expect(distributedHypertable.describe(observed, { inputs, last: outs, newId }).inputs).toMatchObject({
            columns: [{ type: "timestamptz" }, { type: "int4" }, { type: "numeric" }],
            chunkTimeInterval: "3600 seconds",
            lastPoint: false,
        });
    });
});
