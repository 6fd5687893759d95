import { readMarker, withMarker, withoutMarker, type Marker } from "../../../../provider/engines/marks/marker";

const marker: Marker = { cluster: "c1", urn: "urn:pulumi:dev::shop::t::access", engine: "fdw" };
const TEXT = '[pulumi-timescaledb {"cluster":"c1","urn":"urn:pulumi:dev::shop::t::access","engine":"fdw"}]';

describe("the mark in a comment", () => {
    it("has this form for ever, for servers hold it", () => {
        expect(withMarker(null, marker)).toBe(TEXT);
        expect(withMarker("ours\nand yours", marker)).toBe(`ours\nand yours\n${TEXT}`);
        expect(readMarker(TEXT)).toEqual(marker);
    });

    it.each<[string, string | null | undefined, string | null]>([
        ["no comment", null, null],
        ["nothing known of a comment", undefined, null],
        ["an empty comment", "", null],
        ["a line", "measurements", "measurements"],
        ["several lines, the last one empty", "a\n\nb\n", "a\n\nb\n"],
        ["brackets and braces", "[a] {b} ]}", "[a] {b} ]}"],
        ["a quote and a backslash", 'it\'s \\ "x"', 'it\'s \\ "x"'],
    ])("leaves %s as it was, once the mark is gone", (_what, comment, left) => {
        const marked = withMarker(comment, marker);
        expect(readMarker(marked)).toEqual(marker);
        expect(withoutMarker(marked)).toBe(left);
        expect(withoutMarker(comment)).toBe(left);
    });

    it("stands there once, however often it is put there", () => {
        const other: Marker = { ...marker, cluster: "c2", adopted: true };
        const twice = withMarker(withMarker("text", marker), other);
        expect(readMarker(twice)).toEqual(other);
        expect(twice.match(/pulumi-timescaledb/g)).toHaveLength(1);
    });

    it("is the last line only, whatever the user's own text says", () => {
        const own = `see ${TEXT}\n${TEXT.replace("c1", "other")}\nand more`;
        expect(readMarker(own)).toBeUndefined();
        expect(withoutMarker(own)).toBe(own);
        const marked = withMarker(`${TEXT.replace("c1", "other")}\n${TEXT.replace("c1", "copied")}`, marker);
        expect(readMarker(marked)).toEqual(marker);
    });

    it.each([
        ["none", "measurements"],
        ["one that is no JSON", "[pulumi-timescaledb {urn}]"],
        ["one of another form", "[pulumi-timescaledb {}]"],
        ["one with text after it", `${TEXT} `],
        ["one with text before it on its line", `x ${TEXT}`],
    ])("is not found where there is %s", (_what, comment) => expect(readMarker(comment)).toBeUndefined());

    it("holds names with quotes, brackets and line breaks", () => {
        const odd: Marker = { ...marker, urn: 'urn::a]}"\n[pulumi-timescaledb {b' };
        expect(readMarker(withMarker("text", odd))).toEqual(odd);
        expect(withoutMarker(withMarker("text", odd))).toBe("text");
    });
});
