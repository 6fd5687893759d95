// @ts-check
/**
 * Images to run examples/docker on: the published ones where they are there or can be pulled, else images made of
 * Debian's packages, which needs root, Debian, and a minute each. They are made once a machine.
 *
 *     const { kinds, skipped } = await ensureImages({ log: console.error });
 */
import { run } from "../command.mjs";
import { debianImageName, makeDebianImage } from "./debianImage.mjs";

const PULL_TIMEOUT_MS = 300_000;
const QUERY_TIMEOUT_MS = 30_000;

/**
 * @typedef {object} ImageKind
 * @property {string} title for the title of a describe block
 * @property {"multinode" | "fdw"} engine that the provider chooses on it
 * @property {string} image
 * @property {boolean} isBrief whether the first cases are enough: others on the same engine run on it as well
 *
 * @typedef {import("./debianImage.mjs").Recipe} Recipe
 */

/** @type {readonly (ImageKind & { recipe?: Recipe })[]} */
const KINDS = [
    {
        title: "TimescaleDB 2.13.1 on PostgreSQL 15",
        engine: "multinode",
        image: "timescale/timescaledb:2.13.1-pg15",
        isBrief: false,
    },
    {
        title: "PostgreSQL 15",
        engine: "fdw",
        image: "postgres:15",
        isBrief: true,
        recipe: { suite: "bookworm", major: 15, packages: ["postgresql-15"], timescaledb: false },
    },
    {
        title: "TimescaleDB 2.19 on PostgreSQL 17",
        engine: "fdw",
        image: "timescale/timescaledb:2.19.3-pg17",
        isBrief: false,
        recipe: {
            suite: "trixie",
            major: 17,
            packages: ["postgresql-17", "postgresql-17-timescaledb"],
            timescaledb: true,
        },
    },
];

/**
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<{ kinds: ImageKind[], skipped: { title: string, reason: string }[] }>}
 */
export async function ensureImages({ log = () => undefined } = {}) {
    /** @type {ImageKind[]} */
    const kinds = [];
    const skipped = [];
    for (const { recipe, ...kind } of KINDS) {
        try {
            kinds.push({ ...kind, image: await ensureImage(kind.image, recipe, log) });
        } catch (error) {
            const reason = error instanceof Error ? error.message.split("\n").at(-1) : String(error);
            skipped.push({
                title: kind.title,
                reason: `${kind.image} is not there and cannot be pulled or made: ${reason}`,
            });
        }
    }
    return { kinds, skipped };
}

/**
 * @param {string} image
 * @param {Recipe | undefined} recipe
 * @param {(line: string) => void} log
 * @returns {Promise<string>}
 */
async function ensureImage(image, recipe, log) {
    if (await exists(image)) return image;
    const made = recipe && debianImageName(recipe);
    if (made && (await exists(made))) return made;
    try {
        await run("docker", ["pull", "--quiet", image], { timeoutMs: PULL_TIMEOUT_MS });
        return image;
    } catch (error) {
        if (!recipe || !made) throw error;
        log(`${image} cannot be pulled: making ${made} of Debian's packages`);
        await makeDebianImage(recipe);
        return made;
    }
}

/** @param {string} image */
async function exists(image) {
    const inspected = run("docker", ["image", "inspect", image], { timeoutMs: QUERY_TIMEOUT_MS });
    return inspected.then(
        () => true,
        () => false,
    );
}
