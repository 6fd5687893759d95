import {
    bool,
    either,
    got,
    identifier,
    integer,
    list,
    object,
    oneOf,
    record,
    seconds,
    text,
    type Shape,
} from "../../../provider/validation/shapes";
import { UNKNOWN } from "../../../provider/validation/unknown";

const reasons = (shape: Shape, value: unknown): string[] =>
    shape.check(value, "it").map(({ path, reason }) => `${path}: ${reason}`);

const password = text("a password", { secret: true });

describe("a leaf", () => {
    it.each<[string, Shape, unknown, unknown, string]>([
        ["bool", bool, false, "false", 'expected true or false, got "false"'],
        ["text", text(), "x", "", 'expected a string, got ""'],
        ["text", text(), "x", 5, "expected a string, got 5"],
        ["text", text(), "a\nb", "a\0b", 'expected a string, got "a\\u0000b"'],
        ["text that may be empty", text("a string", { empty: true }), "", null, "expected a string, got null"],
        ["integer", integer(1, 65535), 1, 0, "expected a whole number from 1 to 65535, got 0"],
        ["integer", integer(1, 65535), 65535, 65536, "expected a whole number from 1 to 65535, got 65536"],
        ["integer", integer(1, 65535), 5432, 5432.5, "expected a whole number from 1 to 65535, got 5432.5"],
        ["integer", integer(1, 65535), 5432, "5432", 'expected a whole number from 1 to 65535, got "5432"'],
        ["seconds", seconds({ zero: true }), 0, -1, "expected a number of seconds from 0 to 2000000, got -1"],
        [
            "seconds",
            seconds({ zero: true }),
            2_000_000,
            2_000_001,
            "expected a number of seconds from 0 to 2000000, got 2000001",
        ],
        [
            "seconds above 0",
            seconds({ zero: false }),
            0.5,
            0,
            "expected a number of seconds above 0, up to 2000000, got 0",
        ],
        ["oneOf", oneOf(["a", "b"]), "b", "B", 'expected one of "a", "b", got "B"'],
        ["identifier", identifier(), "x", "", 'expected a name of 1 to 63 bytes, got ""'],
        ["identifier", identifier(), "select", 5, "expected a name of 1 to 63 bytes, got 5"],
        ["identifier", identifier(), 'a"b.c\n', "a\0b", 'expected a name of 1 to 63 bytes, got "a\\u0000b"'],
        [
            "identifier without a double quote",
            identifier(false),
            "a'b",
            'a"b',
            'expected a name of 1 to 63 bytes without a double quote, got "a\\"b"',
        ],
        ["either", either(bool, integer(1, 2)), 2, 3, "expected true or false, or a whole number from 1 to 2, got 3"],
    ])("%s accepts a near miss, and says what it expects and what it got (%#)", (_name, shape, good, bad, reason) => {
        expect(reasons(shape, good)).toEqual([]);
        expect(reasons(shape, bad)).toEqual([`it: ${reason}`]);
    });

    it("counts the bytes of a name, not its characters", () => {
        expect(reasons(identifier(), "ä".repeat(31))).toEqual([]);
        expect(reasons(identifier(), "x".repeat(63))).toEqual([]);
        expect(reasons(identifier(), "ä".repeat(32))).toHaveLength(1);
        expect(reasons(identifier(), "x".repeat(64))).toHaveLength(1);
    });

    it.each([[Number.NaN], [Number.POSITIVE_INFINITY]])("refuses %p as a number", (value) => {
        expect(reasons(integer(1, 9), value)).toHaveLength(1);
        expect(reasons(seconds({ zero: true }), value)).toHaveLength(1);
    });

    it("never shows a secret", () => {
        expect(password.check(12345, "password")).toEqual([
            { path: "password", reason: "expected a password, got number", secret: true },
        ]);
        expect(JSON.stringify(password.check("hunter2\0", "password"))).not.toContain("hunter2");
    });

    it("cuts what it got to a length that can be read", () => {
        expect(got("x".repeat(100))).toBe(`"${"x".repeat(56)}...`);
    });
});

describe("an unknown", () => {
    it.each<[string, Shape]>([
        ["a leaf", integer(1, 2)],
        ["a list", list(bool, { min: 1 })],
        ["a map", record(bool)],
        ["an object", object({ a: { shape: bool, required: true } })],
        ["either of two", either(bool, integer(1, 2))],
    ])("is skipped where %s is expected, and left as it is", (_name, shape) => {
        expect(shape.check(UNKNOWN, "it")).toEqual([]);
        expect(shape.fill(UNKNOWN)).toBe(UNKNOWN);
    });

    it("is skipped deep inside, where everything around it is still checked", () => {
        const shape = object({ rows: { shape: list(object({ a: { shape: bool }, b: { shape: bool } })) } });
        expect(reasons(shape, { rows: [UNKNOWN, { a: UNKNOWN, b: 5 }] })).toEqual([
            "it.rows[1].b: expected true or false, got 5",
        ]);
    });
});

describe("a list", () => {
    const names = list(identifier(), { min: 1, distinctBy: (name) => name });

    it("reports every entry that does not fit, by its place", () => {
        expect(reasons(names, ["ok", "", 5])).toEqual([
            'it[1]: expected a name of 1 to 63 bytes, got ""',
            "it[2]: expected a name of 1 to 63 bytes, got 5",
        ]);
    });

    it("asks for the least number of entries", () => {
        expect(reasons(names, [])).toEqual(["it: expected a list of a name of 1 to 63 bytes, 1 at least, got []"]);
        expect(reasons(list(identifier()), [])).toEqual([]);
        expect(reasons(names, { 0: "a" })).toHaveLength(1);
    });

    it("reports what comes twice, once for each further time", () => {
        expect(reasons(names, ["dn1", "dn2", "dn1", "dn1"])).toEqual([
            'it[2]: expected each only once, got "dn1" at 0 and 2',
            'it[3]: expected each only once, got "dn1" at 0 and 3',
        ]);
        expect(reasons(names, ["dn1", "DN1"])).toEqual([]);
    });

    it("takes two unknowns for different", () => {
        expect(reasons(names, [UNKNOWN, UNKNOWN])).toEqual([]);
    });

    it.each([[null], [undefined], [5], ["text"], [[]]])("survives %j where an object with a name is due", (entry) => {
        const columns = list(object({ name: { shape: identifier(), required: true } }), {
            distinctBy: (column) => (column as { name?: string }).name,
        });
        expect(reasons(columns, [entry, { name: "a" }])).toHaveLength(1);
    });

    it("shows nothing of a list of secrets", () => {
        expect(JSON.stringify(list(password).check("hunter2", "passwords"))).not.toContain("hunter2");
        expect(list(password).check("hunter2", "passwords")).toMatchObject([{ secret: true }]);
    });
});

describe("a map", () => {
    it("reports every value that does not fit, by its name", () => {
        expect(reasons(record(text()), { a: "1", b: 2, c: null })).toEqual([
            "it.b: expected a string, got 2",
            "it.c: expected a string, got null",
        ]);
    });

    it.each([[[]], ["a=b"], [5]])("refuses %j", (value) => expect(reasons(record(text()), value)).toHaveLength(1));

    it("shows nothing of what came instead of a map that holds secrets", () => {
        const nodes = record(object({ password: { shape: password } }));
        expect(nodes.check([{ password: "hunter2" }], "nodes")).toEqual([
            { path: "nodes", reason: expect.not.stringContaining("hunter2") as string, secret: true },
        ]);
    });
});

describe("an object", () => {
    const connection = object({
        host: { shape: text("a host"), required: true },
        port: { shape: integer(1, 65535), default: 5432 },
        password: { shape: password },
    });

    it("reports what is missing, what does not fit and what it does not know, all at once", () => {
        expect(reasons(connection, { port: 0, pasword: "hunter2" })).toEqual([
            "it.pasword: expected one of host, port, password, got another property",
            "it.host: expected a host, got nothing",
            "it.port: expected a whole number from 1 to 65535, got 0",
        ]);
    });

    it("takes null for absent", () => {
        expect(reasons(connection, { host: "a", port: null, password: null })).toEqual([]);
        expect(reasons(connection, { host: null })).toEqual(["it.host: expected a host, got nothing"]);
    });

    it("shows neither the value of a misspelt property nor what came instead of an object with secrets", () => {
        expect(JSON.stringify(connection.check({ host: "a", pasword: "hunter2" }, "c"))).not.toContain("hunter2");
        expect(connection.check("postgres://a:hunter2@b", "c")).toEqual([
            { path: "c", reason: "expected an object with host, port, password, got string", secret: true },
        ]);
    });

    it("does not take what every object inherits for its properties", () => {
        expect(reasons(connection, { host: "a", constructor: "x" })).toHaveLength(1);
        expect(reasons(record(connection), { toString: { host: "a" } })).toEqual([]);
    });

    it("fills in defaults at every depth, and keeps what it does not know", () => {
        const shape = object({
            servers: { shape: list(connection), default: [] },
            more: { shape: record(connection) },
        });
        expect(shape.fill({})).toEqual({ servers: [] });
        expect(shape.fill({ servers: [{ host: "a" }, UNKNOWN], more: { x: { port: null } }, other: 1 })).toEqual({
            servers: [{ host: "a", port: 5432 }, UNKNOWN],
            more: { x: { port: 5432 } },
            other: 1,
        });
    });

    it("drops what is null and has no default", () => {
        expect(connection.fill({ host: "a", password: null })).toEqual({ host: "a", port: 5432 });
    });
});

describe("secretsIn", () => {
    const shape = object({
        password: { shape: password },
        user: { shape: text() },
        nodes: { shape: record(object({ keys: { shape: list(password) } })) },
    });

    it("finds the secrets at every depth, also where something else is wrong", () => {
        const value = { user: "postgres", password: "one", extra: 1, nodes: { a: { keys: ["two", 3] }, b: "no map" } };
        expect(shape.secretsIn(value)).toEqual(["one", "two"]);
    });

    it.each([[undefined], [null], [5], ["text"], [[]]])("finds none in %j", (value) =>
        expect(shape.secretsIn(value)).toEqual([]),
    );
});
