/**
 * The user mapping by which the access node logs in on a data node. The password argument of add_data_node() serves that
 * one call; what comes later needs a mapping of the role that asks.
 */
import { address } from "../../../postgres/connection";
import { anonymousBlock, identifier, literal, type Options } from "../../../postgres/sql";
import { SQLSTATE } from "../../../postgres/sqlState";
import type { DataNodeInputs } from "../../inputs";
import type { Statement } from "../../step";
import { createMapping, type Login } from "../../userMapping";
import type { ClusterState, NodeEntry, UserMapping } from "../cluster";
import { ping } from "../liveness";

/** The options of the mapping that a program asks for; undefined: it asks for none. */
export function requestedMapping({ user, password, accessNode }: DataNodeInputs): Login | undefined {
    return user === undefined && password === undefined
        ? undefined
        : { user: user ?? accessNode.connection.user, ...(password === undefined ? {} : { password }) };
}

/** The mapping of the access node's user. */
export function findMapping({ mappings }: NodeEntry, { accessNode }: DataNodeInputs): UserMapping | undefined {
    return mappings.find(({ role }) => role === accessNode.connection.user);
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
    const role = inputs.accessNode.connection.user;
    const why = requested === undefined ? "no user and password are requested any more" : "user or password differ";
    return [
        ...(found === undefined ? [] : [dropMapping(entry.name, role, why)]),
        ...(requested === undefined ? [] : [createMapping(role, entry.name, requested, why)]),
    ];
}

/** Logs in from the access node by a mapping that was just made: one that the node refuses is taken back with it. */
export function tryMapping({ versions }: ClusterState, inputs: DataNodeInputs): Statement {
    const { nodeName, host, port, accessNode } = inputs;
    const user = inputs.user ?? accessNode.connection.user;
    return {
        name: `try user mapping for ${accessNode.connection.user} on ${nodeName}`,
        why: "a user or password that the node refuses would break the cluster",
        sql: anonymousBlock(`BEGIN
    IF NOT ${ping(versions, literal(nodeName))} THEN
        RAISE EXCEPTION USING ERRCODE = ${literal(SQLSTATE.INVALID_PASSWORD)}, MESSAGE = 'the data node does not let the access node in';
    END IF;
END`),
        explains: {
            [SQLSTATE.INVALID_PASSWORD]: {
                code: "AUTHENTICATION_FAILED",
                reason: `the access node cannot log in on data node ${nodeName} (${address({ host, port })}) as user "${user}"`,
                remedy: `Correct the data node's user and password, or set them there: ALTER ROLE ${identifier(user)} PASSWORD '...'`,
            },
        },
    };
}

/** Whether a mapping is the requested one; one that may not be looked into is, while the program asks for the same. */
export function isMapping(found: UserMapping | undefined, requested: Login, before: Login | undefined): boolean {
    return found !== undefined && isSame(found.options ?? { ...before }, { ...requested });
}

function isSame(a: Options, b: Options): boolean {
    const names = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...names].every((name) => a[name] === b[name]);
}
