import { interval } from "../../../provider/validation/shapes";
import { ACCEPTED_INTERVALS, REFUSED_INTERVALS } from "../../support/intervals";

const accepts = (value: unknown): boolean => interval.check(value, "chunkTimeInterval").length === 0;

describe("interval", () => {
    it.each(ACCEPTED_INTERVALS.map((text) => [text]))("accepts %j", (text) => expect(accepts(text)).toBe(true));

    it.each(REFUSED_INTERVALS.map((text) => [text]))("refuses %j", (text) => expect(accepts(text)).toBe(false));

    it.each([[7], [null], [["7 days"]], [{ days: 7 }]])("refuses %j, which is no text", (value) =>
        expect(accepts(value)).toBe(false),
    );

    it("says what it expects and what it got", () => {
        expect(interval.check("a week", "chunkTimeInterval")).toEqual([
            {
                path: "chunkTimeInterval",
                reason: 'expected an interval above zero such as "7 days", got "a week"',
                secret: false,
            },
        ]);
    });
});
