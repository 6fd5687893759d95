// @ts-check
/** Programs that some tests ask for a second opinion: a browser, and libpq by psql. Tests say why they do without. */
import { findCommand } from "./command.mjs";
import { canInstallPackages, installPackages } from "./debian.mjs";

/** Commands and the Debian packages that have them. */
const PROGRAMS = { chromium: "chromium", psql: "postgresql-client" };

/**
 * Finds them, or, for root on Debian, installs them. Without them a few tests are skipped, and no more than those.
 *
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<string>} what is there
 */
export async function ensureTestPrograms({ log = () => undefined } = {}) {
    const missing = Object.entries(PROGRAMS).filter(([command]) => !isOnPath(command));
    const packages = missing.map(([, name]) => name);
    if (missing.length && canInstallPackages()) {
        log(`installing Debian's ${packages.join(" and ")}`);
        await installPackages(packages).catch((error) => log(`that failed: ${error.message.split("\n")[0]}`));
    }
    return Object.keys(PROGRAMS)
        .map((command) => `${command}${isOnPath(command) ? "" : ": none"}`)
        .join(", ");
}

/** @param {string} command */
function isOnPath(command) {
    return findCommand(command).length > 0;
}
