/** The guard of a shard: a check that refuses rows of other shards. */
import { identifier, literal, qualified } from "../../../../postgres/sql";
import type { Statement } from "../../../step";
import { partText, routeName } from "../parts";
import type { Relation } from "../relations";
import type { NodeTarget, WantedPart } from "../target";

const GUARD = "shard_guard";

/** Without it, a row that is updated to another key stays in the wrong shard, where no query looks for it. */
export function guardClause({ inputs, layout }: NodeTarget, { part: { remainder } }: WantedPart): string {
    const route = literal(qualified(inputs.schema, routeName(inputs.tableName)));
    const key = identifier(inputs.partitioningColumn ?? "");
    return `CONSTRAINT ${GUARD} CHECK (satisfies_hash_partition(${route}::regclass, ${layout.modulus}, ${remainder}, ${key}))`;
}

/** Puts the guard on a shard that has none, or another one. */
export function planGuard(target: NodeTarget, shard: WantedPart, found: Relation): Statement[] {
    const definition = found.checks[GUARD];
    const [, modulus, remainder] =
        /^CHECK \(satisfies_hash_partition\(.*?::regclass\)::oid, (\d+), (\d+), /s.exec(definition ?? "") ?? [];
    const route = target.parts.get(partText({ kind: "route" }));
    const usesRoute = route !== undefined && found.checksUse.includes(route.oid);
    if (usesRoute && modulus === String(target.layout.modulus) && remainder === String(shard.part.remainder)) {
        return [];
    }
    const name = `${shard.schema}.${shard.name}`;
    const table = qualified(shard.schema, shard.name);
    return [
        ...(definition === undefined
            ? []
            : [
                  {
                      name: `drop guard of table ${name}`,
                      why: `the guard of ${name} is another`,
                      sql: `ALTER TABLE ${table} DROP CONSTRAINT ${GUARD}`,
                  },
              ]),
        {
            name: `add guard of table ${name}`,
            why: `${name} has no guard against rows of other shards`,
            sql: `ALTER TABLE ${table} ADD ${guardClause(target, shard)}`,
        },
    ];
}
