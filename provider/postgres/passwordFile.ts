/** The password of a session: the program's, else PGPASSWORD, else the password file, in libpq's order and form. */
import { readFile, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { ProviderError } from "../errors";
import { address, isUnixSocket, type Connection } from "./connection";

/** A socket in one of these folders is found under the host "localhost", as libpq built with either of them does. */
const DEFAULT_SOCKET_FOLDERS = ["/tmp", "/var/run/postgresql", "/run/postgresql"];

/**
 * The password for a database. Only called when the server asks for one.
 *
 * @throws AUTHENTICATION_FAILED where there is none
 */
export async function findPassword(connection: Connection, database: string): Promise<string> {
    const given = connection.password || process.env.PGPASSWORD;
    if (given) {
        return given;
    }
    const file = passwordFile();
    const { password, remark } = await lookUp(file, connection, database);
    if (password === undefined) {
        throw new ProviderError(
            "AUTHENTICATION_FAILED",
            `the server at ${address(connection)} asks for a password of user "${connection.user}", and none is given: ` +
                `the connection has no password, PGPASSWORD is not set, and ${file} ${remark}`,
            { remedy: "Set the connection's password, PGPASSWORD, or a line in the password file" },
        );
    }
    return password;
}

function passwordFile(): string {
    if (process.env.PGPASSFILE) {
        return process.env.PGPASSFILE;
    }
    return process.platform === "win32"
        ? path.join(process.env.APPDATA ?? os.homedir(), "postgresql", "pgpass.conf")
        : path.join(os.homedir(), ".pgpass");
}

async function lookUp(
    file: string,
    connection: Connection,
    database: string,
): Promise<{ readonly password?: string; readonly remark: string }> {
    const found = await stat(file).catch(() => undefined);
    if (!found?.isFile()) {
        return { remark: "is not a file" };
    }
    if (process.platform !== "win32" && (found.mode & 0o077) !== 0) {
        return { remark: "is ignored, because others may read it (chmod 600 it)" };
    }
    const host =
        isUnixSocket(connection) && DEFAULT_SOCKET_FOLDERS.includes(connection.host) ? "localhost" : connection.host;
    const wanted = [host, String(connection.port), database, connection.user];
    const password = findLine(await readFile(file, "utf8"), wanted);
    return { password, remark: "has no line for it" };
}

/** The password of the first line `host:port:database:user:password` that fits; `*` fits all, `\` escapes `:` and `\`. */
function findLine(text: string, wanted: readonly string[]): string | undefined {
    for (const line of text.split(/\r?\n/)) {
        const fields = line.startsWith("#") ? [] : splitFields(line);
        const password = fields[wanted.length];
        if (password && wanted.every((value, index) => fields[index] === "*" || unescape(fields[index]) === value)) {
            return unescape(password);
        }
    }
    return undefined;
}

function splitFields(line: string): string[] {
    const fields = [""];
    for (const token of line.match(/\\.|./gu) ?? []) {
        if (token === ":") {
            fields.push("");
        } else {
            fields[fields.length - 1] += token;
        }
    }
    return fields;
}

function unescape(field: string | undefined): string | undefined {
    return field?.replace(/\\(.)/gu, "$1");
}
