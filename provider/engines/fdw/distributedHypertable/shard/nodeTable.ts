/** A table's part on one data node: the route, and for each shard a table, a guard, indexes and views. */
import { identifier, qualified } from "../../../../postgres/sql";
import type { Statement } from "../../../step";
import { compareColumns, type ColumnChange } from "../../../tables/columns";
import { columnDefinition } from "../../../tables/columnSql";
import { addCheck, dropCheck, refuseLosses } from "../../../tables/columnSteps";
import { DEFAULT_CHUNK_INTERVAL, INTERVAL_PATH, intervalArgument } from "../../../tables/intervals";
import { findSchema } from "../../../tables/schemas";
import { supports } from "../../../versions/capabilities";
import { alterShardColumn, bareColumns, breaksViews, isShardCheck, shardChecks, shardColumns } from "../columns";
import { partOf, partText, routeName, shardName } from "../parts";
import { relationKey, type Relation } from "../relations";
import { keepPart, markPart, planDropOldSchema, planSchema, type NodeTarget, type WantedPart } from "../target";
import { planGrants } from "./grants";
import { guardClause, planGuard } from "./guard";
import { createIndexes, planIndexes } from "./indexes";
import { dropView, makeView, planView, shardViews } from "./views";

/** What a data node still lacks of a table. */
export function planNodeTable(target: NodeTarget): Statement[] {
    const { inputs, side, shards, parts } = target;
    const lastViews = [...parts.values()].filter(({ marker }) => partOf(marker)?.kind === "last");
    return [
        ...planSchema(target, side.schemas),
        ...planUsage(target),
        ...planRoute(target),
        ...(inputs.lastPoint ? [] : lastViews.map((view) => dropView(view, "lastPoint is not requested"))),
        ...shards.flatMap((remainder) => planShard(target, remainder)),
        ...planDropOldSchema(target, side.schemas),
    ];
}

function planUsage({ inputs, side, remoteRole }: NodeTarget): Statement[] {
    const found = findSchema(side.schemas, inputs.schema);
    const grants = found?.grants ?? [];
    const isOpen = grants.some(({ role, privilege }) => role === null && privilege === "USAGE");
    return (found?.owner ?? side.facts.role) === remoteRole || isOpen
        ? []
        : planGrants(`SCHEMA ${identifier(inputs.schema)}`, grants, remoteRole, ["USAGE"]);
}

/** The route is empty: it only lends its identity to satisfies_hash_partition in the guards. */
function planRoute({ inputs, canonical, marking, parts, node }: NodeTarget): Statement[] {
    const route: WantedPart = { schema: inputs.schema, name: routeName(inputs.tableName), part: { kind: "route" } };
    const found = parts.get(partText(route.part));
    if (found !== undefined) {
        return keepPart(marking, "TABLE", route, found);
    }
    const name = `${route.schema}.${route.name}`;
    const key = inputs.partitioningColumn ?? "";
    const columns = shardColumns(inputs, canonical)
        .filter((column) => column.name === key)
        .map((column) => columnDefinition({ ...column, nullable: true }));
    return [
        {
            name: `create table ${name}`,
            why: `${name} does not exist on ${node}`,
            sql: `CREATE TABLE ${qualified(route.schema, route.name)} (${columns.join(", ")}) PARTITION BY HASH (${identifier(key)})`,
        },
        ...markPart(marking, "TABLE", route),
    ];
}

function planShard(target: NodeTarget, remainder: number): Statement[] {
    const { inputs, canonical, layout, marking, parts } = target;
    const shard: WantedPart = {
        schema: inputs.schema,
        name: shardName(inputs.tableName, remainder),
        part: { kind: "shard", remainder, modulus: layout.modulus },
    };
    const found = parts.get(partText(shard.part));
    const views = shardViews(target, remainder);
    if (found === undefined) {
        return [
            ...createShard(target, shard),
            ...markPart(marking, "TABLE", shard),
            ...views.flatMap((view) => planView(target, view)),
        ];
    }
    const changes = compareColumns(shardColumns(inputs, canonical), bareColumns(found.columns), canonical, new Set());
    refuseLosses(changes, inputs);
    // A view keeps its columns from being dropped or altered, so it is dropped first and made again afterwards.
    const isBroken = changes.some(breaksViews);
    const dropped = views.flatMap((view) => (isBroken ? (parts.get(partText(view.part)) ?? []) : []));
    return [
        ...keepPart(marking, "TABLE", shard, found),
        ...dropped.map((view) => dropView(view, `${view.schema}.${view.name} keeps columns from being changed`)),
        ...changes.flatMap((change) => alterShardColumn(shard, change, defaultOf(target, change))),
        ...planChecks(target, shard, found, changes),
        ...planGuard(target, shard, found),
        ...planInterval(target, shard, found),
        ...planIndexes(target, shard, found.indexes),
        ...views.flatMap((view) =>
            isBroken ? makeView(target, view, parts.get(partText(view.part))) : planView(target, view),
        ),
    ];
}

function defaultOf({ inputs }: NodeTarget, { column: { name } }: ColumnChange): string | undefined {
    return inputs.columns?.find((column) => column.name === name)?.default;
}

function createShard(target: NodeTarget, shard: WantedPart): Statement[] {
    const { inputs, canonical, side, node } = target;
    const elements = [
        ...shardColumns(inputs, canonical).map(columnDefinition),
        ...shardChecks(inputs).map(({ name, expression }) => `CONSTRAINT ${identifier(name)} CHECK (${expression})`),
        guardClause(target, shard),
    ];
    return [
        {
            name: `create table ${shard.schema}.${shard.name}`,
            why: `shard ${shard.part.remainder} does not exist on ${node}`,
            sql: `CREATE TABLE ${qualified(shard.schema, shard.name)} (${elements.join(", ")})`,
        },
        ...(side.timescaledb === null ? [] : [createHypertable(target, shard)]),
        ...createIndexes(target, shard),
    ];
}

function createHypertable({ inputs, side, node }: NodeTarget, { schema, name }: WantedPart): Statement {
    const { timeColumn, chunkTimeInterval: interval = DEFAULT_CHUNK_INTERVAL } = inputs;
    const extension = identifier(side.timescaledb?.schema ?? "public");
    const byRange = supports("byRange", {
        engine: "fdw",
        postgresVersion: side.facts.postgresVersion,
        timescaledbVersion: side.timescaledb?.version ?? null,
    });
    const argument = intervalArgument(interval, 3);
    const dimension = byRange
        ? `${extension}.by_range($2::name, ${argument})`
        : `$2::name, chunk_time_interval => ${argument}`;
    return {
        name: `create hypertable ${schema}.${name}`,
        why: `${node} has TimescaleDB`,
        sql: `SELECT ${extension}.create_hypertable($1::regclass, ${dimension}, create_default_indexes => false)`,
        values: [qualified(schema, name), timeColumn, interval],
    };
}

function planInterval({ inputs, side, canonical }: NodeTarget, shard: WantedPart, found: Relation): Statement[] {
    const length = side.intervals[relationKey(found)];
    if (length === undefined || length === canonical[INTERVAL_PATH]) {
        return [];
    }
    const interval = inputs.chunkTimeInterval ?? DEFAULT_CHUNK_INTERVAL;
    const extension = identifier(side.timescaledb?.schema ?? "public");
    return [
        {
            name: `set chunk time interval to ${interval}`,
            why: `the chunk interval of ${shard.schema}.${shard.name} differs`,
            sql: `SELECT ${extension}.set_chunk_time_interval($1::regclass, ${intervalArgument(interval, 2)})`,
            values: [qualified(shard.schema, shard.name), interval],
        },
    ];
}

function planChecks(
    { inputs }: NodeTarget,
    shard: WantedPart,
    found: Relation,
    changes: readonly ColumnChange[],
): Statement[] {
    const wanted = shardChecks(inputs);
    const dropped = new Set(changes.flatMap(({ kind, column }) => (kind === "drop" ? [column.name] : [])));
    // A column takes its checks along.
    const goneWith = new Set(
        found.columns
            .filter(({ name }) => dropped.has(name))
            .flatMap(({ checks }) => (checks ?? []).map(({ name }) => name)),
    );
    const surplus = Object.keys(found.checks).filter(
        (name) => isShardCheck(name) && !goneWith.has(name) && wanted.every((check) => check.name !== name),
    );
    const missing = wanted.filter(({ name }) => found.checks[name] === undefined);
    return [
        ...surplus.map((name) =>
            dropCheck(shard, name.replace(/_check_[0-9a-f]{8}$/, ""), name, `check ${name} is not requested`),
        ),
        ...missing.map((check) =>
            addCheck(shard, check, `the check on ${check.column} is missing on ${shard.schema}.${shard.name}`),
        ),
    ];
}
