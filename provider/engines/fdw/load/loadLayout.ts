/** Where the rows of a table go, as the access node's partitions and the data nodes' views say it. */
import { ProviderError } from "../../../errors";
import type { Session } from "../../../postgres/pool";
import type { ColumnRow } from "../../tables/columnSql";
import type { Load } from "../../load";
import { readRelations, type Relation } from "../distributedHypertable/relations";
import type { TableName } from "../../tables/names";
import { boundOf } from "../distributedHypertable/layout";

/** A shard that takes rows. */
export interface LoadShard {
    readonly remainder: number;
    readonly node: string;
    /** What the access node's foreign table names: the view of the shard. */
    readonly target: TableName;
}

/** What is to know of a table before rows can be sent. */
export interface LoadLayout {
    readonly columns: readonly string[];
    /** Their types, as format_type() names them. */
    readonly types: readonly string[];
    /** The partitioning column's place among them; undefined: it is left out, and therefore NULL. */
    readonly key: number | undefined;
    readonly keyType: string;
    readonly modulus: number;
    readonly shards: readonly LoadShard[];
}

/**
 * Reads it on the access node.
 *
 * @throws NOT_FOUND, NOT_SUPPORTED, INVALID_ARGUMENT
 */
export async function readLoadLayout(session: Session, load: Load): Promise<LoadLayout> {
    const { schema, table } = load;
    const { relations } = await readRelations(session, { schemas: [schema], names: [table] });
    const parent = relations.find((relation) => relation.schema === schema && relation.name === table);
    if (parent === undefined) {
        throw new ProviderError("NOT_FOUND", `there is no table "${schema}.${table}" on the access node`);
    }
    const key = keyOf(parent);
    const columns = wantedColumns(load, parent.columns);
    const partitions = relations.filter((other) => other.parent?.schema === schema && other.parent.name === table);
    const shards = partitions.flatMap((partition) => shardOf(partition));
    const place = columns.indexOf(key.name);
    return {
        columns,
        types: columns.map((name) => parent.columns.find((column) => column.name === name)?.type ?? ""),
        key: place < 0 ? undefined : place,
        keyType: key.type,
        modulus: boundOf(partitions[0] ?? parent).modulus ?? 0,
        shards,
    };
}

/** The table that a view on a data node reads, for each of some views. COPY goes to no view. */
export async function readShardTables(session: Session, targets: readonly TableName[]): Promise<TableName[]> {
    const { relations } = await readRelations(session, {
        schemas: [...new Set(targets.map(({ schema }) => schema))],
        names: targets.map(({ name }) => name),
    });
    return targets.map(({ schema, name }) => {
        const found = relations.find((relation) => relation.schema === schema && relation.name === name);
        const shard = found?.kind === "v" ? found.uses[0] : found;
        if (shard === undefined) {
            throw new ProviderError("NOT_FOUND", `"${schema}.${name}" is not there`, {
                remedy: "Run `pulumi up`, which makes what is missing",
            });
        }
        return shard;
    });
}

function keyOf(parent: Relation): ColumnRow {
    const text = parent.key?.replaceAll('"', "");
    const key = parent.columns.find(({ name }) => text === `HASH (${name.replaceAll('"', "")})`);
    if (key === undefined) {
        throw new ProviderError(
            "NOT_SUPPORTED",
            `"${parent.schema}.${parent.name}" is not partitioned by the hash of a column`,
            { remedy: "Load it with COPY or INSERT on the access node" },
        );
    }
    return key;
}

function shardOf(partition: Relation): LoadShard[] {
    const { remainder } = boundOf(partition);
    const { server, options, schema, name } = partition;
    return remainder === undefined || server === null
        ? []
        : [
              {
                  remainder,
                  node: server,
                  target: { schema: options.schema_name ?? schema, name: options.table_name ?? name },
              },
          ];
}

/** Defaults are the access node's, and rows do not come by it. */
function wantedColumns({ columns }: Load, found: readonly ColumnRow[]): readonly string[] {
    const names = found.filter(({ generated }) => generated !== true).map(({ name }) => name);
    if (columns === undefined) {
        return names;
    }
    const unknown = columns.filter((name) => !names.includes(name));
    const defaulted = found.filter((column) => column.default !== null && !columns.includes(column.name));
    if (unknown.length > 0 || defaulted.length > 0) {
        throw new ProviderError(
            "INVALID_ARGUMENT",
            unknown.length > 0
                ? `the table has no column ${unknown.join(", ")}`
                : `columns leaves out ${defaulted.map(({ name }) => name).join(", ")}, whose default only the access node fills in`,
            { remedy: unknown.length > 0 ? `It has ${names.join(", ")}` : "Give the value with each row" },
        );
    }
    return columns;
}
