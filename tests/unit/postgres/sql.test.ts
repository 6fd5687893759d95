import {
    alterOptionsClause,
    anonymousBlock,
    identifier,
    literal,
    optionsClause,
    qualified,
} from "../../../provider/postgres/sql";

describe("identifier", () => {
    it.each([
        ["conditions", '"conditions"'],
        ["Conditions", '"Conditions"'],
        ["a.b", '"a.b"'],
        ["select", '"select"'],
        ['x"; DROP TABLE t; --', '"x""; DROP TABLE t; --"'],
        ['"', '""""'],
        ["it's", `"it's"`],
        ["back\\slash", '"back\\slash"'],
        ["two\nlines", '"two\nlines"'],
        ["měření 温度 🌡", '"měření 温度 🌡"'],
        ["", '""'],
        ["x".repeat(63), `"${"x".repeat(63)}"`],
    ])("quotes %j", (name, quoted) => {
        expect(identifier(name)).toBe(quoted);
    });

    it.each([[1], [null], [undefined], [["a", "b"]], [{ toString: () => "a" }], [true]])(
        "refuses %p, which is no string",
        (value) => {
            expect(() => identifier(value as unknown as string)).toThrow(TypeError);
        },
    );

    it("refuses a zero byte, at which PostgreSQL would end the name", () => {
        expect(() => identifier("a\0b")).toThrow("zero byte");
    });
});

describe("qualified", () => {
    it("quotes both parts, so that a dot in either stays inside", () => {
        expect(qualified("my.schema", "my.table")).toBe('"my.schema"."my.table"');
    });
});

describe("literal", () => {
    it.each([
        ["plain", "'plain'"],
        ["it's", "'it''s'"],
        ['say "hi"', `'say "hi"'`],
        ["'; DROP TABLE t; --", "'''; DROP TABLE t; --'"],
        ["two\nlines", "'two\nlines'"],
        ["$$x$$", "'$$x$$'"],
        ["", "''"],
    ])("quotes %j", (value, quoted) => {
        expect(literal(value)).toBe(quoted);
    });

    it("escapes a backslash so that standard_conforming_strings does not matter", () => {
        expect(literal("\\'; --")).toBe(" E'\\\\''; --'");
    });

    it.each([[1], [null], [undefined], [{}]])("refuses %p, which is no string", (value) => {
        expect(() => literal(value as never)).toThrow(TypeError);
    });
});

describe("optionsClause", () => {
    it("quotes what values and names may hold", () => {
        expect(optionsClause({ options: "a=b=c", empty: "", quote: "it's", back: "a\\b", 'na"me': "x" })).toBe(
            ` OPTIONS ("back"  E'a\\\\b', "empty" '', "na""me" 'x', "options" 'a=b=c', "quote" 'it''s')`,
        );
    });

    it("is empty where there are no options", () => {
        expect(optionsClause({})).toBe("");
    });
});

describe("alterOptionsClause", () => {
    it("adds, sets and drops", () => {
        expect(alterOptionsClause({ host: "a", sslmode: "require" }, { host: "b", port: "1" })).toBe(
            ` OPTIONS (SET "host" 'b', ADD "port" '1', DROP "sslmode")`,
        );
    });

    it("keeps an empty value apart from an absent one", () => {
        expect(alterOptionsClause({}, { options: "" })).toBe(` OPTIONS (ADD "options" '')`);
        expect(alterOptionsClause({ options: "" }, {})).toBe(` OPTIONS (DROP "options")`);
    });

    it("is nothing where both agree", () => {
        expect(alterOptionsClause({ a: "1", b: "2" }, { b: "2", a: "1" })).toBeUndefined();
    });
});

describe("anonymousBlock", () => {
    it("quotes a block by what it does not hold", () => {
        expect(anonymousBlock("BEGIN END")).toBe("DO $pulumi$\nBEGIN END\n$pulumi$");
        expect(anonymousBlock("a $pulumi$ b $pulumi1$")).toBe("DO $pulumi2$\na $pulumi$ b $pulumi1$\n$pulumi2$");
    });
});
