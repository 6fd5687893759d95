import {
    allNames,
    lastShardName,
    shardName,
    stem,
} from "../../../../../provider/engines/fdw/distributedHypertable/parts";

describe("names of parts", () => {
    it("are the table's name with an ending", () => {
        expect(allNames("conditions", 1)).toEqual([
            "conditions",
            "conditions_s0",
            "conditions_last",
            "conditions_s0_last",
            "conditions_route",
            "conditions_s0",
            "conditions_s0_v",
            "conditions_s0_last",
        ]);
    });

    it.each(["x".repeat(63), "ü".repeat(31), "x".repeat(52)])("of %s fit into 63 bytes", (table) => {
        for (const name of [...allNames(table, 2), lastShardName(table, 32767)]) {
            expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
        }
    });

    it("keep a name of 51 bytes whole", () => {
        expect(stem("x".repeat(51))).toBe("x".repeat(51));
        expect(stem("x".repeat(52))).toMatch(/^x{42}_[0-9a-f]{8}$/);
    });

    it("of two long names with the same beginning differ", () => {
        expect(shardName(`${"x".repeat(62)}a`, 0)).not.toBe(shardName(`${"x".repeat(62)}b`, 0));
    });
});
