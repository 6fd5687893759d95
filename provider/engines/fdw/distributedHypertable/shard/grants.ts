/** Rights on a data node's objects. */
import { identifier } from "../../../../postgres/sql";
import type { Statement } from "../../../step";
import type { Grant, Relation } from "../relations";

/** Grants rights that are missing. */
export function planGrants(
    object: string,
    found: readonly Grant[],
    role: string,
    privileges: readonly string[],
): Statement[] {
    const missing = privileges
        .filter((privilege) => !found.some((grant) => grant.role === role && grant.privilege === privilege))
        .join(", ");
    return missing === ""
        ? []
        : [
              {
                  name: `grant ${missing} to ${role}`,
                  why: `${role} lacks ${missing} on ${object}`,
                  sql: `GRANT ${missing} ON ${object} TO ${identifier(role)}`,
              },
          ];
}

/** Grants the rights that others had on a relation before it was made anew. */
export function restoreGrants(object: string, { grants, owner }: Relation): Statement[] {
    return grants
        .filter(({ role }) => role !== owner)
        .map(({ role, privilege, grantable }) => {
            const grantee = role === null ? "PUBLIC" : identifier(role);
            return {
                name: `grant ${privilege} to ${role ?? "PUBLIC"}`,
                why: `${role ?? "PUBLIC"} had ${privilege} on ${object} before`,
                sql: `GRANT ${privilege} ON ${object} TO ${grantee}${grantable ? " WITH GRANT OPTION" : ""}`,
            };
        });
}
