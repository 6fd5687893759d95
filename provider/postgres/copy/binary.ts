/**
 * Rows as COPY's binary format has them (postgresql.org/docs/current/sql-copy.html, "Binary Format"): less work for both
 * sides, but only for values that are of the column's type to the bit. What the server would have to read, such as a
 * time given as text, has no form here.
 */
import type { RowBuffer, RowFormat } from "./rows";
import { canBeSent } from "./text";

/** The format for rows of columns of these types, as format_type() names them; undefined: one of them is not known. */
export function binaryFormat(types: readonly string[]): RowFormat | undefined {
    const writers = types.flatMap((type) => WRITERS[type.replace(/\(\d+\)/, "")] ?? []);
    return writers.length < types.length
        ? undefined
        : { name: "binary", frame: [HEADER, TRAILER], write: (to, row) => writeRow(to, row, writers) };
}

/** Signature, no flags, nothing more in the header. */
const HEADER = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const TRAILER = Buffer.from([0xff, 0xff]);
const NULL_LENGTH = -1;

/** Writes the length and the bytes of a value; false: it cannot. */
type ValueWriter = (to: RowBuffer, value: unknown) => boolean;

function writeRow(to: RowBuffer, row: readonly unknown[], writers: readonly ValueWriter[]): boolean {
    const start = to.length;
    to.reserve(2);
    to.length = to.bytes.writeInt16BE(writers.length, start);
    for (let place = 0; place < writers.length; place++) {
        const value = row[place];
        if (value === null) {
            writeLength(to, NULL_LENGTH, 0);
        } else if (!writers[place]?.(to, value)) {
            to.length = start;
            return false;
        }
    }
    return true;
}

/** Writes a length, and makes room for what follows. */
function writeLength(to: RowBuffer, length: number, room = length): void {
    to.reserve(4 + room);
    to.length = to.bytes.writeInt32BE(length, to.length);
}

const WRITERS: Readonly<Record<string, ValueWriter>> = {
    smallint: (to, value) => {
        if (!isWithin(value, 2 ** 15)) {
            return false;
        }
        writeLength(to, 2);
        to.length = to.bytes.writeInt16BE(value, to.length);
        return true;
    },
    integer: (to, value) => {
        if (!isWithin(value, 2 ** 31)) {
            return false;
        }
        writeLength(to, 4);
        to.length = to.bytes.writeInt32BE(value, to.length);
        return true;
    },
    bigint: (to, value) => {
        const isWhole = typeof value === "number" ? Number.isSafeInteger(value) : isInt64(value);
        if (!isWhole) {
            return false;
        }
        writeLength(to, 8);
        writeInt64(to, value as number | bigint);
        return true;
    },
    real: (to, value) => {
        // Only what is the same in both: the server rounds the digits of a text, which can come out otherwise.
        if (typeof value !== "number" || !Object.is(Math.fround(value), value)) {
            return false;
        }
        writeLength(to, 4);
        to.length = to.bytes.writeFloatBE(value, to.length);
        return true;
    },
    "double precision": (to, value) => {
        if (typeof value !== "number") {
            return false;
        }
        writeLength(to, 8);
        to.length = to.bytes.writeDoubleBE(value, to.length);
        return true;
    },
    boolean: (to, value) => {
        if (typeof value !== "boolean") {
            return false;
        }
        writeLength(to, 1);
        to.length = to.bytes.writeInt8(value ? 1 : 0, to.length);
        return true;
    },
    "timestamp with time zone": writeTime,
    "timestamp without time zone": writeTime,
    text: writeText,
    "character varying": writeText,
};

function isWithin(value: unknown, bound: number): value is number {
    return typeof value === "number" && Number.isInteger(value) && value >= -bound && value < bound;
}

function isInt64(value: unknown): boolean {
    return typeof value === "bigint" && BigInt.asIntN(64, value) === value;
}

const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);

/** Microseconds since 2000, in UTC. */
function writeTime(to: RowBuffer, value: unknown): boolean {
    if (!(value instanceof Date)) {
        return false;
    }
    const time = value.getTime();
    if (!canBeSent(time)) {
        return false;
    }
    const milliseconds = time - POSTGRES_EPOCH_MS;
    const microseconds = milliseconds * 1_000;
    writeLength(to, 8);
    writeInt64(to, Number.isSafeInteger(microseconds) ? microseconds : BigInt(milliseconds) * 1_000n);
    return true;
}

function writeInt64(to: RowBuffer, value: number | bigint): void {
    if (typeof value === "bigint") {
        to.length = to.bytes.writeBigInt64BE(value, to.length);
        return;
    }
    // Without a bigint, which is an object of its own.
    const high = Math.floor(value / 2 ** 32);
    to.bytes.writeInt32BE(high, to.length);
    to.length = to.bytes.writeUInt32BE(value - high * 2 ** 32, to.length + 4);
}

function writeText(to: RowBuffer, value: unknown): boolean {
    if (typeof value !== "string") {
        return false;
    }
    const length = Buffer.byteLength(value);
    writeLength(to, length);
    to.length += to.bytes.write(value, to.length);
    return true;
}
