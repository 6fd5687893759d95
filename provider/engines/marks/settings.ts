/** Settings of a database (ALTER DATABASE ... SET), as the access node's database needs them. */
import { identifier, literal } from "../../postgres/sql";
import type { Place } from "../run/servers";
import { at, type Step } from "../step";

/** Settings by name. */
export type Settings = Readonly<Record<string, string>>;

/** From the elements of pg_db_role_setting.setconfig: `jit=off`. A value may hold a "=" of its own. */
export function readSettings(elements: readonly string[]): Settings {
    return Object.fromEntries(
        elements.map((element) => {
            const end = element.indexOf("=");
            return [element.slice(0, end), element.slice(end + 1)];
        }),
    );
}

/** The steps to these settings. */
export function planSettings(on: Place, requested: Settings, found: Settings): Step[] {
    const statements = Object.entries(requested)
        .filter(([name, value]) => found[name] !== value)
        .map(([name, value]) => ({
            name: `set ${name} of database ${on.database}`,
            why: `${name} is ${found[name] ?? "not set"}`,
            sql: `ALTER DATABASE ${identifier(on.database)} SET ${settingName(name)} = ${literal(value)}`,
        }));
    return at(on, statements, "settings");
}

/** The steps by which a database that is kept loses these settings; what somebody changed since stays. */
export function planResetSettings(on: Place, requested: Settings, found: Settings): Step[] {
    const statements = Object.entries(requested)
        .filter(([name, value]) => found[name] === value)
        .map(([name]) => ({
            name: `reset ${name} of database ${on.database}`,
            why: "the database is kept without what was set for the cluster",
            sql: `ALTER DATABASE ${identifier(on.database)} RESET ${settingName(name)}`,
        }));
    return at(on, statements, "settings");
}

function settingName(name: string): string {
    return name.split(".").map(identifier).join(".");
}
