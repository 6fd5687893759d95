import { copyField, textOf } from "../../../../provider/postgres/copy/text";

test.each([
    [null, "\\N"],
    ["plain", "plain"],
    ["", ""],
    ["\\N", "\\\\N"],
    ["\\.", "\\\\."],
    ["a\tb\nc\rd\\e", "a\\tb\\nc\\rd\\\\e"],
    [7, "7"],
    [-0.1, "-0.1"],
    [NaN, "NaN"],
    [-Infinity, "-Infinity"],
    [12345678901234567890n, "12345678901234567890"],
    [true, "true"],
    [new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678)), "2026-01-02T03:04:05.678Z"],
    [Buffer.from([0, 255, 92]), "\\\\x00ff5c"],
    [{ a: ['b"\\'] }, '{"a":["b\\\\"\\\\\\\\"]}'],
    [[1, null, 'x"y'], '{"1",NULL,"x\\\\"y"}'],
    [[[1], [2]], '{{"1"},{"2"}}'],
])("%p is sent as %p", (value, field) => {
    expect(copyField(textOf(value))).toBe(field);
});

test.each([
    [undefined, /undefined is no value: null stands for none/],
    [() => 1, /function is no value/],
    [Symbol("s"), /symbol is no value/],
    [new Date(Number.NaN), /a Date of the year NaN/],
    [new Date(Date.UTC(10000, 0)), /a Date of the year 10000.*BC/],
])("%p is refused", (value, message) => {
    expect(() => textOf(value)).toThrow(message);
});
