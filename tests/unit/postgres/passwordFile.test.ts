import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Connection } from "../../../provider/postgres/connection";
import { findPassword } from "../../../provider/postgres/passwordFile";

const connection: Connection = {
    host: "db.example.com",
    port: 5432,
    user: "anna",
    maintenanceDatabase: "postgres",
    sslMode: "prefer",
    connectTimeoutSeconds: 10,
    readyTimeoutSeconds: 0,
    statementTimeoutSeconds: 0,
    lockTimeoutSeconds: 60,
};

const environment = process.env;
let folder: string;
let file: string;

beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "passfile-"));
    file = path.join(folder, "pgpass");
    process.env = { ...environment, PGPASSFILE: file };
    delete process.env.PGPASSWORD;
});

afterEach(() => {
    process.env = environment;
    rmSync(folder, { recursive: true });
});

function write(...lines: string[]): void {
    writeFileSync(file, `${lines.join("\n")}\n`);
    chmodSync(file, 0o600);
}

describe("findPassword", () => {
    it("prefers the program's password, then PGPASSWORD, then the file", async () => {
        write("*:*:*:*:from the file");
        await expect(findPassword(connection, "metrics")).resolves.toBe("from the file");
        process.env.PGPASSWORD = "from the environment";
        await expect(findPassword(connection, "metrics")).resolves.toBe("from the environment");
        await expect(findPassword({ ...connection, password: "given" }, "metrics")).resolves.toBe("given");
    });

    it("takes the first line that fits", async () => {
        write(
            "# db.example.com:5432:metrics:anna:a comment",
            "",
            "other.example.com:5432:metrics:anna:another host",
            "db.example.com:5433:metrics:anna:another port",
            "db.example.com:5432:other:anna:another database",
            "db.example.com:5432:metrics:otto:another user",
            "db.example.com:*:metrics:anna:this one",
            "*:*:*:*:too late",
        );
        await expect(findPassword(connection, "metrics")).resolves.toBe("this one");
    });

    it("reads escaped colons and backslashes, and an escaped star as a star", async () => {
        write("*:*:\\*:*:no", "\\:\\:1:5432:a\\\\b:anna:p\\:a\\\\ss:ignored");
        await expect(findPassword({ ...connection, host: "::1" }, "a\\b")).resolves.toBe("p:a\\ss");
    });

    it("reads lines that Windows ended", async () => {
        write("*:*:*:*:secret\r");
        await expect(findPassword(connection, "metrics")).resolves.toBe("secret");
    });

    it.each([
        ["/tmp", "local"],
        ["/var/run/postgresql", "local"],
        ["/srv/sockets", "by folder"],
    ])("finds a socket in %s as libpq does", async (host, password) => {
        write("localhost:5432:*:anna:local", "/srv/sockets:5432:*:anna:by folder");
        await expect(findPassword({ ...connection, host }, "metrics")).resolves.toBe(password);
    });

    it("says that there is no file", async () => {
        await expect(findPassword(connection, "metrics")).rejects.toMatchObject({
            code: "AUTHENTICATION_FAILED",
            reason: expect.stringContaining(`${file} is not a file`) as string,
        });
    });

    it("says that the file has no line for the server", async () => {
        write("other.example.com:*:*:*:secret");
        await expect(findPassword(connection, "metrics")).rejects.toThrow("has no line for it");
    });

    it("ignores a file that others may read, and says so without its content", async () => {
        write("*:*:*:*:secret");
        chmodSync(file, 0o644);
        await expect(findPassword(connection, "metrics")).rejects.toThrow("chmod 600");
        await expect(findPassword(connection, "metrics")).rejects.not.toThrow("secret");
    });
});
