/** Statements on tables, views and indexes that are the same in both engines. */
import { ProviderError } from "../../errors";
import { identifier, literal, qualified } from "../../postgres/sql";
import { withMarker, withoutMarker, type Marker } from "../marks/marker";
import type { Statement } from "../step";
import type { TableName } from "./names";

/** What SQL calls an object. */
export type Keyword = "TABLE" | "FOREIGN TABLE" | "VIEW" | "INDEX";

/** Marks an object whose comment does not hold that mark. */
export function markObject(
    keyword: Keyword,
    name: TableName,
    comment: string | null | undefined,
    marker: Marker,
): Statement[] {
    const marked = withMarker(comment, marker);
    return marked === comment
        ? []
        : [
              {
                  name: `mark ${textOf(keyword, name)}`,
                  why: "its mark is missing or old",
                  sql: `COMMENT ON ${keyword} ${qualified(name.schema, name.name)} IS ${literal(marked)}`,
              },
          ];
}

/** Takes the mark off an object that is kept. */
export function unmarkObject(keyword: Keyword, name: TableName, comment: string | null): Statement {
    const text = withoutMarker(comment);
    return {
        name: `unmark ${textOf(keyword, name)}`,
        why: "it was there before and is kept",
        sql: `COMMENT ON ${keyword} ${qualified(name.schema, name.name)} IS ${text === null ? "NULL" : literal(text)}`,
    };
}

/** Moves an object to its schema and gives it its name. */
export function renameObject(keyword: Keyword, found: TableName, wanted: TableName): Statement[] {
    const why = `${found.schema}.${found.name} becomes ${wanted.schema}.${wanted.name}`;
    return [
        ...(found.schema === wanted.schema
            ? []
            : [
                  {
                      name: `move ${keyword.toLowerCase()} ${found.name} to schema ${wanted.schema}`,
                      why,
                      sql: `ALTER ${keyword} ${qualified(found.schema, found.name)} SET SCHEMA ${identifier(wanted.schema)}`,
                  },
              ]),
        ...(found.name === wanted.name
            ? []
            : [
                  {
                      name: `rename ${keyword.toLowerCase()} ${found.name} to ${wanted.name}`,
                      why,
                      sql: `ALTER ${keyword} ${qualified(wanted.schema, found.name)} RENAME TO ${identifier(wanted.name)}`,
                  },
              ]),
    ];
}

/** `foreign table public.conditions_s0`. */
export function textOf(keyword: Keyword, { schema, name }: TableName): string {
    return `${keyword.toLowerCase()} ${schema}.${name}`;
}

/**
 * The error for a name that is taken.
 *
 * @param marker the mark of what bears the name
 * @param where the side, if there are several: "data node dn1"
 */
export function takenError({ schema, name }: TableName, marker: Marker | undefined, where?: string): ProviderError {
    const whose = marker === undefined ? "was not made by this resource" : `belongs to ${marker.urn}`;
    return alreadyExists(`"${schema}.${name}" exists${where === undefined ? "" : ` on ${where}`} and ${whose}`);
}

/** The error for a name that is taken, in these words. */
export function alreadyExists(reason: string): ProviderError {
    return new ProviderError("ALREADY_EXISTS", reason, {
        remedy: "Choose another tableName, drop it, or set adopt: true to take it over",
    });
}
