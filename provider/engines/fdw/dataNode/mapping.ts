/** The user mapping by which the access node logs in on a data node. */
import { createHash } from "node:crypto";
import { alterOptionsClause, identifier, literal, optionsClause, type Options } from "../../../postgres/sql";
import type { DataNodeInputs } from "../../inputs";
import type { Statement } from "../../step";
import type { ForeignServer, UserMapping } from "../catalogue";

/** The options of the user mapping. */
export function mappingOptions(inputs: DataNodeInputs): Options {
    return {
        user: inputs.user ?? inputs.accessNode.connection.user,
        ...(inputs.password === undefined ? {} : { password: inputs.password }),
    };
}

/** Whether a mapping is the requested one. Our own is shown to us wherever we may change it. */
export function isMapping(found: UserMapping, requested: Options): boolean {
    const hash =
        requested.password === undefined ? null : createHash("sha256").update(requested.password).digest("hex");
    return found.remoteRole === requested.user && found.passwordHash === hash;
}

/** The statements to the requested mapping of the access node's user. */
export function planMapping(server: ForeignServer | undefined, inputs: DataNodeInputs): Statement[] {
    const local = inputs.accessNode.connection.user;
    const found = server?.mappings.find(({ localRole }) => localRole === local);
    const requested = mappingOptions(inputs);
    const target = `USER MAPPING FOR ${identifier(local)} SERVER ${identifier(inputs.nodeName)}`;
    const secrets = inputs.password === undefined ? [] : [inputs.password, literal(inputs.password)];
    if (found === undefined) {
        return [
            {
                name: `create user mapping for ${local} on ${inputs.nodeName}`,
                why: `${local} has no mapping`,
                sql: `CREATE ${target}${optionsClause(requested)}`,
                secrets,
            },
        ];
    }
    const there: Options = {
        ...(found.remoteRole === null ? {} : { user: found.remoteRole }),
        // Its text is hidden: with any other one it is set anew.
        ...(found.passwordHash === null ? {} : { password: "" }),
    };
    return isMapping(found, requested)
        ? []
        : [
              {
                  name: `alter user mapping for ${local} on ${inputs.nodeName}`,
                  why: "user or password differs",
                  sql: `ALTER ${target}${alterOptionsClause(there, requested) ?? ""}`,
                  secrets,
              },
          ];
}
