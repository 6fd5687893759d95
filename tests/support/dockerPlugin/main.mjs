// @ts-check
/**
 * A stand-in for Pulumi's docker plugin, for machines that cannot download it: it answers for the few resource types of
 * examples/docker by the Docker API, so that the example itself runs unchanged. It keeps to what was measured of the
 * real plugin 5.2.0: which changes replace, when a container counts as made, what a refresh sees. It is a tool of the
 * tests and belongs to no package.
 *
 * It finds the engine as docker does: DOCKER_HOST, or the socket.
 */
import { createRequire } from "node:module";
import { container } from "./container.mjs";
import { image } from "./image.mjs";
import { network, volume } from "./storage.mjs";
import { changedKeys } from "./values.mjs";

const { main } = createRequire(import.meta.url)("@pulumi/pulumi/provider");

/**
 * @typedef {import("./values.mjs").Values} Values
 * @typedef {object} ResourceType
 * @property {readonly string[]} computed the outputs that are no inputs
 * @property {readonly string[]} inPlace the inputs whose change replaces nothing
 * @property {(inputs: Values) => Promise<{ id: string, outs: Values }>} create
 * @property {(id: string, props: Values) => Promise<Values | undefined>} read undefined: it is gone
 * @property {(id: string, news: Values) => Promise<void>} [update]
 * @property {(id: string, props: Values) => Promise<void>} delete
 */

/** @type {Record<string, ResourceType>} */
const types = {
    "docker:index/container:Container": container,
    "docker:index/network:Network": network,
    "docker:index/remoteImage:RemoteImage": image,
    "docker:index/volume:Volume": volume,
};

/** @param {string} urn */
function typeOf(urn) {
    const name = urn.split("::")[2]?.split("$").at(-1) ?? "";
    const type = types[name];
    if (!type) throw new Error(`the stand-in for the docker plugin has no ${name}`);
    return type;
}

const provider = {
    version: "5.2.0",

    /** @param {string} urn @param {Values} _olds @param {Values} news */
    async check(urn, _olds, news) {
        typeOf(urn);
        return { inputs: news };
    },

    /** @param {string} _id @param {string} urn @param {Values} olds @param {Values} news */
    async diff(_id, urn, olds, news) {
        const { computed, inPlace } = typeOf(urn);
        const changed = changedKeys(olds, news, computed);
        return { changes: changed.length > 0, replaces: changed.filter((key) => !inPlace.includes(key)) };
    },

    /** @param {string} urn @param {Values} inputs */
    async create(urn, inputs) {
        return typeOf(urn).create(inputs);
    },

    /** @param {string} id @param {string} urn @param {Values} props */
    async read(id, urn, props) {
        const found = await typeOf(urn).read(id, props);
        return found ? { id, props: found } : { id: "", props: {} };
    },

    /** @param {string} id @param {string} urn @param {Values} olds @param {Values} news */
    async update(id, urn, olds, news) {
        const type = typeOf(urn);
        await type.update?.(id, news);
        const kept = Object.entries(olds).filter(([key]) => type.computed.includes(key));
        return { outs: { ...Object.fromEntries(kept), ...news } };
    },

    /** @param {string} id @param {string} urn @param {Values} props */
    async delete(id, urn, props) {
        await typeOf(urn).delete(id, props);
    },
};

await main(provider, process.argv.slice(2));
