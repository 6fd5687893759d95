/**
 * The views of a shard on its data node. The access node reads and writes through a view and never the table itself:
 * a view has no ctid, and by that postgres_fdw would hit rows of other chunks as well.
 */
import { identifier, qualified } from "../../../../postgres/sql";
import type { Column } from "../../../inputs";
import type { Statement } from "../../../step";
import type { TableName } from "../../../tables/names";
import { bareColumns, shardColumns } from "../columns";
import { lastShardName, partText, shardName, viewName } from "../parts";
import type { Grant, Relation } from "../relations";
import { keepPart, markPart, type NodeTarget, type WantedPart } from "../target";
import { planGrants, restoreGrants } from "./grants";

/** A view of a shard. */
export interface ShardView extends WantedPart {
    /** What the access node's role may do with it. */
    readonly privileges: readonly string[];
    readonly query: (columns: readonly string[]) => string;
}

/** The views that a shard has to have. */
export function shardViews({ inputs, layout: { modulus } }: NodeTarget, remainder: number): ShardView[] {
    const { schema, tableName, lastPoint, timeColumn } = inputs;
    const from = qualified(schema, shardName(tableName, remainder));
    const list = (columns: readonly string[]): string => columns.map(identifier).join(", ");
    const key = identifier(inputs.partitioningColumn ?? "");
    const view: ShardView = {
        schema,
        name: viewName(tableName, remainder),
        part: { kind: "view", remainder, modulus },
        privileges: ["SELECT", "INSERT", "UPDATE", "DELETE"],
        query: (columns) => `SELECT ${list(columns)} FROM ${from}`,
    };
    const last: ShardView = {
        schema,
        name: lastShardName(tableName, remainder),
        part: { kind: "last", remainder, modulus },
        privileges: ["SELECT"],
        query: (columns) =>
            `SELECT DISTINCT ON (${key}) ${list(columns)} FROM ${from} ORDER BY ${key}, ${identifier(timeColumn)} DESC`,
    };
    return lastPoint ? [view, last] : [view];
}

/** Makes a view that is missing, and makes one anew that reads something else. */
export function planView(target: NodeTarget, view: ShardView): Statement[] {
    const found = target.parts.get(partText(view.part));
    if (found === undefined) {
        return makeView(target, view);
    }
    const columns = shardColumns(target.inputs, target.canonical);
    const fix = fixOf(target, view, found, columns);
    if (fix === "remake") {
        return [dropView(found, `${view.name} reads something else`), ...makeView(target, view, found)];
    }
    const there = found.columns.map(({ name }) => name);
    const added = columns.map(({ name }) => name).filter((name) => !there.includes(name));
    return [
        ...keepPart(target.marking, "VIEW", view, found),
        ...(fix === "append"
            ? [createView(view, [...there, ...added], `${view.schema}.${view.name} lacks a column`)]
            : []),
        ...grantSteps(target, view, found.grants, found.owner),
    ];
}

/** Makes a view; one that was dropped comes back with the rights that others had on it. */
export function makeView(target: NodeTarget, view: ShardView, dropped?: Relation): Statement[] {
    const columns = shardColumns(target.inputs, target.canonical).map(({ name }) => name);
    return [
        createView(view, columns, `${view.schema}.${view.name} does not exist`),
        ...markPart(target.marking, "VIEW", view),
        ...(dropped === undefined ? [] : restoreGrants(objectOf(view), dropped)),
        ...grantSteps(target, view, dropped?.grants ?? [], target.side.facts.role),
    ];
}

/** CREATE OR REPLACE VIEW can only append columns; all else is a new view. */
function fixOf(
    { parts }: NodeTarget,
    view: ShardView,
    found: Relation,
    columns: readonly Column[],
): "nothing" | "append" | "remake" {
    const shard = parts.get(partText({ ...view.part, kind: "shard" }));
    const readsShard = found.uses.some(({ schema, name }) => schema === shard?.schema && name === shard.name);
    if (!readsShard || found.uses.length !== 1 || found.updatable !== (view.part.kind === "view")) {
        return "remake";
    }
    const types = new Map(columns.map(({ name, type }) => [name, type]));
    const there = bareColumns(found.columns);
    if (there.some(({ name, type }) => types.get(name) !== type)) {
        return "remake";
    }
    return there.length === columns.length ? "nothing" : "append";
}

function createView(view: ShardView, columns: readonly string[], why: string): Statement {
    return {
        name: `create view ${view.schema}.${view.name}`,
        why,
        sql: `CREATE OR REPLACE VIEW ${qualified(view.schema, view.name)} AS ${view.query(columns)}`,
    };
}

/** Drops a view. */
export function dropView({ schema, name }: TableName, why: string): Statement {
    return { name: `drop view ${schema}.${name}`, why, sql: `DROP VIEW ${qualified(schema, name)}` };
}

function grantSteps({ remoteRole }: NodeTarget, view: ShardView, found: readonly Grant[], owner: string): Statement[] {
    return owner === remoteRole ? [] : planGrants(objectOf(view), found, remoteRole, view.privileges);
}

function objectOf({ schema, name }: TableName): string {
    return `TABLE ${qualified(schema, name)}`;
}
