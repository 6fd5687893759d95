/** The user mapping by which the access node logs in on a data node. */
import { createHash } from "node:crypto";
import { anonymousBlock, identifier, literal } from "../../../postgres/sql";
import type { DataNodeInputs } from "../../inputs";
import { executeWithPassword, passwordSecret } from "../../run/secrets";
import type { Statement } from "../../step";
import { createMapping, type Login } from "../../userMapping";
import type { ForeignServer, UserMapping } from "../catalogue";

/** The options of the user mapping. */
export function mappingOptions(inputs: DataNodeInputs): Login {
    return {
        user: inputs.user ?? inputs.accessNode.connection.user,
        ...(inputs.password === undefined ? {} : { password: inputs.password }),
    };
}

/** Whether a mapping is the requested one. Our own is shown to us wherever we may change it. */
export function isMapping(found: UserMapping, requested: Login): boolean {
    const hash =
        requested.password === undefined ? null : createHash("sha256").update(requested.password).digest("hex");
    return found.remoteRole === requested.user && found.passwordHash === hash;
}

/** The statements to the requested mapping of the access node's user, and a login by it from the access node. */
export function planMapping(server: ForeignServer | undefined, inputs: DataNodeInputs): Statement[] {
    const local = inputs.accessNode.connection.user;
    const found = server?.mappings.find(({ localRole }) => localRole === local);
    const requested = mappingOptions(inputs);
    if (found !== undefined && isMapping(found, requested)) {
        return [];
    }
    return [
        found === undefined
            ? createMapping(local, inputs.nodeName, requested, `${local} has no mapping`)
            : alterMapping(found, local, inputs.nodeName, requested),
        // A node that is down, and is to be set aside for it, lets nobody in.
        ...(inputs.available ? [tryMapping(local, inputs.nodeName)] : []),
    ];
}

function alterMapping(found: UserMapping, local: string, server: string, { user, password }: Login): Statement {
    const alter = `ALTER USER MAPPING FOR ${identifier(local)} SERVER ${identifier(server)} OPTIONS (`;
    const setUser = `${found.remoteRole === null ? "ADD" : "SET"} "user" ${literal(user)}`;
    const hasPassword = found.passwordHash !== null;
    const statement =
        password === undefined
            ? `${alter}${setUser}${hasPassword ? `, DROP "password"` : ""})`
            : executeWithPassword(`${alter}${setUser}, ${hasPassword ? "SET" : "ADD"} "password" `);
    return {
        name: `alter user mapping for ${local} on ${server}`,
        why: "user or password differs",
        sql: anonymousBlock(`BEGIN
    ${statement};
END`),
        ...passwordSecret(password),
    };
}

/** Logs in by the mapping: one that the data node refuses is taken back with the transaction. */
function tryMapping(local: string, server: string): Statement {
    return {
        name: `try user mapping for ${local} on ${server}`,
        why: "a user or password that the node refuses would break the cluster",
        sql: anonymousBlock(`BEGIN
    IF pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY') THEN
        CREATE FOREIGN TABLE pg_temp.pulumi_timescaledb_probe (datname name) SERVER ${identifier(server)}
            OPTIONS (schema_name 'pg_catalog', table_name 'pg_database');
        PERFORM FROM pg_temp.pulumi_timescaledb_probe LIMIT 1;
        DROP FOREIGN TABLE pg_temp.pulumi_timescaledb_probe;
    END IF;
END`),
    };
}
