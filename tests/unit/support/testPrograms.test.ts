import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { ensureTestPrograms } from "../../../tools/testPrograms.mjs";

it("does without programs that cannot be installed", async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "no-programs-"));
    const before = process.env.PATH;
    try {
        fs.writeFileSync(path.join(folder, "apt-get"), "#!/bin/sh\nexit 100\n", { mode: 0o755 });
        process.env.PATH = folder;
        await expect(ensureTestPrograms()).resolves.toBe("chromium: none, psql: none");
    } finally {
        process.env.PATH = before;
        fs.rmSync(folder, { recursive: true });
    }
});
