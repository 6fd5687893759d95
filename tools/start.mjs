// @ts-check
/**
 * What `npm start` runs: three servers, the real `pulumi up`, the tutorial's rows and questions, a look at the cluster,
 * `pulumi destroy`, and a look at what is left. Everything it starts is gone at the end, also after Ctrl-C.
 *
 *     npm start                        PostgreSQL from npm
 *     npm start -- --servers local     an installed PostgreSQL with TimescaleDB 2.0 to 2.13
 *     npm start -- --servers docker    the image in TIMESCALEDB_IMAGE
 *     npm start -- --keep              leaves it running, and says how to connect and how to stop it
 *     npm start -- --stop              stops what --keep left
 */
import path from "node:path";
import { parseArgs } from "node:util";
import { build, installDependencies, REPOSITORY } from "./setUp.mjs";

const SERVERS = ["embedded", "local", "docker"];

const { values } = parseArgs({
    options: {
        servers: { type: "string", default: "embedded" },
        keep: { type: "boolean", default: false },
        stop: { type: "boolean", default: false },
        picture: { type: "string", default: path.join(REPOSITORY, "cluster.svg") },
    },
});
if (!SERVERS.includes(values.servers)) {
    console.error(`--servers takes ${SERVERS.join(", ")}, not ${values.servers}`);
    process.exit(2);
}

const steps = await import("./start/steps.mjs");
if (values.stop) {
    await steps.stopKept();
} else {
    await steps.step("packages", installDependencies);
    await steps.step("build", build);
    // Only now is there what these import.
    const { demonstrate } = await import("./start/demonstrate.mjs");
    await demonstrate(values);
}
