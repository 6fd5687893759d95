/** Whether shards hold rows, and about how many. */
import type { Session } from "../../../postgres/pool";
import { literal, qualified } from "../../../postgres/sql";
import type { TableName } from "../../tables/names";

/** How many rows a table holds. */
export interface RowCount {
    readonly rows: number;
    /** Whether `rows` is exact; beyond a bound it is the planner's estimate. */
    readonly exact: boolean;
}

const EXACT_ROWS = 10_000;
const TABLES_A_QUERY = 200;

/** Counts rows, exactly as long as they are few. The answers are in the order of the tables. */
export async function countRows(session: Session, tables: readonly TableName[]): Promise<RowCount[]> {
    const counts: RowCount[] = [];
    for (const batch of batches(tables)) {
        const rows = await session.query<{ rows: string; estimate: string }>(
            batch.map(({ schema, name }, index) => countQuery(index, qualified(schema, name))).join(" UNION ALL ") +
                " ORDER BY place",
        );
        counts.push(
            ...rows.map(({ rows: counted, estimate }) => {
                const exact = Number(counted) < EXACT_ROWS;
                return { exact, rows: exact ? Number(counted) : Math.max(EXACT_ROWS, Math.round(Number(estimate))) };
            }),
        );
    }
    return counts;
}

/** Those of the tables that hold rows; stops looking after the first few. */
export async function findHolding(session: Session, tables: readonly TableName[], limit = 5): Promise<string[]> {
    const found: string[] = [];
    for (const batch of batches(tables)) {
        const rows = await session.query<{ name: string }>(
            batch
                .map(({ schema, name }) => `SELECT ${literal(`${schema}.${name}`)} AS name ${whereHolds(schema, name)}`)
                .join(" UNION ALL ") + ` LIMIT ${limit - found.length}`,
        );
        found.push(...rows.map(({ name }) => name));
        if (found.length >= limit) {
            break;
        }
    }
    return found;
}

function whereHolds(schema: string, name: string): string {
    return `WHERE EXISTS (SELECT FROM ${qualified(schema, name)})`;
}

/** A hypertable's rows are in its chunks, which inherit from it. */
function countQuery(place: number, table: string): string {
    return `
SELECT ${place} AS place,
       (SELECT count(*) FROM (SELECT FROM ${table} LIMIT ${EXACT_ROWS}) AS few) AS rows,
       (SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)
          FROM pg_catalog.pg_class c
         WHERE c.oid = ${literal(table)}::regclass
            OR c.oid IN (SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = ${literal(table)}::regclass)
       ) AS estimate`;
}

function batches<T>(items: readonly T[]): T[][] {
    return Array.from({ length: Math.ceil(items.length / TABLES_A_QUERY) }, (_, index) =>
        items.slice(index * TABLES_A_QUERY, (index + 1) * TABLES_A_QUERY),
    );
}
