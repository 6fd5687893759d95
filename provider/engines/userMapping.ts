/** User mappings, by which the access node logs in on data nodes, in both engines and in what is made to try a route. */
import { anonymousBlock, identifier, literal, optionsClause } from "../postgres/sql";
import { executeWithPassword, passwordSecret } from "./run/secrets";
import type { Statement } from "./step";

/** Who logs in on the data node. */
export interface Login {
    readonly user: string;
    readonly password?: string;
}

/** A statement of a PL/pgSQL block that makes a mapping; {@link passwordSecret} binds the password. */
export function createMappingSql(role: string, server: string, { user, password }: Login): string {
    const create = `CREATE USER MAPPING FOR ${role} SERVER ${identifier(server)}`;
    return password === undefined
        ? create + optionsClause({ user })
        : executeWithPassword(`${create} OPTIONS ("user" ${literal(user)}, "password" `);
}

/** Makes the mapping of a role. */
export function createMapping(role: string, server: string, login: Login, why: string): Statement {
    return {
        name: `create user mapping for ${role} on ${server}`,
        why,
        sql: anonymousBlock(`BEGIN
    ${createMappingSql(identifier(role), server, login)};
END`),
        ...passwordSecret(login.password),
    };
}
