import * as pulumi from "@pulumi/pulumi";
import { getClusterStatusOutput } from "../../../provider/functions/clusterStatus";
import { TimescaleCluster, type TimescaleClusterArgs } from "../../../provider/resources/timescaleCluster";
import { runProgram, valueOf, type Registered } from "../../support/mockProgram";

const columns = [
    { name: "time", type: "timestamptz", nullable: false },
    { name: "device", type: "integer" },
];

const args: TimescaleClusterArgs = {
    connection: { host: "access", password: "hunter2" },
    database: "metrics",
    dataNodes: { dn1: { host: "data1", options: { protect: true } }, dn2: { host: "data2" } },
    hypertables: {
        conditions: { columns, timeColumn: "time", partitioningColumn: "device" },
        events: { columns, timeColumn: "time", dataNodes: ["dn2"], schema: "log", tableName: "all_events" },
    },
};

/** What the engine answers when it has made a resource. */
const made = ({ type, inputs }: { type: string; inputs: object }): Record<string, unknown> => ({
    schema: "public",
    ...inputs,
    ...(type.endsWith("AccessNode")
        ? {
              engine: "fdw",
              clusterId: "5c1",
              connection: { host: "access", port: 5432, user: "postgres", password: "hunter2", sslMode: "prefer" },
          }
        : {}),
});

const component = (opts?: pulumi.ComponentResourceOptions, change: Partial<TimescaleClusterArgs> = {}) =>
    new TimescaleCluster("shop", { ...args, ...change }, opts);

describe("a TimescaleCluster", () => {
    let registered: Registered[];
    let cluster: TimescaleCluster;
    const find = (name: string): Registered | undefined => registered.find((each) => each.name === name);

    beforeAll(async () => {
        registered = await runProgram(() => [(cluster = component())], { outputs: made });
    });

    it("registers a resource for each part, below itself", async () => {
        const parent = "urn:pulumi:dev::shop::timescaledb:index:TimescaleCluster::shop";
        expect(find("shop")?.type).toBe("timescaledb:index:TimescaleCluster");
        const children = ["shop-access", "shop-dn1", "shop-dn2", "shop-conditions", "shop-events"];
        expect(children.map((name) => find(name)?.parent)).toEqual(children.map(() => parent));
    });

    it("names nodes and tables by their keys, or as they say themselves", () => {
        expect(find("shop-dn1")?.inputs).toMatchObject({ nodeName: "dn1", host: "data1" });
        expect(find("shop-conditions")?.inputs).toMatchObject({ tableName: "conditions", dataNodes: ["dn1", "dn2"] });
        expect(find("shop-events")?.inputs).toMatchObject({
            tableName: "all_events",
            schema: "log",
            dataNodes: ["dn2"],
        });
    });

    it("gives others what they need", async () => {
        expect(await valueOf(cluster.database)).toBe("metrics");
        expect(await valueOf(cluster.engine)).toBe("fdw");
        expect(await valueOf(cluster.dataNodeNames)).toEqual(["dn1", "dn2"]);
        expect(await valueOf(cluster.tables)).toEqual({ conditions: "public.conditions", events: "log.all_events" });
    });

    it("keeps the connection URL a secret", async () => {
        expect(await valueOf(cluster.connectionUrl)).toBe(
            "postgresql://postgres:hunter2@access:5432/metrics?sslmode=prefer",
        );
        expect(await pulumi.isSecret(cluster.connectionUrl)).toBe(true);
        expect(await pulumi.isSecret(cluster.tables)).toBe(false);
    });

    it("gives clients a way of their own", async () => {
        let other: TimescaleCluster | undefined;
        const clients = {
            host: "db.example.com",
            user: "app",
            password: pulumi.secret("p@ss"),
            sslMode: "require",
        } as const;
        await runProgram(() => [(other = component({}, { clients }))], { outputs: made });
        expect(await valueOf(other!.connectionUrl)).toBe(
            "postgresql://app:p%40ss@db.example.com:5432/metrics?sslmode=require",
        );
    });

    it("refuses a table on a node that it does not have", async () => {
        const wrong = { t: { columns, timeColumn: "time", dataNodes: ["dn3"] } };
        await expect(runProgram(() => [component({}, { hypertables: wrong })], { outputs: made })).rejects.toThrow(
            "dn1, dn2",
        );
    });

    it("knows itself", () => {
        expect(TimescaleCluster.isInstance(cluster)).toBe(true);
        expect(TimescaleCluster.isInstance(cluster.accessNode)).toBe(false);
    });
});

describe("getClusterStatusOutput", () => {
    it("does not run while the access node is not known to be there", async () => {
        let output: pulumi.Output<unknown> | undefined;
        await runProgram(
            () => {
                const cluster = component();
                Object.assign(cluster.accessNode, { id: unknownOutput() });
                output = getClusterStatusOutput(cluster.accessNode);
                return [cluster];
            },
            { outputs: made },
        );
        expect(await valueOf(output!)).toBeUndefined();
    });
});

/** An output as a preview has it for what is not made yet. */
function unknownOutput(): pulumi.Output<string> {
    const Constructor = pulumi.Output as unknown as new (...args: unknown[]) => pulumi.Output<string>;
    return new Constructor(
        [],
        Promise.resolve(""),
        Promise.resolve(false),
        Promise.resolve(false),
        Promise.resolve([]),
    );
}
