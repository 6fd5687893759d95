import { holdsUnknown, isUnknown, UNKNOWN } from "../../../provider/validation/unknown";

describe("isUnknown", () => {
    it("knows the text that Pulumi's engine sends for a value that is not known yet", () => {
        expect(UNKNOWN).toBe("04da6b54-80e4-46f7-96ec-b56ff0331ba9");
        expect(isUnknown("04da6b54-80e4-46f7-96ec-b56ff0331ba9")).toBe(true);
    });

    it.each([[undefined], [null], [""], [0], [{}], ["04da6b54-80e4-46f7-96ec-b56ff0331ba8"], [[UNKNOWN]]])(
        "takes %p for known",
        (value) => expect(isUnknown(value)).toBe(false),
    );
});

describe("holdsUnknown", () => {
    it.each([
        ["the value itself", UNKNOWN],
        ["an entry of a list", ["a", UNKNOWN]],
        ["a property", { a: 1, b: UNKNOWN }],
        ["a property of an object in a list in an object", { a: [{ b: { c: UNKNOWN } }] }],
    ])("finds an unknown in %s", (_where, value) => expect(holdsUnknown(value)).toBe(true));

    it.each([[undefined], [null], ["text"], [{}], [[]], [{ a: [{ b: null }] }]])("finds none in %j", (value) =>
        expect(holdsUnknown(value)).toBe(false),
    );
});
