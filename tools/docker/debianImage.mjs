// @ts-check
/**
 * Makes an image of PostgreSQL from Debian's packages, with an entrypoint that does what the official images' does. Its
 * name holds a hash of all that it is made of, so that it is never made again unless something of that changes.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { buildOnce } from "../cache.mjs";
import { run } from "../command.mjs";
import { installPackages } from "../debian.mjs";

const BUILD_TIMEOUT_MS = 900_000;
const LOCAL_REPOSITORY = "pulumi-timescaledb-test";
const ENTRYPOINT = path.join(import.meta.dirname, "docker-entrypoint.sh");
const INSTALL_TIMESCALEDB = path.join(import.meta.dirname, "install-timescaledb.sh");

/**
 * @typedef {object} Recipe
 * @property {string} suite of Debian
 * @property {number} major PostgreSQL's major version, as the packages have it
 * @property {string[]} packages
 * @property {boolean} timescaledb whether the extension is preloaded and installed, as in the images of TimescaleDB
 */

/**
 * @param {Recipe} recipe
 * @returns {string}
 */
export function debianImageName(recipe) {
    return `${LOCAL_REPOSITORY}:pg${recipe.major}-${keyOf(recipe)}`;
}

/**
 * Takes minutes the first time, and needs root on Debian.
 *
 * @param {Recipe} recipe
 */
export async function makeDebianImage(recipe) {
    const folder = await buildOnce(`docker-pg${recipe.major}-${keyOf(recipe)}`, (unfinished) =>
        makeRootFolder(recipe, path.join(unfinished, "root.tar")),
    );
    const changes = [
        `ENV PATH=/usr/lib/postgresql/${recipe.major}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        "ENV LANG=C.UTF-8",
        "ENV PGDATA=/var/lib/postgresql/data",
        "VOLUME /var/lib/postgresql/data",
        "EXPOSE 5432",
        'ENTRYPOINT ["docker-entrypoint.sh"]',
        'CMD ["postgres"]',
    ].flatMap((change) => ["--change", change]);
    await run("docker", ["import", ...changes, path.join(folder, "root.tar"), debianImageName(recipe)], {
        timeoutMs: BUILD_TIMEOUT_MS,
    });
}

/**
 * @param {Recipe} recipe
 * @param {string} tar
 */
async function makeRootFolder({ suite, major, packages, timescaledb }, tar) {
    const sample = `/usr/share/postgresql/${major}/postgresql.conf.sample`;
    const scripts = "/docker-entrypoint-initdb.d";
    const hooks = [
        `copy-in ${ENTRYPOINT} /usr/local/bin`,
        `mkdir "$1${scripts}"`,
        ...(timescaledb
            ? [
                  `copy-in ${INSTALL_TIMESCALEDB} ${scripts}`,
                  `echo "shared_preload_libraries = 'timescaledb'" >> "$1${sample}"`,
              ]
            : []),
    ].map((hook) => `--customize-hook=${hook}`);
    const excluded = ["doc", "man", "locale"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
    const options = ["--variant=minbase", `--include=${packages.join(",")}`, ...excluded, ...hooks];
    if (!fs.existsSync("/usr/bin/mmdebstrap")) await installPackages(["mmdebstrap"]);
    await run("mmdebstrap", [...options, suite, tar, "http://deb.debian.org/debian"], { timeoutMs: BUILD_TIMEOUT_MS });
}

/** @param {Recipe} recipe */
function keyOf(recipe) {
    const hash = createHash("sha256").update(JSON.stringify(recipe));
    for (const file of [ENTRYPOINT, INSTALL_TIMESCALEDB, import.meta.filename]) hash.update(fs.readFileSync(file));
    return hash.digest("hex").slice(0, 12);
}
