/**
 * The user mapping by which the access node logs in on a data node. The password argument of add_data_node() serves that
 * one call; what comes later needs a mapping of the role that asks.
 */
import { identifier, optionsClause, type Options } from "../../../postgres/sql";
import type { DataNodeInputs } from "../../inputs";
import type { Statement } from "../../step";
import type { NodeEntry, UserMapping } from "../cluster";

/** The options of the mapping that a program asks for; undefined: it asks for none. */
export function requestedMapping({ user, password, accessNode }: DataNodeInputs): Options | undefined {
    return user === undefined && password === undefined
        ? undefined
        : { user: user ?? accessNode.connection.user, ...(password === undefined ? {} : { password }) };
}

/** The mapping of the access node's user. */
export function findMapping({ mappings }: NodeEntry, { accessNode }: DataNodeInputs): UserMapping | undefined {
    return mappings.find(({ role }) => role === accessNode.connection.user);
}

/** CREATE USER MAPPING for the access node's user. */
export function createMapping({ nodeName, accessNode }: DataNodeInputs, options: Options): Statement {
    const { user } = accessNode.connection;
    return {
        name: `create user mapping for ${user} on ${nodeName}`,
        why: "user or password differ from the access node's mapping for the node",
        sql: `CREATE USER MAPPING FOR ${identifier(user)} SERVER ${identifier(nodeName)}${optionsClause(options)}`,
        secrets: options.password === undefined ? [] : [options.password],
    };
}

/** DROP USER MAPPING. */
export function dropMapping(nodeName: string, role: string, why: string): Statement {
    const target = role === "public" ? "PUBLIC" : identifier(role);
    return {
        name: `drop user mapping for ${role} on ${nodeName}`,
        why,
        sql: `DROP USER MAPPING FOR ${target} SERVER ${identifier(nodeName)}`,
    };
}

/**
 * The statements to the requested mapping. One that the program never asked for is somebody else's and stays.
 *
 * @param last what the program asked for before
 */
export function planMapping(entry: NodeEntry, inputs: DataNodeInputs, last: DataNodeInputs | undefined): Statement[] {
    const requested = requestedMapping(inputs);
    const found = findMapping(entry, inputs);
    const before = last === undefined ? undefined : requestedMapping(last);
    if (requested === undefined ? found === undefined || before === undefined : isMapping(found, requested, before)) {
        return [];
    }
    const why = requested === undefined ? "no user and password are requested any more" : "user or password differ";
    return [
        ...(found === undefined ? [] : [dropMapping(entry.name, inputs.accessNode.connection.user, why)]),
        ...(requested === undefined ? [] : [createMapping(inputs, requested)]),
    ];
}

/** Whether a mapping is the requested one; one that may not be looked into is, while the program asks for the same. */
export function isMapping(found: UserMapping | undefined, requested: Options, before: Options | undefined): boolean {
    return found !== undefined && isSame(found.options ?? before ?? {}, requested);
}

function isSame(a: Options, b: Options): boolean {
    const names = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...names].every((name) => a[name] === b[name]);
}
