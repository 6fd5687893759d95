/** As much of PostgreSQL's protocol as it takes to count the statements that a client sends. */
import { isPinning } from "../../provider/postgres/sessionSettings";

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;

/** A message as it is on the wire. */
export interface Message {
    readonly bytes: Buffer;
    /** The first byte, such as "Q"; undefined for the messages that a connection begins with, which have none. */
    readonly type: string | undefined;
    /** The text of the statement that this message makes the server run. */
    readonly statement: string | undefined;
}

/** Cuts what one side of one connection sends into messages. */
export interface MessageReader {
    /** The messages that are complete with this piece. */
    read(piece: Buffer): Message[];
}

/** A reader of what clients send: a statement is a simple query, or one execution of a prepared one. What pins settings is a part of connecting. */
export function readFrontend(): MessageReader {
    const preparedTexts = new Map<string, string>();
    const portalTexts = new Map<string, string>();
    let hasStarted = false;

    function statementOf(type: string, body: Buffer): string | undefined {
        const [first = "", second = ""] = strings(body, type === "P" || type === "B" ? 2 : 1);
        if (type === "Q") return isPinning(first) ? undefined : first;
        if (type === "P") preparedTexts.set(first, second);
        if (type === "B") portalTexts.set(first, preparedTexts.get(second) ?? "");
        return type === "E" ? (portalTexts.get(first) ?? "") : undefined;
    }

    return framed((buffer) => {
        const headLength = hasStarted ? 1 : 0;
        if (buffer.length < headLength + 4) return undefined;
        const length = headLength + buffer.readInt32BE(headLength);
        if (buffer.length < length) return undefined;
        const bytes = buffer.subarray(0, length);
        if (hasStarted) {
            const type = String.fromCharCode(bytes[0] ?? 0);
            return { bytes, type, statement: statementOf(type, bytes.subarray(5)) };
        }
        // The requests for encryption come before the start, and are answered by one byte.
        const code = length >= 8 ? bytes.readInt32BE(4) : 0;
        hasStarted = ![SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST].includes(code);
        return { bytes, type: undefined, statement: undefined };
    });
}

/** A reader of what servers send. */
export function readBackend(): MessageReader {
    let hasStarted = false;
    return framed((buffer) => {
        // "S" alone is the answer to a request for encryption, and would be the beginning of a message later.
        if (!hasStarted && (buffer[0] === 0x4e || buffer[0] === 0x53)) {
            return { bytes: buffer.subarray(0, 1), type: undefined, statement: undefined };
        }
        if (buffer.length < 5) return undefined;
        const length = 1 + buffer.readInt32BE(1);
        if (buffer.length < length) return undefined;
        hasStarted = true;
        return { bytes: buffer.subarray(0, length), type: String.fromCharCode(buffer[0] ?? 0), statement: undefined };
    });
}

function framed(cut: (buffer: Buffer) => Message | undefined): MessageReader {
    let rest = Buffer.alloc(0);
    return {
        read(piece) {
            rest = Buffer.concat([rest, piece]);
            const messages: Message[] = [];
            for (let message = cut(rest); message; message = cut(rest)) {
                messages.push(message);
                rest = rest.subarray(message.bytes.length);
            }
            return messages;
        },
    };
}

function strings(body: Buffer, count: number): string[] {
    const found: string[] = [];
    for (let start = 0; found.length < count;) {
        const end = body.indexOf(0, start);
        if (end < 0) return found;
        found.push(body.toString("utf8", start, end));
        start = end + 1;
    }
    return found;
}
