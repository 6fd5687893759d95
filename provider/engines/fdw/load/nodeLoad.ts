/** One data node's share of a load: COPY statements one after another, all of one transaction. */
import { ProviderError } from "../../../errors";
import type { RowFormat } from "../../../postgres/copy/rows";
import type { Session } from "../../../postgres/pool";
import { identifier, literal, qualified } from "../../../postgres/sql";
import type { TableName } from "../../tables/names";

/** Enough to keep a node busy while rows for the others are made, and little to keep in memory. */
const WAITING_BYTES = 4_000_000;

/** A session on a data node that takes rows. */
export class NodeLoad {
    /** Rows that the node has taken. */
    rows = 0;
    private readonly chunks: Promise<void>[] = [];
    private last: Promise<void> = Promise.resolve();
    private waiting = 0;
    private failure: Error | undefined;

    constructor(
        /** `data node dn1 (data1.example.com:5432)`. */
        private readonly label: string,
        private readonly session: Session,
        private readonly onTaken: () => void,
    ) {}

    /** @param timeZone the access node's, by which texts without one are read */
    async begin(timeZone: string): Promise<void> {
        await this.run("BEGIN");
        await this.run("SET LOCAL idle_in_transaction_session_timeout = 0");
        await this.run(`SET LOCAL TimeZone = ${literal(timeZone)}`);
    }

    /** Whether it has taken all that it was sent. */
    get isIdle(): boolean {
        return this.waiting === 0;
    }

    /** Sends rows to a table, and returns when more may come. */
    async write(table: TableName, columns: readonly string[], format: RowFormat, rows: Buffer): Promise<void> {
        const into = `${qualified(table.schema, table.name)} (${columns.map(identifier).join(", ")})`;
        this.waiting += rows.length;
        this.last = this.last.then(() => this.copy(`COPY ${into} FROM STDIN (FORMAT ${format.name})`, format, rows));
        this.last.catch((error: Error) => (this.failure ??= error));
        this.chunks.push(this.last);
        while (this.waiting > WAITING_BYTES && this.chunks.length > 0) {
            await this.chunks[0];
        }
    }

    /** Throws what the node refused. */
    check(): void {
        if (this.failure !== undefined) {
            throw this.failure;
        }
    }

    /** Waits for what is on its way. */
    async drain(): Promise<void> {
        await this.last;
    }

    /** Makes the rows seen. */
    async commit(): Promise<void> {
        await this.run("COMMIT");
    }

    private async copy(text: string, { frame }: RowFormat, rows: Buffer): Promise<void> {
        const [before, behind] = frame;
        try {
            this.rows += await this.session.copyIn(text, [before, rows, behind]);
        } catch (error) {
            throw this.named(error);
        }
        this.waiting -= rows.length;
        void this.chunks.shift();
        this.onTaken();
    }

    private async run(text: string): Promise<void> {
        try {
            await this.session.query(text);
        } catch (error) {
            throw this.named(error);
        }
    }

    private named(error: unknown): unknown {
        return error instanceof ProviderError ? error.inStep(this.label) : error;
    }
}
