import {
    canonicalColumns,
    compareColumns,
    describeColumns,
    isWidening,
    recordedSpelling,
    type Canonical,
    type ColumnChange,
    type ObservedColumn,
} from "../../../../provider/engines/tables/columns";
import type { Column } from "../../../../provider/engines/inputs";

const requested: Column[] = [
    { name: "time", type: "timestamptz", nullable: false },
    { name: "device", type: "int4", nullable: true },
    { name: "temp", type: "float8", nullable: true, default: "3+4", check: "temp > 0" },
];
const observed: ObservedColumn[] = [
    { name: "time", type: "timestamp with time zone", nullable: false },
    { name: "device", type: "integer", nullable: true },
    {
        name: "temp",
        type: "double precision",
        nullable: true,
        default: "(3 + 4)",
        check: { name: "temp_check", expression: "(temp > (0)::double precision)" },
    },
];
const canonical: Canonical = canonicalColumns(observed);
const none = new Set<string>();

const withColumn = <T extends { readonly name: string }>(
    columns: readonly T[],
    name: string,
    change: Partial<T>,
): T[] => columns.map((column) => (column.name === name ? { ...column, ...change } : column));
const changes = (program: readonly Column[], server: readonly ObservedColumn[], spelling = canonical): ColumnChange[] =>
    compareColumns(program, server, spelling, none);

describe("a type change", () => {
    it.each([
        ["integer", "bigint", true],
        ["bigint", "integer", false],
        ["real", "double precision", true],
        ["double precision", "real", false],
        ["character varying(10)", "character varying(20)", true],
        ["character varying(20)", "character varying(10)", false],
        ["character varying(20)", "text", true],
        ["text", "character varying(20)", false],
        ["numeric(10,2)", "numeric(12,4)", true],
        ["numeric(10,2)", "numeric(11,4)", false],
        ["numeric", "numeric(10,2)", false],
        ["integer", "integer[]", false],
        ["timestamp(3) with time zone", "timestamp(6) with time zone", true],
        ["timestamp(6) with time zone", "timestamp(3) with time zone", false],
    ])("from %s to %s keeps every value: %s", (from, to, kept) => {
        expect(isWidening(from, to)).toBe(kept);
    });
});

describe("comparing columns", () => {
    it("finds nothing to do after an apply, however the program spells it", () => {
        expect(changes(requested, observed)).toEqual([]);
    });

    it("sees another type behind the same spelling", () => {
        expect(changes(requested, withColumn(observed, "device", { type: "bigint" }))).toEqual([
            { kind: "type", column: requested[1], from: "bigint", to: "integer", losesValues: true },
        ]);
    });

    it("sees no change in another spelling of the same thing", () => {
        const respelled = withColumn(requested, "temp", {
            type: "double precision",
            default: "3 + 4",
            check: "(temp > 0)",
        });
        expect(changes(respelled, observed)).toEqual([]);
    });

    it("sees a check that says something else", () => {
        const respelled = withColumn(requested, "temp", { check: "temp > 1" });
        const asked = { ...canonical, "columns.temp.check": "(temp > (1)::double precision)" };
        expect(changes(respelled, observed, asked)).toEqual([
            { kind: "check", column: respelled[2], from: observed[2]?.check },
        ]);
    });

    it("sees a default that changed on the server", () => {
        expect(changes(requested, withColumn(observed, "temp", { default: "8" }))).toEqual([
            { kind: "default", column: requested[2], from: "8" },
        ]);
    });

    it("sees a check and a default that are gone", () => {
        const bare = withColumn(observed, "temp", { default: undefined, check: undefined });
        expect(changes(requested, bare).map(({ kind }) => kind)).toEqual(["default", "check"]);
    });

    it("adds what is missing first and drops what is not requested last", () => {
        const more: Column[] = [...requested.slice(0, 2), { name: "site", type: "text", nullable: true }];
        expect(changes(more, observed).map(({ kind, column }) => `${kind} ${column.name}`)).toEqual([
            "add site",
            "drop temp",
        ]);
    });

    it("leaves NOT NULL to the server on columns that require it, and sees it elsewhere", () => {
        const loose = withColumn(requested, "time", { nullable: true });
        expect(compareColumns(loose, observed, canonical, new Set(["time"]))).toEqual([]);
        expect(compareColumns(loose, observed, canonical, none)).toEqual([
            { kind: "nullable", column: loose[0], to: true },
        ]);
    });

    it("sees another collation", () => {
        const collated = withColumn(observed, "device", { collation: "C" });
        expect(changes(requested, collated)).toEqual([
            { kind: "collation", column: requested[1], from: "C", to: "integer" },
        ]);
    });

    it("knows what a serial column makes", () => {
        const serial: Column[] = [{ name: "id", type: "bigserial", nullable: true }];
        const plain: ObservedColumn[] = [{ name: "id", type: "bigint", nullable: false }];
        const made = withColumn(plain, "id", { default: "nextval('t_id_seq'::regclass)" });
        const spelling = { "columns.id.type": "bigint", "columns.id.default": "nextval('asked_id_seq'::regclass)" };
        expect(changes(serial, made, spelling)).toEqual([]);
        expect(changes(serial, plain, spelling).map(({ kind }) => kind)).toEqual(["default"]);
    });
});

describe("the recorded spelling", () => {
    it("holds while the program says the same", () => {
        expect(recordedSpelling(requested, { columns: requested, canonical })).toBe(canonical);
    });

    it.each([
        ["nothing was applied yet", requested, undefined],
        ["a type is respelled", withColumn(requested, "device", { type: "int" }), { columns: requested, canonical }],
        ["a check is respelled", withColumn(requested, "temp", { check: "temp>0" }), { columns: requested, canonical }],
        ["a form was never recorded", requested, { columns: requested, canonical: {} }],
    ])("has to be asked of the server where %s", (_, program, last) => {
        expect(recordedSpelling(program, last)).toBeUndefined();
    });

    it("need not be asked where something goes", () => {
        const less = withColumn(requested, "temp", { default: undefined });
        expect(recordedSpelling(less.slice(1), { columns: requested, canonical })).toBe(canonical);
    });
});

describe("describing columns", () => {
    it("answers in the program's words while nothing has changed", () => {
        expect(describeColumns(requested, observed, canonical, none)).toEqual(requested);
    });

    it("answers in the server's words where something has changed", () => {
        const changed: ObservedColumn[] = [
            ...observed.slice(0, 2),
            { name: "temp", type: "real", nullable: true },
            { name: "extra", type: "text", nullable: false, collation: "C" },
        ];
        expect(describeColumns(requested, changed, canonical, none)).toEqual([
            ...requested.slice(0, 2),
            { name: "temp", type: "real", nullable: true },
            { name: "extra", type: "text", nullable: false, collation: "C" },
        ]);
    });
});

describe("a default that no catalogue records", () => {
    const asNull = (value: string): Column[] => withColumn(requested, "device", { default: value });

    it.each(["NULL", "null", "(NULL)", "NULL::integer"])("%s is no difference, and stays as it is written", (value) => {
        expect(changes(asNull(value), observed)).toEqual([]);
        expect(describeColumns(asNull(value), observed, canonical, none)).toEqual(asNull(value));
    });

    it("takes a default away that is there", () => {
        const there = withColumn(observed, "device", { default: "5" });
        expect(changes(asNull("NULL"), there)).toEqual([{ kind: "default", column: asNull("NULL")[1], from: "5" }]);
    });

    it("is another thing than a default that got lost", () => {
        const lost = observed.map(({ default: _lost, ...column }) => column);
        expect(changes(requested, lost)).toMatchObject([{ kind: "default", from: undefined }]);
    });
});
