/** A table's part on one data node: the route, and for each shard a table, a guard, indexes and views. */
import { supports } from "../../../versions/capabilities";
import { compareColumns, type ColumnChange } from "../../../tables/columns";
import { columnDefinition } from "../../../tables/columnSql";
import type { Step } from "../../../step";
import { identifier, literal, qualified } from "../../../../postgres/sql";
import type { Target } from "../target";
import { defaultIndexes, wantedIndexes } from "./indexes";
import { nodeParts } from "../objects";
import { relationKey, type NodeSide } from "../observe";
import { locate, type Located } from "../findParts";
import { routeName, shardName } from "../names";
import { partOf, partText, type Part } from "../parts";
import type { Relation } from "../relations";
import type { TableName } from "../rowCounts";
import { planIndexes } from "./planIndexes";
import { planViews, shardViews } from "./views";
import {
    alterShardColumn,
    bareColumns,
    breaksViews,
    isShardCheck,
    refuseLosses,
    shardChecks,
    shardColumns,
} from "../columns";
import { planDropSchema, planGrants, planMark, planRename, planSchema, stepper, type Stepper } from "../steps";

const GUARD = "shard_guard";

/** One data node's side of a plan. */
export interface NodeTarget extends Target {
    readonly node: string;
    readonly side: NodeSide;
    /** The remainders of the node's shards. */
    readonly held: readonly number[];
    /** The role by which the access node comes. */
    readonly remoteRole: string;
}

/** What a data node still lacks of a table. All of it is one transaction: a node has the whole or nothing. */
export function planNodeTable(target: NodeTarget): Step[] {
    const { inputs, node, side, held, layout, marking } = target;
    const step = stepper(target.nodePlace(node), `table ${inputs.schema}.${inputs.tableName}`);
    const wanted = nodeParts(inputs.tableName, layout.modulus, held, inputs.lastPoint);
    const located = locate(side.relations, inputs.schema, wanted, marking.owner, `data node ${node}`);
    const usage = planGrantUsage(step, target);
    const last = target.request.last?.schema;
    return [
        ...planSchema(step, side.schemas, inputs.schema, marking),
        ...usage,
        ...planRoute(step, target, located),
        ...(inputs.lastPoint ? [] : dropLastViews(step, located)),
        ...held.flatMap((remainder) => planShard(step, target, located, remainder)),
        ...(last === undefined || last === inputs.schema ? [] : planDropSchema(step, side.schemas, last, marking)),
    ];
}

function planGrantUsage(step: Stepper, { inputs, side, remoteRole }: NodeTarget): Step[] {
    const found = side.schemas.find(({ name }) => name === inputs.schema);
    const owner = found?.owner ?? side.facts.role;
    const isOpen = found?.grants.some(({ role, privilege }) => role === null && privilege === "USAGE");
    return owner === remoteRole || isOpen
        ? []
        : planGrants(step, `SCHEMA ${identifier(inputs.schema)}`, found?.grants ?? [], remoteRole, ["USAGE"]);
}

/** The route is empty: it only lends its identity to satisfies_hash_partition in the guards. */
function planRoute(step: Stepper, target: NodeTarget, located: Located): Step[] {
    const { inputs, canonical } = target;
    const part: Part = { kind: "route" };
    const name = { schema: inputs.schema, name: routeName(inputs.tableName) };
    const key = shardColumns(inputs, canonical).find((column) => column.name === inputs.partitioningColumn);
    const found = located.get(partText(part));
    if (found !== undefined) {
        return [
            ...planRename(step, "TABLE", found, name),
            ...planMark(step, "TABLE", name, part, target.marking, found),
        ];
    }
    const column = key === undefined ? "" : columnDefinition({ ...key, nullable: true });
    return [
        step(
            "createRoute",
            `${name.schema}.${name.name} does not exist on ${target.node}`,
            `CREATE TABLE ${qualified(name.schema, name.name)} (${column}) ` +
                `PARTITION BY HASH (${identifier(inputs.partitioningColumn ?? "")})`,
        ),
        ...planMark(step, "TABLE", name, part, target.marking, undefined),
    ];
}

function planShard(step: Stepper, target: NodeTarget, located: Located, remainder: number): Step[] {
    const { inputs } = target;
    const part: Part = { kind: "shard", remainder, modulus: target.layout.modulus };
    const name = { schema: inputs.schema, name: shardName(inputs.tableName, remainder) };
    const found = located.get(partText(part));
    const views = shardViews(target, name.name, remainder);
    if (found === undefined) {
        return [
            ...createShard(step, target, name, remainder),
            ...planMark(step, "TABLE", name, part, target.marking, undefined),
            ...planViews(step, target, views, located, []),
        ];
    }
    const changes = compareColumns(
        shardColumns(inputs, target.canonical),
        bareColumns(found.columns),
        target.canonical,
        new Set(),
    );
    refuseLosses(changes, inputs);
    // A view keeps its columns from being dropped or altered, so it goes first and comes again behind.
    const broken = changes.some(breaksViews) ? views.filter((view) => located.has(partText(view.part))) : [];
    return [
        ...planRename(step, "TABLE", found, name),
        ...planMark(step, "TABLE", name, part, target.marking, found),
        ...broken.map((view) => dropView(step, located.get(partText(view.part)) as Relation)),
        ...planColumns(step, target, name, changes),
        ...planChecks(step, target, name, found, changes),
        ...planGuard(step, target, name, found, located, remainder),
        ...planInterval(step, target, name, found),
        ...planIndexes(step, target, name, remainder, found.indexes, wantedIndexes(inputs)),
        ...planViews(
            step,
            target,
            views,
            located,
            broken.map((view) => partText(view.part)),
        ),
    ];
}

function createShard(step: Stepper, target: NodeTarget, name: TableName, remainder: number): Step[] {
    const { inputs, side } = target;
    const columns = shardColumns(inputs, target.canonical).map(columnDefinition);
    const checks = shardChecks(inputs).map(
        (check) => `CONSTRAINT ${identifier(check.name)} CHECK (${check.expression})`,
    );
    const table = qualified(name.schema, name.name);
    const wanted = wantedIndexes(inputs);
    const more = inputs.createDefaultIndexes
        ? defaultIndexes(inputs).filter(({ id }) => wanted.every((index) => index.id !== id))
        : [];
    return [
        step(
            "createShard",
            `shard ${remainder} does not exist on ${target.node}`,
            `CREATE TABLE ${table} (${[...columns, ...checks, guard(target, remainder)].join(", ")})`,
        ),
        ...(side.timescaledb === null ? [] : [createHypertable(step, target, table)]),
        ...planIndexes(step, target, name, remainder, [], [...wanted, ...more]),
    ];
}

function createHypertable(step: Stepper, target: NodeTarget, table: string): Step {
    const { inputs, side } = target;
    const extension = identifier(side.timescaledb?.schema ?? "public");
    const byRange = supports("byRange", {
        engine: "fdw",
        postgresVersion: side.facts.postgresVersion,
        timescaledbVersion: side.timescaledb?.version ?? null,
    });
    const { value, type } = chunkInterval(inputs.chunkTimeInterval);
    const dimension = byRange
        ? `${extension}.by_range($2::name, $3::${type})`
        : `$2::name, chunk_time_interval => $3::${type}`;
    return step(
        "createHypertable",
        `${target.node} has TimescaleDB`,
        `SELECT ${extension}.create_hypertable($1::regclass, ${dimension}, create_default_indexes => false)`,
        { values: [table, inputs.timeColumn, value] },
    );
}

function planInterval(step: Stepper, target: NodeTarget, name: TableName, found: Relation): Step[] {
    const { inputs, side, canonical } = target;
    const interval = side.intervals[relationKey(found)];
    if (interval === undefined || interval === canonical.chunkTimeInterval) {
        return [];
    }
    const { value, type } = chunkInterval(inputs.chunkTimeInterval);
    const extension = identifier(side.timescaledb?.schema ?? "public");
    return [
        step(
            "setChunkTimeInterval",
            `the chunk interval of ${name.schema}.${name.name} differs`,
            `SELECT ${extension}.set_chunk_time_interval($1::regclass, $2::${type})`,
            { values: [qualified(name.schema, name.name), value] },
        ),
    ];
}

function chunkInterval(interval: string | number = "7 days"): { value: string; type: "interval" | "bigint" } {
    return { value: String(interval), type: typeof interval === "number" ? "bigint" : "interval" };
}

function planColumns(step: Stepper, target: NodeTarget, name: TableName, changes: readonly ColumnChange[]): Step[] {
    return changes.flatMap((change) =>
        alterShardColumn(
            step,
            name,
            change,
            target.inputs.columns?.find((column) => column.name === change.column.name),
        ),
    );
}

function planChecks(
    step: Stepper,
    target: NodeTarget,
    name: TableName,
    found: Relation,
    changes: readonly ColumnChange[],
): Step[] {
    const table = qualified(name.schema, name.name);
    const wanted = shardChecks(target.inputs);
    const gone = new Set(changes.flatMap((change) => (change.kind === "drop" ? [change.column.name] : [])));
    const goneWith = new Set(
        found.columns
            .filter((column) => gone.has(column.name))
            .flatMap(({ checks }) => (checks ?? []).map((c) => c.name)),
    );
    const surplus = Object.keys(found.checks).filter(
        (check) => isShardCheck(check) && !goneWith.has(check) && wanted.every((candidate) => candidate.name !== check),
    );
    const missing = wanted.filter((check) => found.checks[check.name] === undefined);
    return [
        ...surplus.map((check) =>
            step(
                "dropCheck",
                `check ${check} is not requested`,
                `ALTER TABLE ${table} DROP CONSTRAINT ${identifier(check)}`,
            ),
        ),
        ...missing.map((check) =>
            step(
                "addCheck",
                `the check on ${check.column} is missing on ${name.schema}.${name.name}`,
                `ALTER TABLE ${table} ADD CONSTRAINT ${identifier(check.name)} CHECK (${check.expression})`,
            ),
        ),
    ];
}

/** Without the guard a row that is updated to another key stays in the wrong shard, where no query looks for it. */
function guard({ inputs, layout }: NodeTarget, remainder: number): string {
    const route = literal(qualified(inputs.schema, routeName(inputs.tableName)));
    return (
        `CONSTRAINT ${GUARD} CHECK (satisfies_hash_partition(${route}::regclass, ` +
        `${layout.modulus}, ${remainder}, ${identifier(inputs.partitioningColumn ?? "")}))`
    );
}

function planGuard(
    step: Stepper,
    target: NodeTarget,
    name: TableName,
    found: Relation,
    located: Located,
    remainder: number,
): Step[] {
    const route = located.get(partText({ kind: "route" }));
    const [, modulus, value] =
        /^CHECK \(satisfies_hash_partition\(.*?::regclass\)::oid, (\d+), (\d+), /s.exec(found.checks[GUARD] ?? "") ??
        [];
    const isByRoute = route !== undefined && found.checksUse.includes(route.oid);
    if (isByRoute && modulus === String(target.layout.modulus) && value === String(remainder)) {
        return [];
    }
    const table = qualified(name.schema, name.name);
    return [
        ...(found.checks[GUARD] === undefined
            ? []
            : [
                  step(
                      "dropGuard",
                      `the guard of ${name.name} is another`,
                      `ALTER TABLE ${table} DROP CONSTRAINT ${GUARD}`,
                  ),
              ]),
        step(
            "addGuard",
            `${name.schema}.${name.name} has no guard against rows of other shards`,
            `ALTER TABLE ${table} ADD ${guard(target, remainder)}`,
        ),
    ];
}

function dropView(step: Stepper, { schema, name }: TableName): Step {
    return step("dropView", `${schema}.${name} is to be made anew`, `DROP VIEW ${qualified(schema, name)}`);
}

function dropLastViews(step: Stepper, located: Located): Step[] {
    return [...located.values()]
        .filter(({ marker }) => partOf(marker)?.kind === "last")
        .map(({ schema, name }) =>
            step("dropView", "lastPoint is not requested", `DROP VIEW ${qualified(schema, name)}`),
        );
}
