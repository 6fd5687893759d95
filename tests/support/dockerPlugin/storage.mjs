// @ts-check
/** Networks and volumes. */
import { docker, unlessMissing } from "./engine.mjs";
import { open } from "./values.mjs";

/** @type {import("./main.mjs").ResourceType} */
export const network = {
    computed: ["driver", "internal", "ipamConfigs", "scope"],
    inPlace: [],
    async create(inputs) {
        const { name } = /** @type {{ name: string }} */ (open(inputs));
        const made = await docker.createNetwork({ Name: name, CheckDuplicate: true });
        const { Driver, Internal, Scope } = await made.inspect();
        const outs = { ...inputs, driver: Driver, internal: Internal, ipamConfigs: [], scope: Scope };
        return { id: made.id, outs };
    },
    read: async (id, props) => (await unlessMissing(docker.getNetwork(id).inspect())) && props,
    delete: async (id) => void (await unlessMissing(docker.getNetwork(id).remove())),
};

/** @type {import("./main.mjs").ResourceType} */
export const volume = {
    computed: ["driver", "mountpoint"],
    inPlace: [],
    async create(inputs) {
        const { name } = /** @type {{ name: string }} */ (open(inputs));
        await docker.createVolume({ Name: name });
        const { Driver, Mountpoint } = await docker.getVolume(name).inspect();
        return { id: name, outs: { ...inputs, driver: Driver, mountpoint: Mountpoint } };
    },
    read: async (id, props) => (await unlessMissing(docker.getVolume(id).inspect())) && props,
    delete: async (id) => void (await unlessMissing(docker.getVolume(id).remove())),
};
