/**
 * Making a distributed hypertable, or making a table that exists into one. All of it is one transaction across all
 * nodes: it is there with its indexes and its mark, or nothing of it is.
 */
import { ProviderError } from "../../../errors";
import { identifier, literal, qualified } from "../../../postgres/sql";
import { columnDefinition } from "../../tables/columnSql";
import type { DistributedHypertableInputs } from "../../inputs";
import type { Step } from "../../step";
import { withMarker } from "../../marks/marker";
import { isMarked, ownerOf } from "../../marks/ownership";
import { anonymousBlock } from "../block";
import { functionOf, markerOf, type ClusterState } from "../cluster";
import { contentsText, type TableContents } from "./contents";
import type { HypertableRequest } from ".";
import type { ObservedHypertable } from "./observe";
import { requestedName } from "./names";
import { createIndex, indexName } from "./indexes";
import { intervalArgument, DEFAULT_CHUNK_INTERVAL } from "./intervals";
import { accessDatabase } from "../places";
import { planCreateSchema } from "./schemas";
import type { TableState } from "./tables";

const TRANSACTION = "create distributed hypertable";

type Bare = Omit<Step, "on">;

/** The steps to a distributed hypertable where there is none. */
export function planCreateHypertable(
    cluster: ClusterState,
    observed: ObservedHypertable | undefined,
    nodes: readonly string[],
    request: HypertableRequest,
): Step[] {
    const { inputs } = request;
    const { table } = observed ?? {};
    const schema = observed?.schemas.find(({ name }) => name === inputs.schema);
    const steps: Bare[] = [
        ...planCreateSchema(cluster, inputs.schema, schema, nodes, markerOf(cluster, inputs)),
        ...(table === undefined
            ? [createTable(inputs), distribute(cluster, nodes, inputs), ...createIndexes(inputs)]
            : convert(cluster, table, observed?.contents, nodes, request)),
        mark(cluster, table, request),
    ];
    return steps.map((step) => ({ ...step, on: accessDatabase(inputs.accessNode), transaction: TRANSACTION }));
}

function createTable(inputs: DistributedHypertableInputs): Bare {
    const { columns, primaryKey, uniqueKeys, schema, tableName } = inputs;
    if (columns === undefined) {
        throw new ProviderError(
            "NOT_FOUND",
            `table "${schema}.${tableName}" does not exist, and no columns are given`,
            {
                remedy: "Give columns to have the table made",
            },
        );
    }
    const list = (names: readonly string[]): string => names.map(identifier).join(", ");
    const elements = [
        ...columns.map(columnDefinition),
        ...(primaryKey === undefined ? [] : [`PRIMARY KEY (${list(primaryKey)})`]),
        ...(uniqueKeys ?? []).map((key) => `UNIQUE (${list(key)})`),
    ];
    return {
        name: "createTable",
        why: `table ${schema}.${tableName} does not exist`,
        sql: `CREATE TABLE ${requestedName(inputs)} (\n    ${elements.join(",\n    ")}\n)`,
    };
}

function distribute(cluster: ClusterState, nodes: readonly string[], inputs: DistributedHypertableInputs): Bare {
    const interval = inputs.chunkTimeInterval ?? DEFAULT_CHUNK_INTERVAL;
    return {
        name: "createDistributedHypertable",
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

function createIndexes(inputs: DistributedHypertableInputs): Bare[] {
    const known = new Set((inputs.columns ?? []).map(({ name }) => name));
    return (inputs.indexes ?? []).map((index) => {
        const name = indexName(inputs.tableName, index);
        return {
            name: "createIndex",
            why: `index ${name} does not exist`,
            sql: createIndex(requestedName(inputs), name, index, known),
        };
    });
}

/** A table that holds rows is emptied into a temporary one, and filled again through the data nodes. */
function convert(
    cluster: ClusterState,
    table: TableState,
    contents: TableContents | undefined,
    nodes: readonly string[],
    request: HypertableRequest,
): Bare[] {
    const { inputs } = request;
    if (contents === undefined || contents.rows === 0) {
        return [distribute(cluster, nodes, inputs)];
    }
    if (!inputs.migrateData) {
        throw new ProviderError(
            "HOLDS_DATA",
            `"${table.schema}.${table.name}" holds rows (${contentsText(contents)})`,
            {
                remedy: "Set migrateData: true to have them moved to the data nodes, or empty the table",
            },
        );
    }
    const source = qualified(table.schema, table.name);
    const written = table.columns
        .filter(({ name }) => !table.generatedColumns.includes(name))
        .map(({ name }) => identifier(name))
        .join(", ");
    const why = "the rows of the table go to the data nodes";
    const staging = "pg_temp.pulumi_timescaledb_staging";
    return [
        { name: "lockTable", why, sql: `LOCK TABLE ${source} IN ACCESS EXCLUSIVE MODE` },
        {
            name: "createStagingTable",
            why,
            sql: `CREATE TEMPORARY TABLE pulumi_timescaledb_staging AS TABLE ${source}`,
        },
        { name: "truncate", why, sql: `TRUNCATE ${source}` },
        distribute(cluster, nodes, inputs),
        {
            name: "insert",
            why,
            sql: `INSERT INTO ${source} (${written}) OVERRIDING SYSTEM VALUE SELECT ${written} FROM ${staging}`,
        },
        {
            name: "countRows",
            why: "no row may be lost on the way",
            sql: anonymousBlock(`DECLARE
    before bigint := (SELECT count(*) FROM ${staging});
    after bigint := (SELECT count(*) FROM ${source});
BEGIN
    IF before <> after THEN
        RAISE EXCEPTION 'the table had % rows, and % of them arrived on the data nodes', before, after;
    END IF;
END`),
        },
        { name: "dropStagingTable", why: "every row arrived", sql: `DROP TABLE ${staging}` },
    ];
}

function mark(cluster: ClusterState, table: TableState | undefined, request: HypertableRequest): Bare {
    const ours = markerOf(cluster, request.inputs);
    const isOurs =
        table === undefined || (isMarked(ownerOf(request), table.marker) && table.marker?.adopted === undefined);
    const marker = isOurs ? ours : { ...ours, adopted: true as const };
    return {
        name: "markTable",
        why: `${request.inputs.schema}.${request.inputs.tableName} bears the mark of its resource`,
        sql: `COMMENT ON TABLE ${requestedName(request.inputs)} IS ${literal(withMarker(table?.comment, marker))}`,
    };
}
