// @ts-check
/** Images: those that are there, else pulled. */
import { docker, unlessMissing } from "./engine.mjs";
import { open } from "./values.mjs";

/** @typedef {{ name: string, keepLocally?: boolean }} ImageInputs */

/** @type {import("./main.mjs").ResourceType} */
export const image = {
    computed: ["imageId", "repoDigest"],
    inPlace: ["keepLocally", "forceRemove"],
    async create(inputs) {
        const { name } = /** @type {ImageInputs} */ (open(inputs));
        const found = (await unlessMissing(docker.getImage(name).inspect())) ?? (await pull(name));
        const outs = { ...inputs, imageId: found.Id, repoDigest: found.RepoDigests[0] ?? "" };
        return { id: `${found.Id}${name}`, outs };
    },
    async read(_id, props) {
        const { name } = /** @type {ImageInputs} */ (open(props));
        const found = await unlessMissing(docker.getImage(name).inspect());
        return found && { ...props, imageId: found.Id };
    },
    async delete(_id, props) {
        const { name, keepLocally } = /** @type {ImageInputs} */ (open(props));
        if (!keepLocally) await unlessMissing(docker.getImage(name).remove());
    },
};

/** @param {string} name */
async function pull(name) {
    try {
        const progress = await docker.pull(name);
        await new Promise((resolve, reject) =>
            docker.modem.followProgress(progress, (error, result) => (error ? reject(error) : resolve(result))),
        );
        return await docker.getImage(name).inspect();
    } catch (error) {
        throw new Error(`Unable to read Docker image into resource: unable to pull image ${name}: ${String(error)}`, {
            cause: error,
        });
    }
}
