/**
 * The views of a shard on its data node. The access node reads and writes through a view and never the table itself:
 * a view has no ctid, and by that postgres_fdw would hit rows of other chunks as well.
 */
import type { Step } from "../../../step";
import { identifier, qualified } from "../../../../postgres/sql";
import type { Column } from "../../../inputs";
import type { NodeTarget } from "./nodeTable";
import type { Located } from "../findParts";
import { lastShardName, shardName, viewName } from "../names";
import { partText, type Part } from "../parts";
import type { Relation } from "../relations";
import type { TableName } from "../rowCounts";
import { bareColumns, shardColumns } from "../columns";
import { planGrants, planMark, planRename, restoreGrants, type Stepper } from "../steps";

/** A view of a shard. */
export interface ShardView extends TableName {
    readonly part: Part;
    readonly shard: string;
    /** What the access node's role may do with it. */
    readonly privileges: readonly string[];
    readonly query: (columns: readonly string[]) => string;
}

/** The views that a shard is to have. */
export function shardViews({ inputs, layout }: NodeTarget, shard: string, remainder: number): ShardView[] {
    const { schema, tableName, lastPoint, timeColumn } = inputs;
    const from = qualified(schema, shardName(tableName, remainder));
    const list = (columns: readonly string[]): string => columns.map(identifier).join(", ");
    const key = identifier(inputs.partitioningColumn ?? "");
    const view: ShardView = {
        schema,
        name: viewName(tableName, remainder),
        part: { kind: "view", remainder, modulus: layout.modulus },
        shard,
        privileges: ["SELECT", "INSERT", "UPDATE", "DELETE"],
        query: (columns) => `SELECT ${list(columns)} FROM ${from}`,
    };
    const last: ShardView = {
        schema,
        name: lastShardName(tableName, remainder),
        part: { kind: "last", remainder, modulus: layout.modulus },
        shard,
        privileges: ["SELECT"],
        query: (columns) =>
            `SELECT DISTINCT ON (${key}) ${list(columns)} FROM ${from} ORDER BY ${key}, ${identifier(timeColumn)} DESC`,
    };
    return lastPoint ? [view, last] : [view];
}

/**
 * Makes the views that are missing or read something else.
 *
 * @param dropped parts whose view was there and is dropped by an earlier step of the plan
 */
export function planViews(
    step: Stepper,
    target: NodeTarget,
    views: readonly ShardView[],
    located: Located,
    dropped: readonly string[],
): Step[] {
    return views.flatMap((view) => planView(step, target, view, located, dropped.includes(partText(view.part))));
}

function planView(step: Stepper, target: NodeTarget, view: ShardView, located: Located, isDropped: boolean): Step[] {
    const found = located.get(partText(view.part));
    const columns = shardColumns(target.inputs, target.canonical);
    const kept = isDropped ? undefined : found;
    const grants = (made: Relation | undefined): Step[] =>
        grantSteps(step, target, view, made === undefined ? [] : made.grants, made?.owner ?? target.side.facts.role);
    if (kept === undefined) {
        return [
            createView(
                step,
                view,
                columns.map(({ name }) => name),
                `${view.schema}.${view.name} does not exist`,
            ),
            ...planMark(step, "VIEW", view, view.part, target.marking, undefined),
            ...(found === undefined ? [] : restoreGrants(step, `TABLE ${qualified(view.schema, view.name)}`, found)),
            ...grants(found && { ...found, owner: target.side.facts.role }),
        ];
    }
    const renamed = planRename(step, "VIEW", kept, view);
    const how = howToMend(view, kept, columns, located);
    if (how === "remake") {
        return [
            step("dropView", `${view.name} reads something else`, `DROP VIEW ${qualified(kept.schema, kept.name)}`),
            ...planView(step, target, view, new Map([[partText(view.part), kept]]), true),
        ];
    }
    const appended =
        how === "append"
            ? [
                  createView(
                      step,
                      view,
                      [
                          ...kept.columns.map(({ name }) => name),
                          ...columns
                              .map(({ name }) => name)
                              .filter((name) => kept.columns.every((c) => c.name !== name)),
                      ],
                      `${view.schema}.${view.name} lacks a column`,
                  ),
              ]
            : [];
    return [...renamed, ...appended, ...planMark(step, "VIEW", view, view.part, target.marking, kept), ...grants(kept)];
}

/** CREATE OR REPLACE VIEW can only append columns; all else is a new view. */
function howToMend(
    view: ShardView,
    found: Relation,
    columns: readonly Column[],
    located: Located,
): "nothing" | "append" | "remake" {
    const shard = located.get(partText({ ...view.part, kind: "shard" }));
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

function createView(step: Stepper, view: ShardView, columns: readonly string[], why: string): Step {
    return step(
        "createView",
        why,
        `CREATE OR REPLACE VIEW ${qualified(view.schema, view.name)} AS ${view.query(columns)}`,
    );
}

function grantSteps(
    step: Stepper,
    { remoteRole }: NodeTarget,
    view: ShardView,
    found: Relation["grants"],
    owner: string,
): Step[] {
    return owner === remoteRole
        ? []
        : planGrants(step, `TABLE ${qualified(view.schema, view.name)}`, found, remoteRole, view.privileges);
}
