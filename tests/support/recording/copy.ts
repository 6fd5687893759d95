/** COPY ... FROM STDIN of a session that is recorded or replayed: one question, once all its data is there. */
import { createHash } from "node:crypto";
import { Writable } from "node:stream";

type Done = (error?: Error | null) => void;

/** What pg-copy-streams makes of a statement, for pg's client to run. */
export interface CopyStatement extends Writable {
    readonly text: string;
    readonly rowCount: number;
}

/** Whether it is one. */
export function isCopy(value: unknown): value is CopyStatement {
    return value instanceof Writable && "text" in value && "rowCount" in value;
}

/** Takes the data in the statement's place. */
export class StagedCopy extends Writable {
    /** How many rows the server took. */
    rowCount = 0;
    private readonly chunks: Buffer[] = [];

    /** @param run sends the data and answers with the number of rows */
    constructor(private readonly run: (data: Buffer) => Promise<number>) {
        super();
    }

    override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
        this.chunks.push(chunk);
        done();
    }

    override _final(done: Done): void {
        this.run(Buffer.concat(this.chunks)).then((count) => {
            this.rowCount = count;
            done();
        }, done);
    }
}

/** What stands for the data in a recording. */
export function digestOf(data: Buffer): string {
    return `${data.length} bytes, SHA-256 ${createHash("sha256").update(data).digest("hex")}`;
}
