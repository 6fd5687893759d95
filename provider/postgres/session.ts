/** What a session offers to those who use it. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { from as copyFrom } from "pg-copy-streams";
import type { ServerClient } from "./client";
import { asProviderError, serverError, type SessionPlace } from "./sqlState";
import { watched, type Ask, type Patient } from "./watch";

/** What the server says beside its answers. */
export interface Notice {
    readonly severity: string;
    readonly code: string;
    readonly message: string;
    readonly detail?: string;
    readonly hint?: string;
}

/** One session on one database, for as long as the pool lends it. */
export interface Session {
    /**
     * Runs one statement and returns its rows, with int8 and numeric as strings.
     *
     * @param values bound as $1, $2, ...
     * @throws ProviderError with the server's error as its cause
     */
    query<Row extends object = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;

    /**
     * Runs one statement that always answers with one row, and returns that.
     *
     * @throws Error where it answers with none, or with several
     */
    one<Row extends object = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row>;

    /**
     * Runs COPY ... FROM STDIN and returns how many rows the server took. It reads on only while the server does.
     *
     * @param data in the statement's format, cut anywhere; if reading it fails, so does the statement
     * @throws ProviderError with the server's error as its cause
     */
    copyIn(text: string, data: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<number>;

    /** The notices since the last call. */
    takeNotices(): Notice[];
}

/** A session on a client of pg's pool. */
export class PooledSession implements Session {
    /** Whether a statement failed: who knows what that left behind. */
    hasFailed = false;
    private notices: Notice[] = [];
    private lost: Error | undefined;

    private readonly patient: Patient;

    /** @param ask asks the same server over another connection */
    constructor(
        private readonly client: ServerClient,
        private readonly place: SessionPlace,
        ask: Ask,
    ) {
        this.patient = { place, backend: client.backend, ask, abort: (error) => client.abort(error) };
        client.on("notice", this.onNotice);
        client.on("error", this.onError);
    }

    async query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]> {
        try {
            const result = await watched(this.patient, () => this.client.query<Row>(text, values && [...values]));
            return result.rows;
        } catch (error) {
            throw this.failed(error);
        }
    }

    async one<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row> {
        const rows = await this.query<Row>(text, values);
        const [row] = rows;
        if (row === undefined || rows.length > 1) {
            throw new Error(`expected one row, got ${rows.length}: ${text}`);
        }
        return row;
    }

    async copyIn(text: string, data: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<number> {
        const copy = this.client.query(copyFrom(text));
        let isReading = false;
        const pieces = async function* (): AsyncGenerator<Buffer> {
            isReading = true;
            for await (const piece of data) {
                isReading = false;
                yield piece;
                isReading = true;
            }
            isReading = false;
        };
        try {
            const source = Readable.from(pieces(), { highWaterMark: 1 });
            await watched(
                this.patient,
                () => pipeline(source, copy),
                () => isReading,
            );
            return copy.rowCount;
        } catch (error) {
            throw this.failed(error);
        }
    }

    takeNotices(): Notice[] {
        return this.notices.splice(0);
    }

    /** To be called before the client goes back to the pool. */
    end(): void {
        this.client.off("notice", this.onNotice);
        this.client.off("error", this.onError);
    }

    private failed(error: unknown): unknown {
        this.hasFailed = true;
        // Once a session is lost, pg answers every further statement with an error that does not say why.
        return asProviderError(serverError(error) === undefined ? (this.lost ?? error) : error, this.place);
    }

    private readonly onNotice = ({ severity, code, message, detail, hint }: Partial<Notice>): void => {
        this.notices.push({ severity: severity ?? "", code: code ?? "", message: message ?? "", detail, hint });
    };

    private readonly onError = (error: Error): void => {
        this.lost ??= error;
    };
}
