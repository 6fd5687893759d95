/** A stack of which nothing is there yet is planned whole: what is printed is what the servers' logs then show. */
import { PendingClusters } from "../../provider/handlers/planning/pendingClusters";
import type { PlannedOperation } from "../../provider/handlers/planning/planner";
import { UNKNOWN } from "../../provider/validation/unknown";
import { LiveCluster, type LiveResource } from "../support/life";
import { checked, ClusterLog, plannerOf, readAgain, type KindName } from "../support/plannedStatements";
import { describeNewestServers, startCluster, START_TIMEOUT_MS, type TestCluster } from "../support/servers";
import { LOGGING } from "../support/statementLog";

type Values = Record<string, unknown>;

const TIMEOUT_MS = 120_000;

describe.each(["multinode", "fdw"] as const)("the plan of a new stack with the engine %s", (engine) => {
    describeNewestServers(engine, (kind) => {
        let cluster: TestCluster;
        beforeAll(async () => {
            cluster = await startCluster(kind, { nodes: 2, settings: LOGGING });
        }, START_TIMEOUT_MS);
        afterAll(() => cluster?.stop(), START_TIMEOUT_MS);

        it(
            "prints what runs on access node and data nodes",
            async () => {
                const live = new LiveCluster(cluster, "planned");
                const log = new ClusterLog(cluster);
                const table = (name: string, values: Values): readonly [KindName, LiveResource, Values] => [
                    "DistributedHypertable",
                    live.hypertable(name),
                    live.tableValues(name, values),
                ];
                const resources: (readonly [KindName, LiveResource, Values])[] = [
                    ["AccessNode", live.access, live.accessValues()],
                    ...[0, 1].map((at) => ["DataNode", live.node(at), live.nodeValues(at)] as const),
                    table("conditions", {}),
                    table("elsewhere", {
                        schema: "Ünusual",
                        primaryKey: ["device", "time"],
                        indexes: [{ columns: ["temp"] }],
                        ...(engine === "fdw" ? { lastPoint: true } : { numberPartitions: 5 }),
                    }),
                ];
                const inputsOf = (
                    [name, resource, values]: (typeof resources)[number],
                    id: unknown,
                ): Promise<Values> => {
                    const accessNode = { ...live.reference(), id, connection: live.accessValues().connection };
                    return checked(name, resource, "accessNode" in values ? { ...values, accessNode } : values);
                };

                const pending = new PendingClusters();
                const plans: PlannedOperation[] = [];
                for (const each of resources) {
                    const inputs = await inputsOf(each, UNKNOWN);
                    plans.push(await plannerOf(each[0])({ operation: "create", inputs }, pending));
                }
                for (const [at, each] of resources.entries()) {
                    const [name, resource] = each;
                    const { unknown, refusal, continues, ...plan } = plans[at]!;
                    expect({ name, unknown, refusal, continues }).toEqual({
                        name,
                        unknown: null,
                        refusal: null,
                        continues: null,
                    });

                    const inputs = await inputsOf(each, live.access.id);
                    await plannerOf(name)({ operation: "create", inputs });
                    const before = await log.next();
                    await resource.create(inputs);
                    const done = await log.next();
                    await readAgain(plannerOf(name), resource, { operation: "create", inputs });
                    const after = await log.next();

                    const printed = log.printed({ unknown, refusal, continues, ...plan }, live.access.id);
                    expect({ name, steps: log.stepsIn(done, before, after) }).toEqual({ name, steps: printed });
                }
                for (const [, resource] of [...resources].reverse()) {
                    await resource.delete();
                }
            },
            TIMEOUT_MS,
        );
    });
});
