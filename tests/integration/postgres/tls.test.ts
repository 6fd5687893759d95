import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Server } from "../../../tools/servers/postgresServer.mjs";
import { SSL_MODES, type Connection, type SslMode } from "../../../provider/postgres/connection";
import { closePools, withSession } from "../../../provider/postgres/pool";
import { hasOpenssl, makeAuthority, type Authority, type Certificate } from "../../support/certificates";
import { connectionTo } from "../../support/connections";
import { newestFdwServer, skipReasons, START_TIMEOUT_MS, startOne, type ServerKind } from "../../support/servers";

/** TLS is the same code on every version: the newest one stands for all. */
const kind: ServerKind = newestFdwServer ?? { name: "none", engine: "fdw", timescaledb: undefined, base: {} };
const missing = hasOpenssl ? skipReasons.fdw : "the openssl program is missing: install the package openssl";
const HBA = [
    "hostnossl plainly all all scram-sha-256",
    "hostssl encrypted all all scram-sha-256",
    "hostnossl encrypted all all reject",
    "host postgres all all scram-sha-256",
    "local all all scram-sha-256",
];
const QUERY = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
const hasPsql = spawnSync("psql", ["--version"]).status === 0;
const psqlTitle = `libpq, asked by psql${hasPsql ? "" : " (skipped: it is not on the PATH)"}`;
const describeTls = missing === undefined ? describe : describe.skip;

describeTls(`TLS on ${missing ?? kind.name}`, () => {
    let authority: Authority;
    let stranger: Authority;
    let user: Certificate;
    let server: Server;
    let plain: Server;

    beforeAll(async () => {
        authority = makeAuthority("Test authority");
        stranger = makeAuthority("Another authority");
        user = authority.issue("postgres");
        server = await startOne(kind, {
            ssl: {
                ...authority.issue("db.example.com", ["DNS:localhost", "IP:127.0.0.1"]),
                ca: authority.cert,
            },
            hba: HBA,
        });
        plain = await startOne(kind);
        for (const database of ["plainly", "certified", "encrypted"]) {
            await withSession(to(server), "postgres", (session) => session.query(`CREATE DATABASE ${database}`));
        }
    }, START_TIMEOUT_MS);

    afterAll(async () => {
        await closePools();
        await Promise.all([server.stop(), plain.stop()]);
    });

    function to(target: Server, more: Partial<Connection> = {}): Connection {
        return connectionTo(target.host, { port: target.port, password: target.password, ...more });
    }

    async function isEncrypted(connection: Connection, database = "postgres"): Promise<boolean> {
        const rows = await withSession(connection, database, (session) => session.query<{ ssl: boolean }>(QUERY));
        return rows[0]?.ssl ?? false;
    }

    describe("a server that offers TLS", () => {
        it("is used without it under disable", async () => {
            await expect(isEncrypted(to(server, { sslMode: "disable" }))).resolves.toBe(false);
        });

        it.each<SslMode>(["prefer", "require"])("is used with it, unverified, under %s", async (sslMode) => {
            await expect(isEncrypted(to(server, { sslMode }))).resolves.toBe(true);
        });

        it.each<SslMode>(["require", "verify-ca", "verify-full"])(
            "is used under %s with the root certificate that signed its own",
            async (sslMode) => {
                await expect(isEncrypted(to(server, { sslMode, sslRootCert: authority.cert }))).resolves.toBe(true);
            },
        );

        it.each<SslMode>(["require", "verify-ca", "verify-full"])(
            "is refused under %s with another root certificate, as libpq does",
            async (sslMode) => {
                await expect(isEncrypted(to(server, { sslMode, sslRootCert: stranger.cert }))).rejects.toMatchObject({
                    code: "TLS_FAILED",
                    reason: expect.stringContaining(`sslMode "${sslMode}" to 127.0.0.1:${server.port}`) as string,
                    transient: false,
                });
            },
        );

        it("is used without TLS under prefer with another root certificate, as libpq does", async () => {
            const connection = to(server, { sslMode: "prefer", sslRootCert: stranger.cert });
            await expect(isEncrypted(connection)).resolves.toBe(false);
        });

        it.each<SslMode>(["verify-ca", "verify-full"])(
            "is refused under %s by the system's authorities, which do not know it",
            async (sslMode) => {
                await expect(isEncrypted(to(server, { sslMode }))).rejects.toMatchObject({ code: "TLS_FAILED" });
            },
        );

        it("is used under verify-full by any of the names of its certificate", async () => {
            const connection = to(server, { host: "localhost", sslMode: "verify-full", sslRootCert: authority.cert });
            await expect(isEncrypted(connection)).resolves.toBe(true);
        });

        it("is used without TLS through its unix socket, whatever the mode", async () => {
            for (const sslMode of SSL_MODES) {
                const connection = to(server, { host: server.dataFolder, sslMode, sslRootCert: stranger.cert });
                await expect(isEncrypted(connection)).resolves.toBe(false);
            }
        });
    });

    describe("a certificate for another name", () => {
        let elsewhere: Server;

        beforeAll(async () => {
            const certificate = authority.issue("127.0.0.1", ["DNS:other.example.com", "IP:127.0.0.2"]);
            elsewhere = await startOne(kind, {
                ssl: { ...certificate, ca: authority.cert },
            });
        }, START_TIMEOUT_MS);

        afterAll(() => elsewhere.stop());

        it("does for verify-ca", async () => {
            const connection = to(elsewhere, { sslMode: "verify-ca", sslRootCert: authority.cert });
            await expect(isEncrypted(connection)).resolves.toBe(true);
        });

        it.each(["127.0.0.1", "localhost"])("is refused by verify-full for %s", async (host) => {
            const connection = to(elsewhere, { host, sslMode: "verify-full", sslRootCert: authority.cert });
            await expect(isEncrypted(connection)).rejects.toMatchObject({
                code: "TLS_FAILED",
                reason: expect.stringContaining(host) as string,
            });
        });
    });

    it(
        "takes an address in the common name for verify-full where the certificate has no other, as libpq does",
        async () => {
            const named = await startOne(kind, {
                ssl: { ...authority.issue("127.0.0.1"), ca: authority.cert },
            });
            try {
                const connection = to(named, { sslMode: "verify-full", sslRootCert: authority.cert });
                await expect(isEncrypted(connection)).resolves.toBe(true);
            } finally {
                await closePools();
                await named.stop();
            }
        },
        START_TIMEOUT_MS,
    );

    describe("a server without TLS", () => {
        it.each<SslMode>(["disable", "prefer"])("is used under %s", async (sslMode) => {
            await expect(isEncrypted(to(plain, { sslMode }))).resolves.toBe(false);
        });

        it.each<SslMode>(["require", "verify-ca", "verify-full"])("is refused under %s", async (sslMode) => {
            await expect(isEncrypted(to(plain, { sslMode }))).rejects.toMatchObject({
                code: "TLS_FAILED",
                reason: `the server at 127.0.0.1:${plain.port} does not offer TLS`,
            });
        });
    });

    describe("a server that lets users in by pg_hba.conf", () => {
        it("is used under prefer without TLS where it takes the database without TLS only", async () => {
            await expect(isEncrypted(to(server), "plainly")).resolves.toBe(false);
            // Again: the pool has learned it, and still works.
            await expect(isEncrypted(to(server), "plainly")).resolves.toBe(false);
        });

        it("is used under prefer with TLS where it takes the database with TLS only", async () => {
            await expect(isEncrypted(to(server), "encrypted")).resolves.toBe(true);
        });

        it("is refused with the server's words where it takes the user in neither way", async () => {
            await expect(isEncrypted(to(server), "template1")).rejects.toMatchObject({
                code: "AUTHENTICATION_FAILED",
                reason: expect.stringMatching(/no pg_hba\.conf entry .*SSL encryption.*SQLSTATE 28000/) as string,
            });
        });

        it("is asked for TLS again after it took the user in neither way", async () => {
            await expect(isEncrypted(to(server), "template1")).rejects.toMatchObject({ code: "AUTHENTICATION_FAILED" });
            await server.setHba([...HBA, "hostssl template1 all all scram-sha-256"]);
            await expect(isEncrypted(to(server), "template1")).resolves.toBe(true);
            await closePools();
            await server.setHba(HBA);
        });

        it("is refused where it takes the database with TLS only and TLS is disabled", async () => {
            await expect(isEncrypted(to(server, { sslMode: "disable" }), "encrypted")).rejects.toMatchObject({
                code: "AUTHENTICATION_FAILED",
            });
        });

        it("does not repeat a wrong password without TLS", async () => {
            const refusals = (): number =>
                readFileSync(server.logFile, "utf8").split("password authentication failed").length;
            const before = refusals();
            const connection = to(server, { password: "wrong" });
            await expect(isEncrypted(connection)).rejects.toMatchObject({ code: "AUTHENTICATION_FAILED" });
            expect(refusals() - before).toBe(1);
        });
    });

    (hasPsql ? describe : describe.skip)(psqlTitle, () => {
        let folder: string;

        beforeAll(() => {
            folder = mkdtempSync(path.join(tmpdir(), "psql-"));
        });

        afterAll(() => rmSync(folder, { recursive: true }));

        /** "encrypted", "plain" or "refused". */
        function byPsql({ host, port, password, sslMode, sslRootCert }: Connection, database: string): Promise<string> {
            const rootCert = path.join(folder, "root.crt");
            writeFileSync(rootCert, sslRootCert ?? "");
            const words = { host, port, user: "postgres", dbname: database, sslmode: sslMode, gssencmode: "disable" };
            const conninfo = Object.entries({ ...words, ...(sslRootCert && { sslrootcert: rootCert }) });
            const args = ["-XAtc", QUERY, conninfo.map(([name, value]) => `${name}='${value}'`).join(" ")];
            const env = { PATH: process.env.PATH, PGPASSWORD: password, HOME: folder };
            return new Promise((resolve) => {
                execFile("psql", args, { env }, (error, stdout) =>
                    resolve(error ? "refused" : stdout.trim() === "t" ? "encrypted" : "plain"),
                );
            });
        }

        async function byUs(connection: Connection, database: string): Promise<string> {
            return isEncrypted(connection, database).then(
                (encrypted) => (encrypted ? "encrypted" : "plain"),
                () => "refused",
            );
        }

        it("comes to the same end in every mode, with every root certificate, at every server and database", async () => {
            const seen = new Set<string>();
            for (const sslMode of SSL_MODES) {
                for (const sslRootCert of [undefined, authority.cert, stranger.cert]) {
                    for (const [target, database] of [
                        [server, "postgres"],
                        [server, "plainly"],
                        [server, "encrypted"],
                        [plain, "postgres"],
                    ] as const) {
                        const connection = to(target, { sslMode, sslRootCert });
                        const expected = await byPsql(connection, database);
                        const root =
                            sslRootCert === undefined ? "no" : sslRootCert === authority.cert ? "its" : "another";
                        const what = `${sslMode}, ${root} root certificate, ${database}: `;
                        expect(what + (await byUs(connection, database))).toBe(what + expected);
                        seen.add(expected);
                    }
                }
            }
            expect([...seen].sort()).toEqual(["encrypted", "plain", "refused"]);
        }, 60_000);
    });

    describe("a server that asks for a client certificate", () => {
        beforeAll(() => server.setHba(["hostssl certified all all cert", "host postgres all all scram-sha-256"]));

        it("takes the one that its authority signed, and needs no password then", async () => {
            const certified = { sslCert: user.cert, sslKey: user.key, password: undefined };
            await expect(isEncrypted(to(server, { sslMode: "require", ...certified }), "certified")).resolves.toBe(
                true,
            );
        });

        it("refuses who has none", async () => {
            await expect(isEncrypted(to(server, { sslMode: "require" }), "certified")).rejects.toMatchObject({
                code: "AUTHENTICATION_FAILED",
            });
        });

        it("refuses one of another name", async () => {
            const { cert, key } = authority.issue("somebody");
            const connection = to(server, { sslMode: "require", sslCert: cert, sslKey: key });
            await expect(isEncrypted(connection, "certified")).rejects.toMatchObject({ code: "AUTHENTICATION_FAILED" });
        });

        it("refuses one of another authority as a fault of TLS", async () => {
            const { cert, key } = stranger.issue("postgres");
            const connection = to(server, { sslMode: "require", sslCert: cert, sslKey: key });
            await expect(isEncrypted(connection, "certified")).rejects.toMatchObject({ code: "TLS_FAILED" });
        });

        it("is not even asked with a key that is none", async () => {
            const connection = to(server, { sslMode: "require", sslCert: user.cert, sslKey: "no key" });
            await expect(isEncrypted(connection, "certified")).rejects.toMatchObject({ code: "TLS_FAILED" });
        });
    });

    describe("somebody in between", () => {
        async function answering(bytes: Buffer, use: (port: number) => Promise<void>): Promise<void> {
            const listener = net.createServer((socket) => {
                socket.on("error", () => undefined);
                socket.once("data", () => socket.write(bytes));
            });
            await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
            try {
                await use((listener.address() as AddressInfo).port);
            } finally {
                listener.close();
            }
        }

        it.each([
            ["puts bytes behind the answer, before the encryption", Buffer.from("S\0\0\0\0")],
            ["speaks another protocol", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
        ])("is noticed where it %s", async (_, bytes) => {
            await answering(bytes, async (port) => {
                await expect(isEncrypted(connectionTo("127.0.0.1", { port }))).rejects.toMatchObject({
                    code: "TLS_FAILED",
                });
            });
        });
    });
});
