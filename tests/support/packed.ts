/** The package as npm packs it, of what is built. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "../../tools/command.mjs";
import { environmentWithoutNpm } from "../../tools/npmPackages.mjs";

const REPOSITORY = path.resolve(__dirname, "..", "..");

/** A packed package. */
export interface Packed {
    /** The .tgz file. */
    readonly tarball: string;
    /** The paths of the files in it. */
    readonly files: readonly string[];
    /** Removes the file. */
    remove(): void;
}

/** Packs it into a folder of its own: package managers keep what they once installed by a tarball's path. */
export async function pack(): Promise<Packed> {
    const folder = mkdtempSync(path.join(tmpdir(), "packed-"));
    const remove = (): void => rmSync(folder, { recursive: true });
    try {
        // Scripts would build dist/ under the feet of others that read it.
        const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
            cwd: REPOSITORY,
            env: environmentWithoutNpm(),
        });
        const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
        return { tarball: path.join(folder, filename), files: files.map((file) => file.path), remove };
    } catch (error) {
        remove();
        throw error;
    }
}
