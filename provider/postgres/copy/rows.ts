/** Rows in a format of COPY. */

const FIRST_BYTES = 4_096;

/** Gathers rows as they will be sent: objects that live on by the hundred thousand keep the garbage collector busy. */
export class RowBuffer {
    bytes = Buffer.allocUnsafe(FIRST_BYTES);
    length = 0;

    /** Makes room for so many more bytes. */
    reserve(count: number): void {
        if (this.length + count > this.bytes.length) {
            const larger = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, this.length + count));
            this.bytes.copy(larger, 0, 0, this.length);
            this.bytes = larger;
        }
    }

    append(rows: Uint8Array): void {
        this.reserve(rows.length);
        this.bytes.set(rows, this.length);
        this.length += rows.length;
    }

    /** All of it; the buffer is empty afterwards. */
    take(): Buffer {
        const taken = this.bytes.subarray(0, this.length);
        this.bytes = Buffer.allocUnsafe(this.bytes.length);
        this.length = 0;
        return taken;
    }

    clear(): void {
        this.length = 0;
    }
}

/** A format of COPY, for rows of certain columns. */
export interface RowFormat {
    /** As the statement names it. */
    readonly name: "text" | "binary";
    /** What goes before and behind the rows of a statement. */
    readonly frame: readonly [Buffer, Buffer];

    /**
     * Writes a row. false: the format has no form for one of its values, and nothing is written.
     *
     * @throws INVALID_ARGUMENT, with the column, for what stands for no value
     */
    write(to: RowBuffer, row: readonly unknown[]): boolean;
}
