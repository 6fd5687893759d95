import {
    CAPABILITIES,
    describeNeeds,
    supports,
    type CapabilityName,
} from "../../../../provider/engines/versions/capabilities";

const multinode = (timescaledbVersion: string | null, postgresVersion = "13.1") =>
    ({ engine: "multinode", timescaledbVersion, postgresVersion }) as const;
const fdw = (postgresVersion: string, timescaledbVersion: string | null = null) =>
    ({ engine: "fdw", timescaledbVersion, postgresVersion }) as const;

describe("capabilities", () => {
    it.each<[string, string, string]>([
        ["2.0.0", "11", "12"],
        ["2.1.0", "11", "13"],
        ["2.3.1", "11", "13"],
        ["2.4.2", "12", "13"],
        ["2.5.0", "12", "14"],
        ["2.8.1", "12", "14"],
        ["2.9.0", "12", "15"],
        ["2.11.2", "12", "15"],
        ["2.12.0", "13", "15"],
        ["2.13.1", "13", "15"],
    ])("give TimescaleDB %s multi-node on PostgreSQL %s to %s and on no other", (version, oldest, newest) => {
        const majors = ["10", "11", "12", "13", "14", "15", "16"];
        const found = majors.filter((major) => supports("distribution", multinode(version, `${major}.4`)));
        expect([found[0], found.at(-1)]).toEqual([oldest, newest]);
        expect(found).toHaveLength(Number(newest) - Number(oldest) + 1);
    });

    it("give multi-node to nothing before 2.0, from 2.14 on, or without TimescaleDB", () => {
        for (const version of ["1.7.5", "2.14.0", "2.31.0", null]) {
            expect(supports("distribution", multinode(version))).toBe(false);
        }
    });

    it("give fdw to PostgreSQL 14 and later, whatever TimescaleDB there is", () => {
        expect(supports("distribution", fdw("13.20"))).toBe(false);
        expect(supports("distribution", fdw("14.0"))).toBe(true);
        expect(supports("distribution", fdw("18.4", "2.31.0"))).toBe(true);
    });

    it.each<[CapabilityName, string, string]>([
        ["insertWithCopySetting", "2.2.1", "2.3.0"],
        ["moveChunk", "2.3.1", "2.4.0"],
        ["deleteDataNodeDropDatabase", "2.5.2", "2.6.0"],
        ["detachDropRemoteData", "2.7.2", "2.8.0"],
        ["alterDataNode", "2.8.1", "2.9.0"],
        ["partitionwiseAggregateBug", "2.9.3", "2.10.0"],
        ["pingTimeout", "2.10.3", "2.11.0"],
        ["functionsSchema", "2.11.2", "2.12.0"],
        ["byRange", "2.12.2", "2.13.0"],
    ])("have %s not in %s and from %s on", (capability, before, from) => {
        expect(supports(capability, multinode(before))).toBe(false);
        expect(supports(capability, multinode(from))).toBe(true);
        expect(supports(capability, multinode("2.14.0"))).toBe(false);
    });

    it.each<[CapabilityName, string, string]>([
        ["parallelCommit", "14.20", "15.0"],
        ["parallelAbort", "15.18", "16.0"],
        ["copyBatching", "15.18", "16.0"],
    ])("have %s on fdw not in PostgreSQL %s and from %s on, and never on multinode", (capability, before, from) => {
        expect(supports(capability, fdw(before))).toBe(false);
        expect(supports(capability, fdw(from))).toBe(true);
        expect(supports(capability, multinode("2.13.1", "15.18"))).toBe(false);
        expect(describeNeeds(capability, "multinode")).toBeUndefined();
    });

    it("ask TimescaleDB's version for TimescaleDB's functions, also on fdw", () => {
        expect(supports("byRange", fdw("17.2"))).toBe(false);
        expect(supports("byRange", fdw("17.2", "2.19.3"))).toBe(true);
    });

    it("describe what they need", () => {
        expect(describeNeeds("alterDataNode", "multinode")).toBe("TimescaleDB 2.9 or later, below 2.14");
        expect(describeNeeds("alterDataNode", "fdw")).toBe("PostgreSQL 14 or later");
        expect(describeNeeds("dropDatabaseForce", "multinode")).toBe("PostgreSQL 13 or later");
    });

    it("each name their source", () => {
        for (const { source } of Object.values(CAPABILITIES)) {
            expect(source).toMatch(/@\d+\.\d+\.\d+|^postgresql\.org\/docs\/\d+\/|\/issues\/\d+$/);
        }
    });
});
