/**
 * What `plan` prints is what the servers' logs then show. Each change is planned, then done as Pulumi does it, and the
 * statements that the servers logged in between are compared with the printed ones, server by server and in order.
 */
import type { Announced, PlannedOperation, Planner } from "../../provider/handlers/planner";
import { Horizon, NEW_CLUSTER_ID } from "../../provider/handlers/horizon";
import { planners } from "../../provider/handlers/planners";
import { redact } from "../../provider/errors";
import { UNKNOWN } from "../../provider/validation/unknown";
import { accessNode, dataNode, distributedHypertable } from "../../provider/handlers";
import { LiveCluster, type LiveResource } from "../support/life";
import { tables } from "../support/planCorpus";
import { describeServers, newestFdwServer, startCluster, START_TIMEOUT_MS, type TestCluster } from "../support/servers";
import { LOGGING, StatementLog, type Statement } from "../support/statementLog";

type Values = Record<string, unknown>;

const handlers = { AccessNode: accessNode, DataNode: dataNode, DistributedHypertable: distributedHypertable };

/** pg's own spelling of a value, which has no types. */
const { prepareValue } = jest.requireActual<{ prepareValue: (value: unknown) => unknown }>("pg/lib/utils");

const CHANGE_TIMEOUT_MS = 60_000;

/** The change of a resource, as the corpus describes it. */
interface Change {
    readonly title: string;
    readonly resource: LiveResource;
    readonly kind: "AccessNode" | "DataNode" | "DistributedHypertable";
    /** undefined: delete. */
    readonly values?: () => Values;
}

/** How often a kind of comparison was made, for the corpus must hold what it is there for. */
const compared = { changes: 0, exact: 0, statements: 0, refused: 0, continued: 0 };

/** What stands around the steps of every operation. */
const AROUND = new Set(["BEGIN", "COMMIT", "ROLLBACK", "SELECT 1"]);

/** The inputs as Pulumi hands them to an operation: checked, and through JSON. */
async function checked(kind: Change["kind"], { name, inputs }: LiveResource, values: Values): Promise<Values> {
    const answer = await handlers[kind].check(inputs, { logicalUrn: `urn:test::${name}`, ...values });
    expect(answer.failures).toEqual([]);
    return JSON.parse(JSON.stringify(answer.inputs)) as Values;
}

/** Sends every statement by which planning reads: with what is known of the resource, and without the spellings in it. */
async function readAgain(planner: Planner, { id, inputs, outputs }: LiveResource, announced: Announced): Promise<void> {
    if (id === undefined) {
        await planner(announced);
        return;
    }
    await planner({ operation: "update", outputs, inputs });
    await planner({ operation: "update", outputs: { ...outputs, canonical: {} }, inputs });
}

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

/** A bound value as the server's log has it. */
function parameterText(value: unknown): string {
    const text = prepareValue(value) as string | null;
    return text === null ? "NULL" : `'${String(text).replaceAll("'", "''")}'`;
}

/** Logs show bound values in the server's own form: booleans, and names without the quotes that they do not need. */
function plainForm({ sql, parameters }: Statement): Statement {
    return {
        // Drawn anew by every create.
        sql: sql.replaceAll("'[secret]'", "[secret]").replace(/"claim":"[^"]*"/, '"claim":"drawn"'),
        parameters: parameters
            .replaceAll("'[secret]'", "[secret]")
            .replaceAll("'true'", "'t'")
            .replaceAll("'false'", "'f'")
            .replaceAll('"', "")
            .replaceAll("public.", ""),
    };
}

describe.each(["multinode", "fdw"] as const)("the plan with the engine %s", (engine) => {
    describeServers(engine, (kind) => {
        // Plans differ between engines, hardly between versions of PostgreSQL: all of them with TEST_MATRIX=1.
        if (engine === "fdw" && kind !== newestFdwServer && !process.env.TEST_MATRIX) {
            return;
        }
        let cluster: TestCluster;
        let live: LiveCluster;
        let logs: StatementLog[];
        let secrets: string[];
        let dn1: LiveResource;
        let dn2: LiveResource;

        beforeAll(async () => {
            cluster = await startCluster(kind, { nodes: 2, settings: LOGGING });
            live = new LiveCluster(cluster, "planned");
            [dn1, dn2] = [live.node(0), live.node(1)];
            logs = cluster.all.map((server) => new StatementLog(server));
            secrets = cluster.all.flatMap(({ password }) => (password === undefined ? [] : [password]));
        }, START_TIMEOUT_MS);
        afterAll(() => cluster?.stop(), START_TIMEOUT_MS);

        const sinceThen = (): Promise<Statement[][]> => Promise.all(logs.map((log) => log.next()));

        /** Plans a change, does it, and compares. */
        async function check({ title, resource, kind: name, values }: Change): Promise<void> {
            const planner = planners[name];
            if (planner === undefined) throw new Error(`no planner of ${name}`);
            const wanted = values === undefined ? undefined : await checked(name, resource, values());
            const announced: Announced =
                wanted === undefined
                    ? { operation: "delete", outputs: resource.outputs }
                    : resource.id === undefined
                      ? { operation: "create", inputs: wanted }
                      : { operation: "update", outputs: resource.outputs, inputs: wanted };
            await sinceThen();
            const plan = await planner(announced);
            const before = await sinceThen();
            const failure = await act(resource, announced.operation, values?.());
            const done = await sinceThen();
            await readAgain(planner, resource, announced);
            const after = await sinceThen();
            compared.changes++;

            const label = `${title}: ${plan.unknown ?? plan.refusal ?? ""} (${String(failure)})`;
            expect([label, plan.unknown]).toEqual([label, null]);
            expect([label, failure === undefined]).toEqual([label, plan.refusal === null]);
            const printed = cluster.all.map(({ port }) =>
                printedFor(plan, port, String(live.access.outputs.clusterId ?? "")),
            );
            const ran = done.map((statements, at) => stepsIn(statements, [...before[at]!, ...after[at]!]));
            compared.statements += printed.flat().length;
            if (plan.refusal !== null) {
                compared.refused++;
            }
            if (plan.more === null) {
                compared.exact++;
                expect({ title, statements: ran }).toEqual({ title, statements: printed });
            } else {
                compared.continued++;
                expect(printed.flat().length).toBeGreaterThan(0);
                const beginnings = ran.map((statements, at) => statements.slice(0, printed[at]?.length));
                expect({ title, statements: beginnings }).toEqual({ title, statements: printed });
            }
        }

        /** What the plan prints for one server, spelled as logs spell it. */
        function printedFor({ steps }: PlannedOperation, port: number, clusterId: string): Statement[] {
            return steps
                .filter(({ server }) => server.endsWith(`:${port})`))
                .map(({ sql, values }) =>
                    plainForm({
                        sql: sql.replaceAll(NEW_CLUSTER_ID, clusterId),
                        parameters: values.map((value, at) => `$${at + 1} = ${parameterText(value)}`).join(", "),
                    }),
                );
        }

        /** What of a log changed something: the rest is what planning alone sends too. */
        function stepsIn(statements: readonly Statement[], reads: readonly Statement[]): Statement[] {
            const known = new Set(reads.map(({ sql }) => sql));
            return statements
                .filter(({ sql }) => !known.has(sql) && !AROUND.has(sql) && !sql.startsWith("SELECT pg_advisory_lock"))
                .map(({ sql, parameters }) =>
                    plainForm({ sql: redact(sql, secrets), parameters: redact(parameters, secrets) }),
                );
        }

        it(
            "prints what runs in a stack of which nothing is there yet",
            async () => {
                const coming = new LiveCluster(cluster, "coming");
                const reference = { ...coming.reference(), id: UNKNOWN, connection: coming.accessValues().connection };
                const nodes = [coming.node(0), coming.node(1)];
                const tablesOf = (name: string, values: Values): readonly [LiveResource, string, Values] => [
                    coming.hypertable(name),
                    "DistributedHypertable",
                    coming.tableValues(name, values),
                ];
                const resources: (readonly [LiveResource, string, Values])[] = [
                    [coming.access, "AccessNode", coming.accessValues()],
                    ...nodes.map((node, at) => [node, "DataNode", coming.nodeValues(at)] as const),
                    tablesOf("conditions", {}),
                    tablesOf("elsewhere", {
                        schema: "Ünusual",
                        primaryKey: ["device", "time"],
                        indexes: [{ columns: ["temp"] }],
                        ...(engine === "fdw" ? { lastPoint: true } : { numberPartitions: 5 }),
                    }),
                ];
                const horizon = new Horizon();
                const plans: PlannedOperation[] = [];
                for (const [resource, name, values] of resources) {
                    const known = "accessNode" in values ? { ...values, accessNode: reference } : values;
                    const inputs = await checked(name as Change["kind"], resource, known);
                    plans.push(await planners[name]!({ operation: "create", inputs }, horizon));
                }
                await sinceThen();
                for (const [at, [resource, name, values]] of resources.entries()) {
                    const known = "accessNode" in values ? { ...values, accessNode: coming.reference() } : values;
                    const plan = plans[at]!;
                    expect({ name, unknown: plan.unknown, refusal: plan.refusal, more: plan.more }).toEqual({
                        name,
                        unknown: null,
                        refusal: null,
                        more: null,
                    });
                    const inputs = await checked(name as Change["kind"], resource, known);
                    await planners[name]!({ operation: "create", inputs });
                    const before = await sinceThen();
                    await resource.create(known);
                    const done = await sinceThen();
                    const again: Announced = {
                        operation: "update",
                        outputs: resource.outputs,
                        inputs: resource.inputs,
                    };
                    await readAgain(planners[name]!, resource, again);
                    const reads = await sinceThen();
                    const id = String(coming.access.outputs.clusterId);
                    const printed = cluster.all.map(({ port }) => printedFor(plan, port, id));
                    expect({
                        name,
                        steps: done.map((statements, server) =>
                            stepsIn(statements, [...before[server]!, ...reads[server]!]),
                        ),
                    }).toEqual({
                        name,
                        steps: printed,
                    });
                    compared.changes++;
                    compared.exact++;
                    compared.statements += printed.flat().length;
                }
                for (const [resource] of [...resources].reverse()) {
                    await resource.delete();
                }
            },
            CHANGE_TIMEOUT_MS * 2,
        );

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
    expect(compared.changes).toBeGreaterThan(100);
    expect(compared.exact).toBeGreaterThan(compared.changes * 0.8);
    expect(compared.statements).toBeGreaterThan(200);
});
