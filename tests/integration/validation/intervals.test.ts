import type { Server } from "../../../tools/servers/postgresServer.mjs";
import { ACCEPTED_INTERVALS, REFUSED_INTERVALS } from "../../support/intervals";
import { query } from "../../support/query";
import { describeServers, START_TIMEOUT_MS, startOne } from "../../support/servers";

/** What PostgreSQL takes, and the check refuses all the same: it more likely means something else. */
const REFUSED_ON_PURPOSE: readonly string[] = ["7", "P1", "1:00:60", "infinity"];

describeServers("fdw", (kind) => {
    let server: Server;

    beforeAll(async () => {
        server = await startOne(kind);
    }, START_TIMEOUT_MS);

    afterAll(() => server.stop());

    const isPositive = async (text: string): Promise<boolean | undefined> => {
        const ask = "SELECT $1::interval > interval '0' AS positive";
        return query<{ positive: boolean }>(server, "postgres", ask, [text]).then(([row]) => row?.positive);
    };

    it.each(ACCEPTED_INTERVALS.map((text) => [text]))(
        "%j is an interval above zero to the server too",
        async (text) => {
            await expect(isPositive(text)).resolves.toBe(true);
        },
    );

    it.each(REFUSED_INTERVALS.filter((text) => !REFUSED_ON_PURPOSE.includes(text)).map((text) => [text]))(
        "%j is no interval above zero to the server either",
        async (text) => {
            await expect(isPositive(text).catch(() => false)).resolves.toBe(false);
        },
    );
});
