/**
 * Certificates for the tests of TLS, made by the openssl program when they are needed.
 *
 *     const authority = makeAuthority("Test CA");
 *     const server = authority.issue("db.example.com", ["DNS:db.example.com", "IP:127.0.0.1"]);
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A certificate and its key, as PEM texts. */
export interface Certificate {
    readonly cert: string;
    readonly key: string;
}

/** An authority that issues certificates. */
export interface Authority extends Certificate {
    /**
     * @param name the common name
     * @param alternatives such as "DNS:db.example.com" or "IP:127.0.0.1"
     */
    issue(name: string, alternatives?: readonly string[]): Certificate;
}

/** Whether there is an openssl program here. */
export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** An authority of its own, trusted by nobody. */
export function makeAuthority(name: string): Authority {
    const { cert, key } = inFolder((folder) => {
        const extension = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
        openssl(folder, ["req", "-x509", "-days", "2", "-subj", `/CN=${name}`, ...extension, ...output(folder)]);
        return read(folder);
    });
    return { cert, key, issue: (subject, alternatives = []) => issue({ cert, key }, subject, alternatives) };
}

function issue(authority: Certificate, name: string, alternatives: readonly string[]): Certificate {
    return inFolder((folder) => {
        const file = (text: string, fileName: string): string => {
            writeFileSync(path.join(folder, fileName), text);
            return path.join(folder, fileName);
        };
        const ca = ["-CA", file(authority.cert, "ca.crt"), "-CAkey", file(authority.key, "ca.key")];
        const extensions = alternatives.length
            ? `subjectAltName=${alternatives.join(",")}`
            : "basicConstraints=CA:FALSE";
        const request = path.join(folder, "request.csr");
        openssl(folder, [
            "req",
            "-new",
            "-subj",
            `/CN=${name}`,
            ...NEW_KEY,
            "-keyout",
            keyFile(folder),
            "-out",
            request,
        ]);
        openssl(folder, [
            ...["x509", "-req", "-days", "2", "-in", request, ...ca, "-CAcreateserial"],
            ...["-extfile", file(extensions, "extensions"), "-out", certFile(folder)],
        ]);
        return read(folder);
    });
}

function inFolder<T>(work: (folder: string) => T): T {
    const folder = mkdtempSync(path.join(tmpdir(), "certificates-"));
    try {
        return work(folder);
    } finally {
        rmSync(folder, { recursive: true });
    }
}

function openssl(folder: string, args: readonly string[]): void {
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
}

function output(folder: string): string[] {
    return [...NEW_KEY, "-keyout", keyFile(folder), "-out", certFile(folder)];
}

function read(folder: string): Certificate {
    return { cert: readFileSync(certFile(folder), "utf8"), key: readFileSync(keyFile(folder), "utf8") };
}

const certFile = (folder: string): string => path.join(folder, "made.crt");
const keyFile = (folder: string): string => path.join(folder, "made.key");
