/** The same statements on a distributed table and on a plain one: every answer and, after each batch, every row. */
import { Client, DatabaseError } from "pg";
import type { Server } from "../../../tools/servers/postgresServer.mjs";
import { Random } from "./random";
import { DEVICES, randomStatement, type Statement } from "./statements";

/** How far a comparison goes. */
export interface ComparisonOptions {
    readonly seed: number;
    /** It ends after the batch in which {@link Comparison.operations} reaches this. */
    readonly operations: number;
    readonly onBatch?: (done: Comparison) => void;
}

/** What was compared. */
export interface Comparison {
    readonly statements: number;
    /**
     * One for each statement, and one for each row beyond its first that a statement wrote, changed, deleted, refused
     * as a duplicate or answered with.
     */
    readonly operations: number;
    readonly transactions: number;
    readonly rolledBack: number;
    /** Statements that both sides refused, by SQLSTATE. */
    readonly refused: Readonly<Record<string, number>>;
    /** Statements that would hit rows by their ctid, and that the cluster refused. */
    readonly unsafe: number;
}

interface Answer {
    readonly count: number | null;
    readonly rows: readonly string[];
    readonly sqlState: string | undefined;
}

const UNITS_A_BATCH = 40;

/** Runs it. Both tables must be there and be empty. Throws at the first difference, with what repeats it. */
export async function compareTables(
    server: Pick<Server, "host" | "port" | "user" | "password">,
    {
        database,
        distributed,
        plain,
    }: { readonly database: string; readonly distributed: string; readonly plain: string },
    { seed, operations, onBatch }: ComparisonOptions,
): Promise<Comparison> {
    const { host, port, user, password } = server;
    const clients = [distributed, plain].map((table) => ({
        table,
        client: new Client({ host, port, user, password, database }),
    })) as [Side, Side];
    await Promise.all(clients.map(({ client }) => client.connect()));
    try {
        const run = new Run(clients, new Random(seed), seed);
        while (run.operations < operations) {
            for (let unit = 0; unit < UNITS_A_BATCH; unit++) {
                await run.unit();
            }
            await run.compareAll();
            onBatch?.(run);
        }
        return run;
    } finally {
        await Promise.all(clients.map(({ client }) => client.end()));
    }
}

interface Side {
    readonly table: string;
    readonly client: Client;
}

class Run implements Comparison {
    statements = 0;
    operations = 0;
    transactions = 0;
    rolledBack = 0;
    unsafe = 0;
    readonly refused: Record<string, number> = {};

    constructor(
        private readonly sides: readonly [Side, Side],
        private readonly random: Random,
        private readonly seed: number,
    ) {}

    /** One statement by itself, a transaction, or one that only a plain table takes. */
    async unit(): Promise<void> {
        const kind = this.random.integer(1, 20);
        if (kind === 1) {
            await this.refuseUnsafe();
        } else if (kind <= 5) {
            await this.transaction();
        } else {
            await this.both(randomStatement(this.random));
        }
    }

    /** Every row, by a checksum that does not depend on their order. */
    async compareAll(): Promise<void> {
        await this.both(
            (table) =>
                `SELECT count(*), sum(('x' || left(md5(t::text), 15))::bit(60)::bigint) AS checksum FROM ${table} AS t`,
        );
    }

    private async transaction(): Promise<void> {
        this.transactions++;
        await this.both(() => "BEGIN");
        const length = this.random.integer(2, 8);
        for (let n = 0; n < length; n++) {
            const isInner = this.random.integer(1, 5) === 1;
            if (isInner) {
                await this.both(() => "SAVEPOINT inner_one");
            }
            const sqlState = await this.both(randomStatement(this.random));
            if (isInner) {
                const undo = sqlState !== undefined || this.random.integer(1, 2) === 1;
                await this.both(() => (undo ? "ROLLBACK TO inner_one" : "RELEASE inner_one"));
            } else if (sqlState !== undefined) {
                break;
            }
        }
        const isKept = this.random.integer(1, 3) > 1;
        await this.both(() => (isKept ? "COMMIT" : "ROLLBACK"));
        this.rolledBack += isKept ? 0 : 1;
    }

    /** now() is not sent to data nodes, so the rows would be hit one by one: the views have no ctid to do it by. */
    private async refuseUnsafe(): Promise<void> {
        const [cluster] = this.sides;
        const where = `device = ${this.random.integer(1, DEVICES)} AND time < now() + interval '100 years'`;
        const text = this.random.pick([
            `DELETE FROM ${cluster.table} WHERE ${where}`,
            `UPDATE ${cluster.table} SET temp = 0 WHERE ${where}`,
        ]);
        const { sqlState, count } = await answerOf(cluster, text);
        const held = await answerOf(cluster, `SELECT FROM ${cluster.table} WHERE ${where} LIMIT 1`);
        if (sqlState !== "42703" && !(count === 0 && held.count === 0)) {
            throw new Error(`seed ${this.seed}: expected 42703 of ${text}, got ${sqlState ?? `${count} rows`}`);
        }
        this.unsafe += sqlState === undefined ? 0 : 1;
    }

    /** @returns the SQLSTATE by which both refused it */
    private async both(statement: Statement): Promise<string | undefined> {
        const [cluster, plain] = this.sides;
        const [got, expected] = await Promise.all([
            answerOf(cluster, statement(cluster.table)),
            answerOf(plain, statement(plain.table)),
        ]);
        this.statements++;
        if (JSON.stringify(got) !== JSON.stringify(expected)) {
            throw new Error(
                `seed ${this.seed}, statement ${this.statements}: the tables differ\n${statement(cluster.table).slice(0, 2_000)}\n` +
                    `distributed: ${show(got, expected)}\nplain:       ${show(expected, got)}`,
            );
        }
        this.operations += Math.max(1, got.count ?? 0);
        if (got.sqlState !== undefined) {
            this.refused[got.sqlState] = (this.refused[got.sqlState] ?? 0) + 1;
        }
        return got.sqlState;
    }
}

async function answerOf({ client }: Side, text: string): Promise<Answer> {
    try {
        const { rowCount, rows } = await client.query<Record<string, unknown>>(text);
        return { count: rowCount, rows: rows.map((row) => JSON.stringify(row)).sort(), sqlState: undefined };
    } catch (error) {
        if (error instanceof DatabaseError) {
            return { count: null, rows: [], sqlState: error.code };
        }
        throw error;
    }
}

/** What one side has and the other has not. */
function show({ count, rows, sqlState }: Answer, other: Answer): string {
    const theirs = new Set(other.rows);
    const own = rows.filter((row) => !theirs.has(row)).slice(0, 10);
    return `${sqlState ?? `${count} rows`}; of its own: ${own.join(", ") || "none"}`;
}
