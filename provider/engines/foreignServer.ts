/** Foreign servers, by which the access node knows its data nodes in both engines. */
import { alterOptionsClause, identifier, type Options } from "../postgres/sql";
import type { Statement } from "./step";

/** Gives a server these options. */
export function alterServerOptions(name: string, found: Options, requested: Options): Statement[] {
    const options = alterOptionsClause(found, requested);
    return options === undefined
        ? []
        : [
              {
                  name: `alter options of server ${name}`,
                  why: `the options of ${name} differ`,
                  sql: `ALTER SERVER ${identifier(name)}${options}`,
              },
          ];
}
