/**
 * An installation of PostgreSQL whose TimescaleDB packages hold another version than the real one has: its programs
 * find their files relative to themselves, so a folder of links does. The extension is only offered there, under the
 * other version; it must not be created.
 */
import { execFileSync } from "node:child_process";
import {
    chmodSync,
    copyFileSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Makes the installation and returns its folder, and in it that of the programs. */
export function offerOtherVersion(binFolder: string, version: string): { folder: string; binFolder: string } {
    const ask = (option: string): string =>
        execFileSync(path.join(binFolder, "pg_config"), [option], { encoding: "utf8" }).trim();
    const folders = { bin: ask("--bindir"), library: ask("--pkglibdir"), share: ask("--sharedir") };
    const root = commonFolder(Object.values(folders));
    const folder = mkdtempSync(path.join(tmpdir(), "pulumi-timescaledb-version-"));
    chmodSync(folder, 0o755);
    const inside = (original: string): string => path.join(folder, path.relative(root, original));

    mkdirSync(inside(folders.bin), { recursive: true });
    for (const program of ["postgres", "initdb"]) {
        copyFileSync(path.join(folders.bin, program), path.join(inside(folders.bin), program));
    }
    link(folders.library, inside(folders.library), () => true);
    link(folders.share, inside(folders.share), (name) => name !== "extension");

    const extensions = path.join(folders.share, "extension");
    link(extensions, inside(extensions), (name) => !name.startsWith("timescaledb"));
    const control = readFileSync(path.join(extensions, "timescaledb.control"), "utf8");
    const real = /default_version *= *'(.+)'/.exec(control)?.[1] ?? "";
    writeFileSync(path.join(inside(extensions), "timescaledb.control"), control.replaceAll(real, version));
    symlinkSync(
        path.join(extensions, `timescaledb--${real}.sql`),
        path.join(inside(extensions), `timescaledb--${version}.sql`),
    );
    return { folder, binFolder: inside(folders.bin) };
}

function link(from: string, to: string, isMeant: (name: string) => boolean): void {
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from).filter(isMeant)) {
        symlinkSync(path.join(from, name), path.join(to, name));
    }
}

function commonFolder(folders: readonly string[]): string {
    const parts = folders.map((folder) => folder.split(path.sep));
    const first = parts[0] ?? [];
    const length = first.findIndex((part, i) => parts.some((other) => other[i] !== part));
    return first.slice(0, length).join(path.sep);
}
