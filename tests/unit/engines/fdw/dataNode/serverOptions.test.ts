import { serverOptions } from "../../../../../provider/engines/fdw/dataNode/serverOptions";
import { recorded } from "../recorded";

const { inputs } = recorded("dataNode");
const build = (given: Record<string, string>, postgresVersion = "18.1", timescaledb = false): Record<string, string> =>
    serverOptions({ ...inputs, serverOptions: given }, { postgresVersion, timescaledb });

describe("serverOptions", () => {
    it("says what makes a foreign server fast", () => {
        expect(Object.entries(build({})).sort()).toEqual([
            ["async_capable", "true"],
            ["batch_size", "1000"],
            ["connect_timeout", "10"],
            ["dbname", "metrics"],
            ["fdw_tuple_cost", "0.2"],
            ["fetch_size", "1000"],
            ["host", "127.0.0.1"],
            ["options", "-c cursor_tuple_fraction=0.5"],
            ["parallel_abort", "true"],
            ["parallel_commit", "true"],
            ["port", "5431"],
        ]);
    });

    it.each([
        ["14.20", false, false],
        ["15.15", true, false],
        ["16.0", true, true],
    ])(
        "knows on PostgreSQL %s whether there are parallel_commit (%s) and parallel_abort (%s)",
        (version, commit, abort) => {
            expect("parallel_commit" in build({}, version)).toBe(commit);
            expect("parallel_abort" in build({}, version)).toBe(abort);
        },
    );

    it("has functions of timescaledb sent only where both sides have it", () => {
        expect(build({}, "18.1", true).extensions).toBe("timescaledb");
        expect(build({}, "18.1", false)).not.toHaveProperty("extensions");
    });

    it("lets the program's options go over its own", () => {
        expect(build({ fetch_size: "50", sslmode: "verify-full" })).toMatchObject({
            fetch_size: "50",
            sslmode: "verify-full",
        });
    });
});
