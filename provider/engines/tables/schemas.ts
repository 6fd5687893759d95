/** Schemas that are made for tables: such a one bears our mark and goes with the last table in it. */
import { anonymousBlock, identifier, literal } from "../../postgres/sql";
import { withMarker, type Marker } from "../marks/marker";
import type { Statement } from "../step";

/** A schema that is there. */
export interface SchemaState {
    readonly name: string;
    readonly marker: Marker | undefined;
    readonly empty: boolean;
}

/** The schema of that name. */
export function findSchema<Schema extends SchemaState>(
    schemas: readonly Schema[],
    name: string | undefined,
): Schema | undefined {
    return schemas.find((schema) => schema.name === name);
}

/** Whether a schema was made for tables of this cluster. */
export function isOurSchema(schema: SchemaState | undefined, clusterId: string | undefined): boolean {
    const marker = schema?.marker;
    return marker !== undefined && marker.cluster === clusterId && marker.adopted !== true;
}

/** Whether a schema was made for tables of this cluster and holds nothing any more. */
export function isLeftSchema(schema: SchemaState | undefined, clusterId: string | undefined): boolean {
    return schema?.empty === true && isOurSchema(schema, clusterId);
}

/** Makes and marks a schema. Tables are made side by side, so the one that another table makes is as good. */
export function createSchema(name: string, marker: Marker): Statement {
    return {
        name: `create schema ${name}`,
        why: `schema ${name} does not exist`,
        sql: anonymousBlock(`BEGIN
    CREATE SCHEMA ${identifier(name)};
    COMMENT ON SCHEMA ${identifier(name)} IS ${literal(withMarker(null, marker))};
EXCEPTION WHEN duplicate_schema OR unique_violation THEN
    NULL;
END`),
    };
}

/** Drops a schema that is left empty. Another table may just be coming into it: then it stays. */
export function dropSchema(name: string): Statement {
    return {
        name: `drop schema ${name}`,
        why: `schema ${name} was made for tables that are gone`,
        sql: anonymousBlock(`BEGIN
    DROP SCHEMA IF EXISTS ${identifier(name)} RESTRICT;
EXCEPTION WHEN dependent_objects_still_exist THEN
    NULL;
END`),
    };
}
