import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import path from "node:path";

const REPOSITORY = path.join(__dirname, "..", "..");

/** Before the contract tier: the SDK's process loads the built package, so it is built where sources are newer. */
export default function buildWhereStale(): void {
    const built = statSync(path.join(REPOSITORY, "dist", "index.js"), { throwIfNoEntry: false });
    if (built === undefined || newestSource() > built.mtimeMs) {
        execFileSync("npm", ["run", "--silent", "build"], { cwd: REPOSITORY, stdio: "inherit" });
    }
}

function newestSource(): number {
    const folder = path.join(REPOSITORY, "provider");
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
    return Math.max(...files.map((file) => statSync(path.join(folder, file)).mtimeMs));
}
