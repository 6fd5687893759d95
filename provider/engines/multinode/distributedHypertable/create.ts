/**
 * Making a distributed hypertable, or making a table that exists into one. All of it is one transaction across all
 * nodes: it is there with its indexes and its mark, or nothing of it is.
 */
import { ProviderError } from "../../../errors";
import { anonymousBlock, identifier, qualified } from "../../../postgres/sql";
import { columnDefinition } from "../../tables/columnSql";
import { DEFAULT_CHUNK_INTERVAL, intervalArgument } from "../../tables/intervals";
import { findSchema } from "../../tables/schemas";
import { markObject } from "../../tables/statements";
import type { DistributedHypertableInputs } from "../../inputs";
import { at, type Statement, type Step } from "../../step";
import { isMarked, ownerOf } from "../../marks/ownership";
import { functionOf, markerOf, type ClusterState } from "../cluster";
import { accessDatabase } from "../../run/places";
import { contentsText } from "./contents";
import { planIndex } from "./keys";
import type { HypertableRequest, ObservedHypertable } from "./observe";
import { planCreateSchema } from "./schemas";
import { requestedName, type TableState } from "./tables";

const TRANSACTION = "create distributed hypertable";

/** The steps to a distributed hypertable where there is none. */
export function planCreateHypertable(
    cluster: ClusterState,
    observed: ObservedHypertable,
    nodes: readonly string[],
    request: HypertableRequest,
): Step[] {
    const { inputs } = request;
    const { table, schemas } = observed;
    const distribute = distributeStatement(cluster, nodes, inputs);
    const statements = [
        ...planCreateSchema(cluster, nodes, inputs, findSchema(schemas, inputs.schema) !== undefined),
        ...(table === undefined
            ? [createTable(inputs), distribute, ...createIndexes(inputs)]
            : distributeExisting(table, observed, inputs, distribute)),
        ...mark(cluster, table, request),
    ];
    return at(accessDatabase(inputs.accessNode), statements, TRANSACTION);
}

function createTable(inputs: DistributedHypertableInputs): Statement {
    const { columns, primaryKey, uniqueKeys, schema, tableName } = inputs;
    if (columns === undefined) {
        throw new ProviderError(
            "NOT_FOUND",
            `table "${schema}.${tableName}" does not exist, and no columns are given`,
            { remedy: "Give columns to have the table made" },
        );
    }
    const list = (names: readonly string[]): string => names.map(identifier).join(", ");
    const elements = [
        ...columns.map(columnDefinition),
        ...(primaryKey === undefined ? [] : [`PRIMARY KEY (${list(primaryKey)})`]),
        ...(uniqueKeys ?? []).map((key) => `UNIQUE (${list(key)})`),
    ];
    return {
        name: `create table ${schema}.${tableName}`,
        why: `table ${schema}.${tableName} does not exist`,
        sql: `CREATE TABLE ${requestedName(inputs)} (\n    ${elements.join(",\n    ")}\n)`,
    };
}

function distributeStatement(
    cluster: ClusterState,
    nodes: readonly string[],
    inputs: DistributedHypertableInputs,
): Statement {
    const interval = inputs.chunkTimeInterval ?? DEFAULT_CHUNK_INTERVAL;
    return {
        name: `create distributed hypertable ${inputs.schema}.${inputs.tableName}`,
        why: `${inputs.schema}.${inputs.tableName} is not distributed`,
        sql: `SELECT FROM ${functionOf(cluster, "create_distributed_hypertable")}(
    relation => $1::regclass,
    time_column_name => $2::name,
    partitioning_column => $3::name,
    number_partitions => $4::integer,
    associated_schema_name => $5::name,
    associated_table_prefix => $6::name,
    chunk_time_interval => ${intervalArgument(interval, 7)},
    create_default_indexes => $8::boolean,
    partitioning_func => $9::text::regproc,
    time_partitioning_func => $10::text::regproc,
    replication_factor => $11::integer,
    data_nodes => $12::text[]::name[])`,
        values: [
            requestedName(inputs),
            inputs.timeColumn,
            inputs.partitioningColumn ?? null,
            inputs.numberPartitions ?? null,
            inputs.associatedSchemaName ?? null,
            inputs.associatedTablePrefix ?? null,
            interval,
            inputs.createDefaultIndexes,
            inputs.partitioningFunc ?? null,
            inputs.timePartitioningFunc ?? null,
            inputs.replicationFactor,
            nodes,
        ],
    };
}

function createIndexes({ schema, tableName, columns, indexes }: DistributedHypertableInputs): Statement[] {
    const known = new Set((columns ?? []).map(({ name }) => name));
    return (indexes ?? []).map((index) => planIndex({ schema, name: tableName }, index, known));
}

/** A table that holds rows is emptied into a temporary one, and filled again through the data nodes. */
function distributeExisting(
    table: TableState,
    { contents }: ObservedHypertable,
    { migrateData }: DistributedHypertableInputs,
    distribute: Statement,
): Statement[] {
    if (contents.rows === 0) {
        return [distribute];
    }
    const name = `${table.schema}.${table.name}`;
    if (!migrateData) {
        throw new ProviderError("HOLDS_DATA", `"${name}" holds rows (${contentsText(contents)})`, {
            remedy: "Set migrateData: true to have them moved to the data nodes, or empty the table",
        });
    }
    const source = qualified(table.schema, table.name);
    const written = table.columns
        .filter((column) => !table.generatedColumns.includes(column.name))
        .map((column) => identifier(column.name))
        .join(", ");
    const why = "the rows of the table go to the data nodes";
    const staging = "pulumi_timescaledb_staging";
    return [
        { name: `lock table ${name}`, why, sql: `LOCK TABLE ${source} IN ACCESS EXCLUSIVE MODE` },
        {
            name: `copy rows of ${name} to a staging table`,
            why,
            sql: `CREATE TEMPORARY TABLE ${staging} AS TABLE ${source}`,
        },
        { name: `truncate table ${name}`, why, sql: `TRUNCATE ${source}` },
        distribute,
        {
            name: `copy rows of ${name} from the staging table`,
            why,
            sql: `INSERT INTO ${source} (${written}) OVERRIDING SYSTEM VALUE SELECT ${written} FROM pg_temp.${staging}`,
        },
        {
            name: `count rows of ${name}`,
            why: "no row may be lost on the way",
            sql: anonymousBlock(`DECLARE
    before bigint := (SELECT count(*) FROM pg_temp.${staging});
    after bigint := (SELECT count(*) FROM ${source});
BEGIN
    IF before <> after THEN
        RAISE EXCEPTION 'the table had % rows, and % of them arrived on the data nodes', before, after;
    END IF;
END`),
        },
        { name: "drop the staging table", why: "every row arrived", sql: `DROP TABLE pg_temp.${staging}` },
    ];
}

function mark(cluster: ClusterState, table: TableState | undefined, request: HypertableRequest): Statement[] {
    const { inputs } = request;
    const ours = markerOf(cluster, inputs);
    const isOurs =
        table === undefined || (isMarked(ownerOf(request), table.marker) && table.marker?.adopted === undefined);
    const name = { schema: inputs.schema, name: inputs.tableName };
    return markObject("TABLE", name, table?.comment, isOurs ? ours : { ...ours, adopted: true });
}
