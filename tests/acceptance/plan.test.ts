/**
 * What `plan` prints is what the servers' logs then show. Each change is planned, then done as Pulumi does it, and the
 * statements that the servers logged in between are compared with the printed ones, server by server and in order.
 */
import type { Announced } from "../../provider/handlers/operation";
import { LiveCluster, type LiveResource } from "../support/life";
import { tables } from "../support/planCorpus";
import { checked, ClusterLog, plannerOf, readAgain, type KindName } from "../support/plannedStatements";
import {
    describeNewestServers,
    multinodeServers,
    startCluster,
    START_TIMEOUT_MS,
    type TestCluster,
} from "../support/servers";
import { LOGGING } from "../support/statementLog";

type Values = Record<string, unknown>;

const CHANGE_TIMEOUT_MS = 60_000;

/** The change of a resource, as the corpus describes it. */
interface Change {
    readonly title: string;
    readonly resource: LiveResource;
    readonly kind: KindName;
    /** undefined: delete. */
    readonly values?: () => Values;
}

/** How often a kind of comparison was made, for the corpus must hold what it is there for. */
const compared = { changes: 0, exact: 0, statements: 0, refused: 0, continued: 0 };

/** Does what was announced; a refusal is an answer. */
async function act(
    resource: LiveResource,
    operation: Announced["operation"],
    values: Values | undefined,
): Promise<unknown> {
    try {
        await (operation === "delete" ? resource.delete() : resource[operation](values ?? {}));
        return undefined;
    } catch (error) {
        return error;
    }
}

describe.each(["multinode", "fdw"] as const)("the plan with the engine %s", (engine) => {
    describeNewestServers(engine, (kind) => {
        let cluster: TestCluster;
        let live: LiveCluster;
        let log: ClusterLog;
        let dn1: LiveResource;
        let dn2: LiveResource;

        beforeAll(async () => {
            cluster = await startCluster(kind, { nodes: 2, settings: LOGGING });
            live = new LiveCluster(cluster, "planned");
            [dn1, dn2] = [live.node(0), live.node(1)];
            log = new ClusterLog(cluster);
        }, START_TIMEOUT_MS);
        afterAll(() => cluster?.stop(), START_TIMEOUT_MS);

        /** Plans a change, does it, and compares. */
        async function check({ title, resource, kind: name, values }: Change): Promise<void> {
            const planner = plannerOf(name);
            const wanted = values === undefined ? undefined : await checked(name, resource, values());
            const announced: Announced =
                wanted === undefined
                    ? { operation: "delete", outputs: resource.outputs }
                    : resource.id === undefined
                      ? { operation: "create", inputs: wanted }
                      : { operation: "update", outputs: resource.outputs, inputs: wanted };
            await log.next();
            const plan = await planner(announced);
            const before = await log.next();
            const failure = await act(resource, announced.operation, values?.());
            const done = await log.next();
            await readAgain(planner, resource, announced);
            const after = await log.next();
            compared.changes++;

            const label = `${title}: ${plan.unknown ?? plan.refusal ?? ""} (${String(failure)})`;
            expect([label, plan.unknown]).toEqual([label, null]);
            expect([label, failure === undefined]).toEqual([label, plan.refusal === null]);
            const printed = log.printed(plan, live.access.outputs.clusterId);
            const ran = log.stepsIn(done, before, after);
            compared.statements += printed.flat().length;
            if (plan.refusal !== null) {
                compared.refused++;
            }
            const whole = plan.continues === null;
            compared[whole ? "exact" : "continued"]++;
            expect({ title, prints: whole || printed.flat().length > 0 }).toEqual({ title, prints: true });
            const beginnings = ran.map((statements, at) =>
                whole ? statements : statements.slice(0, printed[at]?.length),
            );
            expect({ title, statements: beginnings }).toEqual({ title, statements: printed });
        }

        it(
            "prints what runs on access node and data nodes",
            async () => {
                const { access } = live;

                const node = (resource: LiveResource, at: number, title: string, values: Values = {}): Change => ({
                    title: `${resource.name}: ${title}`,
                    resource,
                    kind: "DataNode",
                    values: () => live.nodeValues(at, values),
                });
                const accessChange = (title: string, values: Values = {}): Change => ({
                    title: `access: ${title}`,
                    resource: access,
                    kind: "AccessNode",
                    values: () => live.accessValues(values),
                });
                const changes: Change[] = [
                    accessChange("made"),
                    accessChange("nothing changes"),
                    accessChange("may be destroyed", { forceDestroy: true }),
                    node(dn1, 0, "made"),
                    node(dn2, 1, "made with options", { serverOptions: { connect_timeout: "8" } }),
                    node(dn2, 1, "other options", { serverOptions: { connect_timeout: "9", keepalives: "1" } }),
                    node(dn2, 1, "an option less", { serverOptions: { keepalives: "1" } }),
                    node(dn2, 1, "no options"),
                    node(dn1, 0, "another host", { host: "localhost" }),
                    node(dn1, 0, "the first host again"),
                    node(dn1, 0, "set aside", { available: false }),
                    node(dn1, 0, "back again"),
                    node(dn1, 0, "to be drained", { drainOnDelete: true }),
                    node(dn1, 0, "not to be drained"),
                    { title: "dn2: removed", resource: dn2, kind: "DataNode" },
                    node(dn2, 1, "made again"),
                ];
                for (const change of changes) {
                    await check(change);
                }
            },
            CHANGE_TIMEOUT_MS * 3,
        );

        it.each(tables(engine).map((life) => [life[0], life] as const))(
            "prints what runs on the table %s",
            async (_title, [name, first, ...later]) => {
                const resource = live.hypertable(name);
                let values: Values = first;
                await check({
                    title: `${name}: made`,
                    resource,
                    kind: "DistributedHypertable",
                    values: () => live.tableValues(name, values),
                });
                for (const [title, change] of later) {
                    values = { ...values, ...change };
                    await check({
                        title: `${name}: ${title}`,
                        resource,
                        kind: "DistributedHypertable",
                        values: () => live.tableValues(name, values),
                    });
                }
                await check({ title: `${name}: removed`, resource, kind: "DistributedHypertable" });
            },
            CHANGE_TIMEOUT_MS * 3,
        );

        it(
            "prints what runs to the end",
            async () => {
                for (const resource of [dn1, dn2]) {
                    await check({ title: `${resource.name}: removed`, resource, kind: "DataNode" });
                }
                await check({ title: "access: removed", resource: live.access, kind: "AccessNode" });
            },
            CHANGE_TIMEOUT_MS,
        );
    });
});

afterAll(() => {
    const engines = multinodeServers.length > 0 ? 2 : 1;
    expect(compared.changes).toBeGreaterThan(70 * engines);
    expect(compared.exact).toBeGreaterThan(compared.changes * 0.8);
    expect(compared.statements).toBeGreaterThan(120 * engines);
});
