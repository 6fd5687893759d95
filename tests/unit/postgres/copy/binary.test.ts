import { binaryFormat } from "../../../../provider/postgres/copy/binary";
import { RowBuffer } from "../../../../provider/postgres/copy/rows";

/** The hexadecimal bytes of one value's field; undefined where it has none. */
function field(type: string, value: unknown): string | undefined {
    const buffer = new RowBuffer();
    return binaryFormat([type])?.write(buffer, [value]) ? buffer.take().subarray(2).toString("hex") : undefined;
}

test.each([
    ["smallint", -32768, "00000002" + "8000"],
    ["integer", -1, "00000004" + "ffffffff"],
    ["integer", 2 ** 31 - 1, "00000004" + "7fffffff"],
    ["bigint", -1, "00000008" + "ffffffffffffffff"],
    ["bigint", 2 ** 52, "00000008" + "0010000000000000"],
    ["bigint", -(2n ** 63n), "00000008" + "8000000000000000"],
    ["real", 0.5, "00000004" + "3f000000"],
    ["double precision", -0.1, "00000008" + "bfb999999999999a"],
    ["boolean", true, "00000001" + "01"],
    ["timestamp with time zone", new Date("2000-01-01T00:00:00.001Z"), "00000008" + "00000000000003e8"],
    ["timestamp(3) without time zone", new Date("1999-12-31T23:59:59.999Z"), "00000008" + "fffffffffffffc18"],
    ["timestamp with time zone", new Date("9999-12-31T23:59:59.999Z"), "00000008" + "0380e70b913b7c18"],
    ["text", "é", "00000002" + "c3a9"],
    ["character varying(8)", "", "00000000"],
    ["integer", null, "ffffffff"],
])("%s %p is sent as %s", (type, value, bytes) => {
    expect(field(type, value)).toBe(bytes);
});

test.each([
    ["smallint", 2 ** 15],
    ["integer", 1.5],
    ["integer", "1"],
    ["integer", 1n],
    ["bigint", 2 ** 53],
    ["bigint", 2n ** 63n],
    ["real", 0.1],
    ["double precision", "0.1"],
    ["boolean", 1],
    ["timestamp with time zone", "2026-01-01"],
    ["timestamp with time zone", new Date(Number.NaN)],
    ["timestamp with time zone", new Date(Date.UTC(10000, 0))],
    ["text", 1],
    ["integer", undefined],
])("%s %p is left to text", (type, value) => {
    expect(field(type, value)).toBeUndefined();
});

test.each([["numeric"], ["jsonb"], ["integer[]"], ["date"], ["my.type"]])("rows with %s are left to text", (type) => {
    expect(binaryFormat(["integer", type])).toBeUndefined();
});

test("a row that is refused leaves nothing behind, and rows stand one after another", () => {
    const format = binaryFormat(["integer", "text"]);
    const buffer = new RowBuffer();
    expect([format?.write(buffer, [1, "a"]), format?.write(buffer, [2, 3]), format?.write(buffer, [4, null])]).toEqual([
        true,
        false,
        true,
    ]);
    expect(buffer.take().toString("hex")).toBe(
        ["0002", "00000004", "00000001", "00000001", "61", "0002", "00000004", "00000004", "ffffffff"].join(""),
    );
    expect(buffer.length).toBe(0);
});

test("a buffer grows beyond its first bytes, and what was taken stays as it was", () => {
    const format = binaryFormat(["text"]);
    const buffer = new RowBuffer();
    const long = "x".repeat(10_000);
    format?.write(buffer, [long]);
    format?.write(buffer, ["y"]);
    const taken = buffer.take();
    format?.write(buffer, ["z".repeat(10_000)]);
    expect(taken.subarray(6, 10_006).toString()).toBe(long);
    expect(taken.at(-1)).toBe("y".charCodeAt(0));
});
