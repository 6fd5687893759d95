import { compareVersions, describeRange, inRange, minorOf } from "../../../../provider/engines/versions/range";

describe("versions", () => {
    it("compare part by part, as numbers", () => {
        expect(compareVersions("2.9.3", "2.13.1")).toBeLessThan(0);
        expect(compareVersions("2.13.1", "2.9.3")).toBeGreaterThan(0);
        expect(compareVersions("2.13.1", "2.13.1")).toBe(0);
        expect(compareVersions("15.18", "15.9")).toBeGreaterThan(0);
    });

    it("are the same as far as both are given", () => {
        expect(compareVersions("2.13", "2.13.1")).toBe(0);
        expect(compareVersions("15.18", "15")).toBe(0);
    });

    it("are read from a server's own text", () => {
        expect(compareVersions("15.18 (Debian 15.18-1.pgdg12+1)", "15.18")).toBe(0);
        expect(compareVersions("2.14.0-dev", "2.14.0")).toBe(0);
        expect(compareVersions("19beta1", "18.4")).toBeGreaterThan(0);
    });

    it("refuse what is none", () => {
        expect(() => compareVersions("newest", "2.13")).toThrow('"newest" is not a version');
    });

    it("have a minor", () => {
        expect(minorOf("2.13.1")).toBe("2.13");
    });

    it("lie in a range with its start and without its end", () => {
        const range = { from: "2.0", below: "2.14" };
        expect(["1.7.5", "2.0.0", "2.13.1", "2.14.0"].map((version) => inRange(version, range))).toEqual([
            false,
            true,
            true,
            false,
        ]);
        expect(inRange("9.6", {})).toBe(true);
    });

    it("describe their range", () => {
        expect(describeRange({ from: "14" })).toBe("14 or later");
        expect(describeRange({ from: "2.9", below: "2.14" })).toBe("2.9 or later, below 2.14");
        expect(describeRange({})).toBe("any version");
    });
});
