/**
 * Tables on the access node: one query for those that are asked for, or for all distributed hypertables of the
 * database. It asks no data node, and so works with all of them down.
 */
import type { Session } from "../../../postgres/pool";
import { qualified } from "../../../postgres/sql";
import type { DistributedHypertableInputs } from "../../inputs";
import { columnsOf, observedColumns, type ColumnRow } from "../../tables/columnSql";
import type { ObservedColumn } from "../../tables/columns";
import type { TableName } from "../../tables/names";
import { readMarker, type Marker } from "../../marks/marker";
import { INDEX_DEFINITION, type IndexState } from "./indexes";

/** A table, as the access node has it. */
export interface TableState extends TableName {
    /** pg_class.relkind: "r" for a table. */
    readonly kind: string;
    readonly comment: string | null;
    readonly marker: Marker | undefined;
    readonly columns: readonly ObservedColumn[];
    readonly generatedColumns: readonly string[];
    readonly keys: readonly KeyState[];
    readonly indexes: readonly IndexState[];
    /** undefined: an ordinary table. */
    readonly hypertable?: HypertableState;
}

/** A primary key or a unique constraint. */
export interface KeyState {
    readonly name: string;
    readonly primary: boolean;
    readonly columns: readonly string[];
}

/** What makes a table a hypertable. */
export interface HypertableState {
    readonly id: number;
    /** Copies of each new chunk; null for a hypertable that is not distributed. */
    readonly replicationFactor: number | null;
    readonly associatedSchema: string;
    readonly associatedPrefix: string;
    readonly nodes: readonly string[];
    readonly dimensions: readonly DimensionState[];
    /** The options of ALTER TABLE ... SET that compression was switched on with; null: it is off. */
    readonly compression: Compression | null;
}

/** One dimension. */
export interface DimensionState {
    readonly column: string;
    readonly type: string;
    /** null for a space dimension. Microseconds, or units of an integer column. */
    readonly length: string | null;
    /** {@link length} as an interval, or as the same number for an integer column. */
    readonly interval: string | null;
    /** null for a time dimension. */
    readonly partitions: number | null;
}

/** How a hypertable is compressed: lists of columns as the settings take them. */
export interface Compression {
    readonly segmentBy: string | null;
    readonly orderBy: string | null;
}

interface TableRow {
    readonly schema: string;
    readonly name: string;
    readonly kind: string;
    readonly comment: string | null;
    readonly columns: readonly ColumnRow[];
    readonly keys: readonly KeyState[];
    readonly indexes: readonly IndexState[];
    readonly hypertable: HypertableState | null;
}

/** Reads tables by name; without names, every distributed hypertable. */
export async function observeTables(session: Session, names?: readonly TableName[]): Promise<TableState[]> {
    const rows = await session.query<TableRow>(
        `SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
                obj_description(c.oid, 'pg_class') AS comment, ${columnsOf("c.oid")} AS columns,
                (SELECT coalesce(json_agg(json_build_object(
                            'name', k.conname, 'primary', k.contype = 'p',
                            'columns', (SELECT json_agg(a.attname ORDER BY p.position)
                                          FROM unnest(k.conkey) WITH ORDINALITY AS p (number, position)
                                          JOIN pg_catalog.pg_attribute a
                                            ON a.attrelid = k.conrelid AND a.attnum = p.number)) ORDER BY k.conname), '[]')
                   FROM pg_catalog.pg_constraint k
                  WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u')) AS keys,
                (SELECT coalesce(json_agg(json_build_object('name', x.relname, 'definition', ${INDEX_DEFINITION})
                                          ORDER BY x.relname), '[]')
                   FROM pg_catalog.pg_index i
                   JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                  WHERE i.indrelid = c.oid
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.indexrelid)) AS indexes,
                CASE WHEN h.id IS NOT NULL THEN json_build_object(
                    'id', h.id, 'replicationFactor', h.replication_factor,
                    'associatedSchema', h.associated_schema_name, 'associatedPrefix', h.associated_table_prefix,
                    'nodes', (SELECT coalesce(json_agg(d.node_name ORDER BY d.node_name), '[]')
                                FROM _timescaledb_catalog.hypertable_data_node d WHERE d.hypertable_id = h.id),
                    'dimensions', (SELECT json_agg(json_build_object(
                                              'column', d.column_name, 'type', format_type(d.column_type, NULL),
                                              'length', d.interval_length::text,
                                              'interval', CASE WHEN d.column_type IN ('int2'::regtype, 'int4'::regtype,
                                                                                      'int8'::regtype)
                                                               THEN d.interval_length::text
                                                               ELSE justify_hours(d.interval_length
                                                                                  * interval '1 microsecond')::text END,
                                              'partitions', d.num_slices) ORDER BY d.id)
                                     FROM _timescaledb_catalog.dimension d WHERE d.hypertable_id = h.id),
                    'compression', (
                        SELECT json_build_object(
                                   'segmentBy', string_agg(quote_ident(s.attname), ', ' ORDER BY s.segmentby_column_index)
                                                FILTER (WHERE s.segmentby_column_index IS NOT NULL),
                                   'orderBy', string_agg(quote_ident(s.attname) ||
                                                         CASE WHEN s.orderby_asc THEN ' ASC' ELSE ' DESC' END ||
                                                         CASE WHEN s.orderby_nullsfirst THEN ' NULLS FIRST'
                                                              ELSE ' NULLS LAST' END,
                                                         ', ' ORDER BY s.orderby_column_index)
                                              FILTER (WHERE s.orderby_column_index IS NOT NULL))
                          FROM timescaledb_information.compression_settings s
                         WHERE s.hypertable_schema = h.schema_name AND s.hypertable_name = h.table_name
                        HAVING count(*) > 0)) END AS hypertable
           FROM pg_catalog.pg_class c
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           LEFT JOIN _timescaledb_catalog.hypertable h ON h.schema_name = n.nspname AND h.table_name = c.relname
          WHERE CASE WHEN $1::text[] IS NULL THEN h.replication_factor > 0
                     ELSE (n.nspname, c.relname) IN (SELECT s::name, t::name FROM unnest($1::text[], $2::text[]) AS w (s, t))
                END`,
        names === undefined ? [null, null] : [names.map(({ schema }) => schema), names.map(({ name }) => name)],
    );
    return rows.map(tableState);
}

function tableState({ hypertable, columns, ...table }: TableRow): TableState {
    return {
        ...table,
        marker: readMarker(table.comment),
        columns: observedColumns(columns),
        generatedColumns: columns.filter(({ generated }) => generated === true).map(({ name }) => name),
        ...(hypertable === null ? {} : { hypertable }),
    };
}

/** The table of that name among some, if it is there. */
export function findTable(tables: readonly TableState[], { schema, name }: TableName): TableState | undefined {
    return tables.find((table) => table.schema === schema && table.name === name);
}

/** The quoted name under which the table is requested. */
export function requestedName({ schema, tableName }: DistributedHypertableInputs): string {
    return qualified(schema, tableName);
}

/** The first time dimension. */
export function timeDimension({ dimensions }: HypertableState): DimensionState | undefined {
    return dimensions.find(({ partitions }) => partitions === null);
}

/** The first space dimension. */
export function spaceDimension({ dimensions }: HypertableState): DimensionState | undefined {
    return dimensions.find(({ partitions }) => partitions !== null);
}
