// @ts-check
/**
 * Builds the pulumi CLI from the public Go modules. Each of the two programs has a folder with its go.mod and go.sum:
 * the engine, and the Node.js language host, of which only older versions are modules that every Go proxy has.
 */
import fs from "node:fs";
import path from "node:path";
import { findCommand, run } from "../command.mjs";

const VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";
const BUILD_TIMEOUT_MS = 1_800_000;

/** The small one first: what is wrong with Go or the network shows within seconds. */
const PROGRAMS = [
    {
        name: "pulumi-language-nodejs",
        folder: "language-nodejs",
        pkg: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    },
    { name: "pulumi", folder: "engine", pkg: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi" },
];

/**
 * @param {{ bin: string, version: string, repository: string }} options
 */
export async function buildFromModules({ bin, version, repository }) {
    const go = findGo();
    const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -buildvcs=false", GOWORK: "off" };
    const ldflags = `-s -w -X ${VERSION_VARIABLE}=v${version}`;
    for (const { name, folder, pkg } of PROGRAMS) {
        const args = ["build", "-trimpath", "-o", path.join(bin, name), "-ldflags", ldflags, pkg];
        await run(go, args, { cwd: path.join(import.meta.dirname, folder), env, timeoutMs: BUILD_TIMEOUT_MS });
    }
    // The engine starts dynamic providers by this script and looks for it beside itself.
    const script = "pulumi-resource-pulumi-nodejs";
    const installed = path.join(repository, "node_modules", "@pulumi", "pulumi", script);
    fs.copyFileSync(installed, path.join(bin, script));
    fs.chmodSync(path.join(bin, script), 0o755);
}

/** @returns {string} */
function findGo() {
    const [go] = findCommand("go", ["/usr/local/go/bin"]);
    if (!go)
        throw new Error(
            "there is no Go to build pulumi with: install Go 1.25 or later (https://go.dev/dl/), or pulumi",
        );
    return go;
}
