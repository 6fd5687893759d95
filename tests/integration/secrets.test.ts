/** Data nodes' passwords: they are in no server's log, and a wrong one is refused before it is kept. */
import { readFileSync } from "node:fs";
import { closePools } from "../../provider/postgres/pool";
import { query } from "../support/query";
import { describeServers, realServersOnly } from "../support/servers";
import { withCluster } from "../support/withCluster";

const TIMEOUT_MS = 120_000;
const NEW_PASSWORD = "new'canary%s\\password";

describe.each(["multinode", "fdw"] as const)("%s", (engine) => {
    describeServers(engine, (kind) => {
        const cluster = withCluster(kind, {
            nodes: 1,
            built: "access node",
            // More than log_statement = 'ddl', with which the same statements are logged without what is bound to them.
            settings: { log_statement: "all", log_min_duration_statement: "0" },
        });
        const { live, serverOf } = cluster;
        const onRealServers = realServersOnly(kind, "servers' logs are read");

        /** Changes the role's password on the node, and returns the inputs that go with it. */
        async function rotate(password: string): Promise<Record<string, unknown>> {
            await query(serverOf(0), "postgres", `ALTER ROLE postgres PASSWORD '${password.replaceAll("'", "''")}'`);
            const connection = { ...(live.nodeValues(0).connection as object), password };
            return { password, connection };
        }

        async function restorePassword(): Promise<void> {
            const { host, port, user, password } = serverOf(0);
            await closePools();
            await query(
                { host, port, user, password: NEW_PASSWORD },
                "postgres",
                `ALTER ROLE postgres PASSWORD '${password}'`,
            );
        }

        /** What the servers log while something is done. */
        async function logOf(work: () => Promise<unknown>): Promise<string> {
            const before = cluster.all.map(({ logFile }) => readFileSync(logFile).length);
            await work();
            return cluster.all
                .map(({ logFile }, index) => readFileSync(logFile).subarray(before[index]).toString("utf8"))
                .join("\n");
        }

        onRealServers.it(
            "keeps passwords out of the servers' logs, whatever becomes of the operation",
            async () => {
                const node = live.node(0);
                const created = await logOf(() => node.create(live.nodeValues(0)));
                expect(created).toContain("USER MAPPING");
                expect(created).not.toContain(serverOf(0).password);
                const values = await rotate(NEW_PASSWORD);
                try {
                    const updated = await logOf(() => node.update(live.nodeValues(0, values)));
                    expect(updated).toContain("USER MAPPING");
                    expect(updated).not.toContain("canary");
                    const failed = await logOf(() =>
                        expect(
                            node.update(live.nodeValues(0, { ...values, password: "wrong canary" })),
                        ).rejects.toThrow(),
                    );
                    expect(failed).toContain("USER MAPPING");
                    expect(failed).not.toContain("canary");
                } finally {
                    await restorePassword();
                }
                const deleted = await logOf(async () => {
                    await node.update(live.nodeValues(0));
                    await node.delete();
                });
                expect(deleted).not.toContain(serverOf(0).password);
            },
            TIMEOUT_MS,
        );

        it(
            "refuses a password, or a user, that the node refuses, and keeps what works",
            async () => {
                const node = live.node(0);
                await node.create(live.nodeValues(0));
                for (const wrong of [{ password: "wrong" }, { user: "nobody" }]) {
                    const told = await node.update(live.nodeValues(0, wrong)).then(() => "accepted", String);
                    expect(told).toContain("AUTHENTICATION_FAILED");
                    expect(told).toMatch(/dn1/);
                    expect(told).toContain(`"${wrong.user ?? "postgres"}"`);
                }
                await node.update(live.nodeValues(0));
                await node.expectNoDrift();
                await node.delete();
            },
            TIMEOUT_MS,
        );
    });
});
