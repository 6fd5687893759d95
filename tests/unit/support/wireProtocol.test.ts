import { readBackend, readFrontend } from "../../support/wireProtocol";

function message(type: string, ...texts: string[]): Buffer {
    const body = Buffer.from(texts.map((text) => `${text}\0`).join(""));
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length + 4);
    return Buffer.concat([Buffer.from(type), length, body]);
}

function request(code: number): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeInt32BE(8);
    bytes.writeInt32BE(code, 4);
    return bytes;
}

const STARTUP = message("", "\0\x03\0\0user", "postgres", "");
const SSL_REQUEST = request(80877103);

/** The statements that a client sends after its start. */
function statements(pieces: readonly Buffer[]): string[] {
    const reader = readFrontend();
    return [STARTUP, ...pieces].flatMap((piece) => reader.read(piece)).flatMap(({ statement }) => statement ?? []);
}

describe("what clients send", () => {
    it("is a statement when it is a simple query", () => {
        expect(statements([message("Q", "BEGIN"), message("Q", "SELECT 1")])).toEqual(["BEGIN", "SELECT 1"]);
    });

    it("is a statement when a prepared one is executed, each time", () => {
        const parse = message("P", "name", "SELECT $1");
        const run = [message("B", "", "name"), message("D", "P"), message("E", ""), message("S")];
        expect(statements([parse, ...run, ...run])).toEqual(["SELECT $1", "SELECT $1"]);
        expect(statements([parse, message("S")])).toEqual([]);
    });

    it("is not a statement when it is data, a password or the end", () => {
        expect(statements([message("p", "secret"), message("d", "QQQ"), message("X")])).toEqual([]);
    });

    it("may come in any pieces", () => {
        const all = Buffer.concat([
            message("Q", "SELECT 'ä'"),
            message("P", "", "SELECT 2"),
            message("B", "", ""),
            message("E", ""),
        ]);
        const bytes = [...all].map((byte) => Buffer.from([byte]));
        expect(statements(bytes)).toEqual(["SELECT 'ä'", "SELECT 2"]);
        expect(statements([all])).toEqual(["SELECT 'ä'", "SELECT 2"]);
    });

    it("keeps every byte, whether or not encryption is asked for first", () => {
        for (const all of [Buffer.concat([SSL_REQUEST, STARTUP, message("Q", "SELECT 1")]), STARTUP]) {
            const messages = readFrontend().read(all);
            expect(Buffer.concat(messages.map(({ bytes }) => bytes))).toEqual(all);
        }
        const reader = readFrontend();
        expect(reader.read(Buffer.concat([SSL_REQUEST, STARTUP, message("Q", "SELECT 1")])).at(-1)?.statement).toBe(
            "SELECT 1",
        );
    });
});

describe("what servers send", () => {
    it("begins with the answer to a request for encryption, a byte without a length", () => {
        const reader = readBackend();
        expect(reader.read(Buffer.from("N")).map(({ type, bytes }) => [type, bytes.toString()])).toEqual([
            [undefined, "N"],
        ]);
        expect(
            reader
                .read(Buffer.concat([message("R"), message("S", "a", "b"), message("Z", "I")]))
                .map(({ type }) => type),
        ).toEqual(["R", "S", "Z"]);
    });
});
