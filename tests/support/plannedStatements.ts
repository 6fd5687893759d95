/** Printed plans and servers' logs, brought to one form so that they can be compared. */
import { redact } from "../../provider/errors";
import { accessNode, dataNode, distributedHypertable } from "../../provider/handlers";
import { NEW_CLUSTER_ID } from "../../provider/handlers/planning/pendingClusters";
import type { Announced } from "../../provider/handlers/operation";
import type { PlannedOperation, Planner } from "../../provider/handlers/planning/planner";
import { planners } from "../../provider/handlers/planning/planners";
import type { LiveResource } from "./life";
import { StatementLog, type Statement } from "./statementLog";
import type { TestCluster } from "./servers";

type Values = Record<string, unknown>;

/** The kinds of resources. */
export type KindName = "AccessNode" | "DataNode" | "DistributedHypertable";

const handlers = { AccessNode: accessNode, DataNode: dataNode, DistributedHypertable: distributedHypertable };

/** pg's own spelling of a value, which has no types. */
const { prepareValue } = jest.requireActual<{ prepareValue: (value: unknown) => unknown }>("pg/lib/utils");

/** What stands around the steps of every operation. */
const AROUND = new Set(["BEGIN", "COMMIT", "ROLLBACK", "SELECT 1"]);

/** The planner of a kind. */
export function plannerOf(kind: KindName): Planner {
    const planner = planners[kind];
    if (planner === undefined) throw new Error(`no planner of ${kind}`);
    return planner;
}

/** The inputs as Pulumi hands them to an operation: checked, and through JSON. */
export async function checked(kind: KindName, { name, inputs }: LiveResource, values: Values): Promise<Values> {
    const answer = await handlers[kind].check(inputs, { logicalUrn: `urn:test::${name}`, ...values });
    expect(answer.failures).toEqual([]);
    return JSON.parse(JSON.stringify(answer.inputs)) as Values;
}

/** Sends every statement by which planning reads: with what is known of the resource, and without the spellings in it. */
export async function readAgain(
    planner: Planner,
    { id, inputs, outputs }: LiveResource,
    announced: Announced,
): Promise<void> {
    if (id === undefined) {
        await planner(announced);
        return;
    }
    await planner({ operation: "update", outputs, inputs });
    await planner({ operation: "update", outputs: { ...outputs, canonical: {} }, inputs });
}

/** The statements of a cluster's servers. */
export class ClusterLog {
    private readonly logs: StatementLog[];
    private readonly secrets: string[];

    constructor(private readonly cluster: TestCluster) {
        this.logs = cluster.all.map((server) => new StatementLog(server));
        this.secrets = cluster.all.flatMap(({ password }) => (password === undefined ? [] : [password]));
    }

    /** What each server has logged since it was asked last. */
    next(): Promise<Statement[][]> {
        return Promise.all(this.logs.map((log) => log.next()));
    }

    /** What of the logs changed something: the rest is what planning alone sends too. */
    stepsIn(logged: readonly Statement[][], ...reads: readonly Statement[][][]): Statement[][] {
        return logged.map((statements, server) => {
            const known = new Set(reads.flatMap((each) => each[server] ?? []).map(({ sql }) => sql));
            return statements
                .filter(({ sql }) => !known.has(sql) && !AROUND.has(sql) && !sql.startsWith("SELECT pg_advisory_lock"))
                .map(({ sql, parameters }) =>
                    plainForm({ sql: redact(sql, this.secrets), parameters: redact(parameters, this.secrets) }),
                );
        });
    }

    /** What a plan prints for each server, spelled as logs spell it. */
    printed({ steps }: PlannedOperation, clusterId: unknown): Statement[][] {
        return this.cluster.all.map(({ port }) =>
            steps
                .filter(({ server }) => server.endsWith(`:${port})`))
                .map(({ sql, values }) =>
                    plainForm({
                        sql: sql.replaceAll(NEW_CLUSTER_ID, String(clusterId ?? "")),
                        parameters: values.map((value, at) => `$${at + 1} = ${parameterText(value)}`).join(", "),
                    }),
                ),
        );
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
