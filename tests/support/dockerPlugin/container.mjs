// @ts-check
/** Containers. */
import { setTimeout as sleep } from "node:timers/promises";
import { docker, unlessMissing } from "./engine.mjs";
import { open } from "./values.mjs";

const MEGABYTE = 1024 * 1024;
const POLL_MS = 1_000;
const DEFAULT_WAIT_SECONDS = 60;
const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * @typedef {object} ContainerInputs the inputs that the example uses
 * @property {string} name
 * @property {string} image
 * @property {string[]} [envs]
 * @property {string[]} [command]
 * @property {number} [memory]
 * @property {number} [memorySwap]
 * @property {number} [shmSize]
 * @property {{ internal: number, external?: number, ip?: string }[]} [ports]
 * @property {{ name: string, aliases?: string[] }[]} [networksAdvanced]
 * @property {{ volumeName: string, containerPath: string }[]} [volumes]
 * @property {string} [restart]
 * @property {{ tests: string[], interval?: string, timeout?: string, startPeriod?: string, retries?: number }} [healthcheck]
 * @property {boolean} [wait]
 * @property {number} [waitTimeout]
 * @property {string} [stopSignal]
 * @property {number} [destroyGraceSeconds]
 * @property {boolean} [removeVolumes]
 */

/** @type {import("./main.mjs").ResourceType} */
export const container = {
    computed: ["bridge", "hostname", "networkDatas", "exitCode", "containerLogs"],
    inPlace: [
        "memory",
        "memorySwap",
        "restart",
        "destroyGraceSeconds",
        "wait",
        "waitTimeout",
        "removeVolumes",
        "healthcheck",
    ],

    async create(inputs) {
        const wanted = /** @type {ContainerInputs} */ (open(inputs));
        const made = await docker.createContainer(optionsOf(wanted)).catch((error) => {
            throw new Error(`Unable to create container with image ${wanted.image}: ${error.message}`);
        });
        // What does not start stays behind, as it does with the real plugin.
        await made.start();
        const outs = { ...inputs, ...(await computedOf(made)) };
        if (wanted.wait && !(await isHealthyWithin(made, wanted.waitTimeout ?? DEFAULT_WAIT_SECONDS))) {
            const reason = `container ${wanted.name} did not become healthy in time`;
            // Saved, and replaced by the next run: it differs from what is wished.
            throw Object.assign(new Error(reason), {
                id: made.id,
                properties: { ...outs, mustRun: false },
                reasons: [reason],
            });
        }
        return { id: made.id, outs };
    },

    async read(id, props) {
        const found = await unlessMissing(docker.getContainer(id).inspect());
        if (!found) return undefined;
        return found.State.Running ? { ...props, networkDatas: networkDatas(found) } : { ...props, mustRun: false };
    },

    async update(id, news) {
        const { restart, ...wanted } = /** @type {ContainerInputs} */ (open(news));
        await docker.getContainer(id).update({ ...memoryOf(wanted), RestartPolicy: { Name: restart ?? "no" } });
    },

    async delete(id, props) {
        const { destroyGraceSeconds, removeVolumes } = /** @type {ContainerInputs} */ (open(props));
        const found = docker.getContainer(id);
        if (destroyGraceSeconds && (await unlessMissing(found.inspect()))?.State.Running) {
            await found.stop({ t: destroyGraceSeconds });
        }
        await unlessMissing(found.remove({ force: true, v: removeVolumes ?? true }));
    },
};

/**
 * @param {ContainerInputs} inputs
 * @returns {import("dockerode").ContainerCreateOptions}
 */
function optionsOf(inputs) {
    const { ports = [], networksAdvanced = [], volumes = [], healthcheck, shmSize } = inputs;
    return {
        name: inputs.name,
        Image: inputs.image,
        Env: inputs.envs,
        Cmd: inputs.command,
        StopSignal: inputs.stopSignal,
        Healthcheck: healthcheck && {
            Test: healthcheck.tests,
            Interval: nanoseconds(healthcheck.interval),
            Timeout: nanoseconds(healthcheck.timeout),
            StartPeriod: nanoseconds(healthcheck.startPeriod),
            Retries: healthcheck.retries,
        },
        ExposedPorts: Object.fromEntries(ports.map(({ internal }) => [`${internal}/tcp`, {}])),
        HostConfig: {
            ...memoryOf(inputs),
            ShmSize: shmSize && shmSize * MEGABYTE,
            PortBindings: Object.fromEntries(
                ports.map(({ internal, external, ip }) => [
                    `${internal}/tcp`,
                    [{ HostPort: String(external ?? ""), HostIp: ip ?? "0.0.0.0" }],
                ]),
            ),
            Binds: volumes.map(({ volumeName, containerPath }) => `${volumeName}:${containerPath}`),
            RestartPolicy: { Name: inputs.restart ?? "no" },
        },
        NetworkingConfig: {
            EndpointsConfig: Object.fromEntries(
                networksAdvanced.map(({ name, aliases }) => [name, { Aliases: aliases }]),
            ),
        },
    };
}

/** @param {ContainerInputs} inputs */
function memoryOf({ memory, memorySwap }) {
    return { Memory: memory && memory * MEGABYTE, MemorySwap: memorySwap && memorySwap * MEGABYTE };
}

/** @param {string | undefined} duration such as "1m30s" */
function nanoseconds(duration = "0s") {
    const parts = [...duration.matchAll(/(\d+)(ms|[smh])/g)];
    const sum = parts.reduce(
        (total, [, count, unit]) => total + Number(count) * UNITS_MS[/** @type {keyof UNITS_MS} */ (unit)],
        0,
    );
    return sum * 1_000_000;
}

/** @param {import("dockerode").Container} made */
async function computedOf(made) {
    const found = await made.inspect();
    return {
        bridge: "",
        hostname: found.Config.Hostname,
        networkDatas: networkDatas(found),
        // Docker makes one where none is given, and the next run sees that none was wished.
        memorySwap: Number(found.HostConfig.MemorySwap) / MEGABYTE,
    };
}

/** @param {import("dockerode").ContainerInspectInfo} found */
function networkDatas(found) {
    return Object.entries(found.NetworkSettings.Networks).map(([networkName, { IPAddress, Gateway, IPPrefixLen }]) => ({
        networkName,
        ipAddress: IPAddress,
        gateway: Gateway,
        ipPrefixLength: IPPrefixLen,
    }));
}

/**
 * @param {import("dockerode").Container} made
 * @param {number} seconds
 */
async function isHealthyWithin(made, seconds) {
    const end = Date.now() + seconds * 1_000;
    while (Date.now() < end) {
        const state = (await unlessMissing(made.inspect()))?.State;
        if (state?.Health?.Status === "healthy") return true;
        await sleep(POLL_MS);
    }
    return false;
}
