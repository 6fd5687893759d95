/** examples/docker when a run is disturbed, with TLS from the start, and with data nodes that come and go. */
import { setTimeout as sleep } from "node:timers/promises";
import { docker, dockerObjects, dockerTests, serverName } from "../support/docker";
import { makeCertificate, openDockerExample, succeeded, type DockerExample } from "../support/dockerExample";
import { TUTORIAL_ROW_COUNT } from "../support/tutorial";

const TIMEOUT_MS = 600_000;
const POLL_MS = 100;

jest.setTimeout(TIMEOUT_MS);

for (const { title, reason } of dockerTests.skipped) {
    it.skip(`disturbs the example on ${title} (skipped: ${reason})`, () => undefined);
}

for (const { title, image, engine } of dockerTests.kinds.filter(({ isBrief }) => !isBrief)) {
    describe(`the Docker example with a certificate on ${title}`, () => {
        const { certificate, key } = makeCertificate();
        let project: DockerExample;

        beforeAll(async () => {
            project = await openDockerExample(image, { tlsCertificate: certificate }, { tlsKey: key });
        });

        afterAll(() => project?.end());

        it("is finished by the next run when a container was killed during the first", async () => {
            const running = project.start("up", ["--skip-preview"]);
            const healthy = (): Promise<string> => docker("ps", "--filter", "health=healthy");
            while (!(await healthy()).includes(serverName("access"))) await sleep(POLL_MS);
            await docker("kill", serverName("dn2"));
            const disturbed = await running.done;
            const complaint = disturbed.code === 0 ? "none about dn2" : disturbed.output;
            expect(complaint).toContain("dn2");
            await project.apply(["--refresh"]);
            await project.loadRows();
            expect(await project.countRows()).toBe(TUTORIAL_ROW_COUNT);
            expect((await project.apply(["--refresh"])).realChanges).toEqual({});
        });

        it("encrypts the connections of the provider and those between the servers", async () => {
            const [plain] = await project.sql(
                `SELECT count(*)::integer AS count FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                 WHERE NOT ssl AND client_addr <> inet_server_addr() AND pid <> pg_backend_pid()`,
                1,
            );
            expect(plain).toEqual({ count: 0 });
            expect(await project.sql("SHOW ssl")).toEqual([{ ssl: "on" }]);
        });

        it("trusts no other certificate", async () => {
            await project.config({ tlsCertificate: makeCertificate().certificate });
            expect((await project.preview(["--refresh"])).output).toMatch(/certificate/);
            await project.config({ tlsCertificate: certificate });
        });

        if (engine === "multinode") {
            it("spreads new rows over a data node that was added, and moves them away before it goes", async () => {
                await project.config({ dataNodes: "3" });
                await project.apply();
                await project.sql(
                    "INSERT INTO conditions SELECT time + interval '1 year', device, temp FROM conditions",
                );
                expect(await project.rowsOnNode(3)).toBeGreaterThan(TUTORIAL_ROW_COUNT / 10);
                await project.config({ dataNodes: "2" });
                await project.apply();
                expect(await project.countRows()).toBe(2 * TUTORIAL_ROW_COUNT);
                expect((await dockerObjects()).join()).not.toContain("dn3");
            });
        }

        it("refuses to destroy rows that are not to be destroyed", async () => {
            const rows = await project.countRows();
            await project.config({ forceDestroy: "false" });
            await project.apply();
            const refused = await project.destroy(["--skip-preview"]);
            expect(refused.code).not.toBe(0);
            expect(refused.output).toContain("HOLDS_DATA");
            expect(await project.countRows()).toBe(rows);
            await project.config({ forceDestroy: "true" });
            await project.apply();
            succeeded(await project.destroy(["--skip-preview"]));
            expect(await dockerObjects()).toEqual([]);
        });
    });
}
