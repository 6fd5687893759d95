/** Steps on one place that concern one table, and the statements that are the same on both sides. */
import { identifier, literal, qualified } from "../../../postgres/sql";
import type { Step } from "../../step";
import { withMarker, type Marker } from "../../marks/marker";
import { wantedMark, type Owner } from "../../marks/ownership";
import type { Place } from "../../run/servers";
import type { ObservedHypertable } from "./observe";
import { partText, type Part } from "./parts";
import type { Grant, Relation, Schema } from "./relations";
import type { TableName } from "./rowCounts";

/** Makes a step on one place, within one transaction. */
export type Stepper = (name: string, why: string, sql: string, more?: Partial<Step>) => Step;

/** The steps of one table on one place; all of them share a transaction. */
export function stepper(on: Place, transaction: string): Stepper {
    return (name, why, sql, more = {}) => ({ name, why, on, sql, transaction, ...more });
}

/** A resource's mark, without a part. */
export interface Marking {
    readonly owner: Owner;
    readonly mark: Marker;
}

/** The words by which statements call a relation. */
export type Keyword = "TABLE" | "FOREIGN TABLE" | "VIEW";

/** Puts the mark of a part on a relation, unless it bears it. */
export function planMark(
    step: Stepper,
    keyword: Keyword,
    name: TableName,
    part: Part,
    { owner, mark }: Marking,
    found: Pick<Relation, "comment" | "marker"> | undefined,
): Step[] {
    const own: Marker = { ...mark, part: partText(part) };
    const wanted = found === undefined ? own : wantedMark(owner, found.marker, own);
    const comment = withMarker(found?.comment, wanted);
    if (comment === found?.comment) {
        return [];
    }
    const sql = `COMMENT ON ${keyword} ${qualified(name.schema, name.name)} IS ${literal(comment)}`;
    return [step("mark", `the mark on ${name.schema}.${name.name} is missing or old`, sql)];
}

/** Moves a relation to its schema and name. */
export function planRename(step: Stepper, keyword: Keyword, found: TableName, wanted: TableName): Step[] {
    const why = `${found.schema}.${found.name} is to be ${wanted.schema}.${wanted.name}`;
    return [
        ...(found.schema === wanted.schema
            ? []
            : [
                  step(
                      "setSchema",
                      why,
                      `ALTER ${keyword} ${qualified(found.schema, found.name)} SET SCHEMA ${identifier(wanted.schema)}`,
                  ),
              ]),
        ...(found.name === wanted.name
            ? []
            : [
                  step(
                      "rename",
                      why,
                      `ALTER ${keyword} ${qualified(wanted.schema, found.name)} RENAME TO ${identifier(wanted.name)}`,
                  ),
              ]),
    ];
}

/** Makes a schema that is missing, and marks it. Tables are made side by side, so another one may come first. */
export function planSchema(step: Stepper, schemas: readonly Schema[], name: string, { mark }: Marking): Step[] {
    if (schemas.some((schema) => schema.name === name)) {
        return [];
    }
    const body =
        `BEGIN CREATE SCHEMA ${identifier(name)}; ` +
        `COMMENT ON SCHEMA ${identifier(name)} IS ${literal(withMarker(null, mark))}; ` +
        "EXCEPTION WHEN duplicate_schema OR unique_violation THEN NULL; END";
    return [step("createSchema", `schema ${name} does not exist`, `DO ${literal(body)}`)];
}

/** Whether a schema was made for this cluster on any side. */
export function isOurSchema({ access, nodes }: ObservedHypertable, name: string, clusterId: string): boolean {
    const sides = [access, ...Object.values(nodes).filter((side) => side.reachable)];
    return sides.some(({ schemas }) =>
        schemas.some((schema) => schema.name === name && isMade(schema.marker, clusterId)),
    );
}

function isMade(marker: Marker | undefined, clusterId: string | undefined): boolean {
    return marker !== undefined && marker.cluster === clusterId && !marker.adopted;
}

/** Whether a schema was made for this cluster and holds nothing any more. */
export function isLeft({ marker, empty }: Schema, clusterId: string | undefined): boolean {
    return empty && isMade(marker, clusterId);
}

/** Drops a schema that this cluster made and that holds nothing any more. Another table may just be coming into it. */
export function planDropSchema(step: Stepper, schemas: readonly Schema[], name: string, { mark }: Marking): Step[] {
    const found = schemas.find((schema) => schema.name === name);
    if (found === undefined || !isLeft(found, mark.cluster)) {
        return [];
    }
    const body =
        `BEGIN DROP SCHEMA IF EXISTS ${identifier(name)} RESTRICT; ` +
        "EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END";
    return [step("dropSchema", `schema ${name} is empty and was made for this cluster`, `DO ${literal(body)}`)];
}

/** GRANT statements for rights that are not there yet. */
export function planGrants(
    step: Stepper,
    object: string,
    found: readonly Grant[],
    role: string,
    privileges: readonly string[],
): Step[] {
    const missing = privileges.filter(
        (privilege) => !found.some((grant) => grant.role === role && grant.privilege === privilege),
    );
    return missing.length === 0
        ? []
        : [
              step(
                  "grant",
                  `${role} lacks ${missing.join(", ")}`,
                  `GRANT ${missing.join(", ")} ON ${object} TO ${identifier(role)}`,
              ),
          ];
}

/** The rights that others had on a relation before it was made anew. */
export function restoreGrants(step: Stepper, object: string, { grants, owner }: Relation): Step[] {
    return grants
        .filter(({ role }) => role !== owner)
        .map(({ role, privilege, grantable }) =>
            step(
                "grant",
                `${role ?? "PUBLIC"} had ${privilege} before`,
                `GRANT ${privilege} ON ${object} TO ${role === null ? "PUBLIC" : identifier(role)}` +
                    (grantable ? " WITH GRANT OPTION" : ""),
            ),
        );
}
