import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildOnce, cacheFolder } from "../../../tools/cache.mjs";

/** Above what any kernel gives out. */
const NO_PROCESS = 2 ** 30;

describe("the cache", () => {
    const before = process.env.PULUMI_TIMESCALEDB_CACHE;
    let folder: string;

    beforeEach(() => {
        folder = mkdtempSync(path.join(os.tmpdir(), "cache-"));
        process.env.PULUMI_TIMESCALEDB_CACHE = folder;
    });

    afterEach(() => {
        rmSync(folder, { recursive: true });
        if (before === undefined) delete process.env.PULUMI_TIMESCALEDB_CACHE;
        else process.env.PULUMI_TIMESCALEDB_CACHE = before;
    });

    it("builds once for all who want the same at once", async () => {
        let builds = 0;
        const build = async (unfinished: string): Promise<void> => {
            builds++;
            await sleep(50);
            writeFileSync(path.join(unfinished, "a"), "");
        };
        const folders = await Promise.all([1, 2, 3].map(() => buildOnce("thing", build)));
        expect(new Set(folders)).toEqual(new Set([path.join(cacheFolder(), "thing")]));
        expect(builds).toBe(1);
        expect(readdirSync(folder)).toEqual(["thing"]);
        expect(readdirSync(path.join(folder, "thing"))).toEqual(["a"]);
    });

    it("keeps nothing of a build that failed, and builds again", async () => {
        const failing = buildOnce("thing", async (unfinished) => {
            writeFileSync(path.join(unfinished, "half"), "");
            throw new Error("broken");
        });
        await expect(failing).rejects.toThrow("broken");
        expect(readdirSync(folder)).toEqual([]);
        await buildOnce("thing", async () => undefined);
        expect(existsSync(path.join(folder, "thing"))).toBe(true);
    });

    it("takes over the lock of a process that is gone", async () => {
        writeFileSync(path.join(folder, "thing.lock"), String(NO_PROCESS));
        await buildOnce("thing", async () => undefined);
        expect(readdirSync(folder)).toEqual(["thing"]);
    });

    it("waits for the lock of a process that lives", async () => {
        writeFileSync(path.join(folder, "thing.lock"), String(process.pid));
        const waiting = buildOnce("thing", async () => undefined);
        await sleep(100);
        expect(readdirSync(folder)).toEqual(expect.arrayContaining(["thing.lock"]));
        expect(existsSync(path.join(folder, "thing"))).toBe(false);
        rmSync(path.join(folder, "thing.lock"));
        await waiting;
        expect(readdirSync(folder)).toEqual(["thing"]);
    });
});
