/**
 * The user mapping by which the access node logs in on a data node. The password argument of add_data_node() serves that
 * one call; what comes later needs a mapping of the role that asks.
 */
import { identifier, literal } from "../../../postgres/sql";
import type { DataNodeInputs } from "../../inputs";
import type { Step } from "../../step";
import type { NodeEntry, UserMapping } from "../cluster";

/** What the mapping is to hold; undefined: none is wanted. */
export type MappingOptions = Readonly<Record<string, string>>;

/** The mapping that a program asks for. */
export function wantedMapping({ user, password, accessNode }: DataNodeInputs): MappingOptions | undefined {
    return user === undefined && password === undefined
        ? undefined
        : { user: user ?? accessNode.connection.user, ...(password === undefined ? {} : { password }) };
}

/** The mapping of the access node's user. */
export function findMapping({ mappings }: NodeEntry, { accessNode }: DataNodeInputs): UserMapping | undefined {
    return mappings.find(({ role }) => role === accessNode.connection.user);
}

/** CREATE USER MAPPING for the access node's user. */
export function createMapping({ nodeName, accessNode }: DataNodeInputs, options: MappingOptions): string {
    const list = Object.entries(options).map(([name, value]) => `${identifier(name)} ${literal(value)}`);
    return (
        `CREATE USER MAPPING FOR ${identifier(accessNode.connection.user)} SERVER ${identifier(nodeName)}` +
        ` OPTIONS (${list.join(", ")})`
    );
}

/**
 * The steps to the requested mapping. One that the program never asked for is somebody else's and stays.
 *
 * @param last what the program asked for before
 */
export function planMapping(
    entry: NodeEntry,
    inputs: DataNodeInputs,
    last: DataNodeInputs | undefined,
): Omit<Step, "on">[] {
    const wanted = wantedMapping(inputs);
    const found = findMapping(entry, inputs);
    const before = last === undefined ? undefined : wantedMapping(last);
    if (wanted === undefined ? found === undefined || before === undefined : isMapping(found, wanted, before)) {
        return [];
    }
    const drop: Omit<Step, "on"> = {
        name: "dropUserMapping",
        why: wanted === undefined ? "no user and password are wanted any more" : "user or password differ",
        sql: `DROP USER MAPPING FOR ${identifier(inputs.accessNode.connection.user)} SERVER ${identifier(entry.name)}`,
    };
    return [
        ...(found === undefined ? [] : [drop]),
        ...(wanted === undefined
            ? []
            : [
                  {
                      name: "createUserMapping",
                      why: found === undefined ? "the access node has no mapping for the node" : drop.why,
                      sql: createMapping(inputs, wanted),
                      ...secretsOf(wanted),
                  },
              ]),
    ];
}

/** Whether a mapping is as requested; one that may not be looked into is, while the program asks for the same. */
export function isMapping(
    found: UserMapping | undefined,
    wanted: MappingOptions,
    before: MappingOptions | undefined,
): boolean {
    return found !== undefined && isSame(found.options ?? before ?? {}, wanted);
}

/** What of a mapping has to be hidden. */
export function secretsOf(options: MappingOptions | undefined): Pick<Step, "secrets"> {
    return options?.password === undefined ? {} : { secrets: [options.password] };
}

function isSame(a: MappingOptions, b: MappingOptions): boolean {
    const names = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...names].every((name) => a[name] === b[name]);
}
