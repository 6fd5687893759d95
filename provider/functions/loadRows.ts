import { engineOf } from "../engines";
import type { LoadProgress, LoadResult, Rows } from "../engines/load";
import { Servers } from "../engines/run/servers";
import { ProviderError } from "../errors";
import { Exit } from "../handlers/exit";
import type { Connection } from "../postgres/connection";
import { identifier, list, object, type PropertyShape } from "../validation/shapes";
import {
    checkedArguments,
    connectionProperty,
    databaseShape,
    dataNodeWaysProperty,
    nodeWays,
    type ConnectionValues,
    type DataNodeWay,
} from "./arguments";

/** What {@link loadRows} takes. */
export interface LoadRowsArgs {
    /** How the access node is reached. With the engine fdw its user must own the shards on the data nodes. */
    readonly connection: ConnectionValues;
    /** The cluster's database. Example: `"multinode"`. */
    readonly database: string;
    /** Data nodes that are reached otherwise than they are registered. Default: none. */
    readonly dataNodes?: readonly DataNodeWay[];
    /** Default: `"public"`. */
    readonly schema?: string;
    readonly table: string;
    /**
     * The columns that the rows have. With the engine fdw it must name every column that has a default. Default: all
     * columns of the table, in its order.
     */
    readonly columns?: readonly string[];
    /**
     * Arrays with a value a column, or objects with a property a column; read once, and no faster than the servers take
     * them. null is NULL, undefined is refused; a Date is a point in time, a Uint8Array is bytea, an array is an array,
     * another object is JSON, and every text is read by the server as a literal of the column's type.
     */
    readonly rows: Rows;
    /** Called again and again while rows are taken. What it throws ends the load. */
    readonly onProgress?: (progress: LoadProgress) => void;
}

/**
 * Brings many rows into a distributed hypertable, the fastest way there is: with the engine fdw straight to the data
 * node of each row, all of them at once, with multinode by one COPY to the access node. Memory is bounded, whatever the
 * number of rows.
 *
 * All rows or none: whatever fails (a server, a row that is refused, the source of the rows) leaves no row behind. With
 * the engine fdw there is one exception, which postgres_fdw's own transactions have as well: the data nodes commit one
 * beside the other, and where one of them is lost in that moment the error says whose rows are there. A unique key and
 * INSERT ... ON CONFLICT DO NOTHING mend it.
 *
 * @throws INVALID_ARGUMENT with the number of a row that has no value for a column; NOT_FOUND where there is no such
 * table, or a row's shard is not attached; SERVER_ERROR with what the server says of a row
 */
export async function loadRows(args: LoadRowsArgs): Promise<LoadResult> {
    const { rows, onProgress = ignore, ...values } = args;
    const { connection, database, dataNodes, schema, table, columns } = checkedArguments<{
        connection: Connection;
        database: string;
        dataNodes: readonly (DataNodeWay & { readonly connection?: Connection })[];
        schema: string;
        table: string;
        columns?: readonly string[];
    }>("loadRows", PROPERTIES, values);
    if (!isRows(rows)) {
        throw new ProviderError(
            "INVALID_ARGUMENT",
            "could not call loadRows: rows: expected something to iterate over",
        );
    }
    const access = { connection, database };
    const servers = new Servers(access, nodeWays(access, dataNodes));
    const engine = await engineOf(servers);
    try {
        return await engine.loadRows(servers, { schema, table, columns, rows, onProgress });
    } catch (error) {
        throw error instanceof ProviderError
            ? new Exit(object(PROPERTIES).secretsIn(values)).error(error, `load rows into "${schema}.${table}"`)
            : error;
    }
}

const PROPERTIES: Readonly<Record<string, PropertyShape>> = {
    connection: connectionProperty,
    database: { shape: databaseShape, required: true },
    dataNodes: dataNodeWaysProperty,
    schema: { shape: identifier(), default: "public" },
    table: { shape: identifier(), required: true },
    columns: { shape: list(identifier(), { min: 1, distinctBy: (name) => name }) },
};

function isRows(rows: unknown): rows is Rows {
    return typeof rows === "object" && rows !== null && (Symbol.iterator in rows || Symbol.asyncIterator in rows);
}

function ignore(): void {}
