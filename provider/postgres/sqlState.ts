/**
 * What a failure means: errors of PostgreSQL and of sockets, told apart by SQLSTATE and by Node's error codes, and put
 * into this package's terms. Texts are looked at only where a server gives nothing else: here for XX000, and in
 * refusal.ts for what one server says of another.
 */
import os from "node:os";
import { ProviderError, type ErrorCode } from "../errors";
import { address, type Connection } from "./connection";
import { refusalOf, type RefusalCause } from "./refusal";

/** A failure as a server or a socket reports it. */
export interface ServerError {
    /** A SQLSTATE such as "42501", or a code of Node such as "ECONNREFUSED". */
    readonly code: string;
    /** Who reports it: with "server" the code is a SQLSTATE. */
    readonly origin: "server" | "socket" | "tls";
    readonly message: string;
    readonly detail?: string;
    readonly hint?: string;
    /** The constraint or index that was violated. */
    readonly constraint?: string;
    readonly schema?: string;
    readonly table?: string;
    /** The server's function that reports it. */
    readonly routine?: string;
}

/** Where a session is, as texts name it. */
export interface SessionPlace {
    readonly connection: Connection;
    readonly database: string;
}

/** The SQLSTATEs that this package tells apart, under PostgreSQL's names. Nothing outside this table spells one out. */
export const SQLSTATE = {
    /** Class 08 also comes from an access node that talks to its data nodes. */
    CONNECTION_EXCEPTION: "08000",
    UNABLE_TO_CONNECT: "08001",
    CONNECTION_DOES_NOT_EXIST: "08003",
    CONNECTION_FAILURE: "08006",
    UNIQUE_VIOLATION: "23505",
    PASSWORD_REQUIRED: "2F003",
    IDLE_IN_TRANSACTION_SESSION_TIMEOUT: "25P03",
    TRANSACTION_TIMEOUT: "25P04",
    INVALID_AUTHORIZATION: "28000",
    INVALID_PASSWORD: "28P01",
    DEPENDENT_OBJECTS_STILL_EXIST: "2BP01",
    INVALID_CATALOG_NAME: "3D000",
    INVALID_SCHEMA_NAME: "3F000",
    SERIALIZATION_FAILURE: "40001",
    DEADLOCK_DETECTED: "40P01",
    INSUFFICIENT_PRIVILEGE: "42501",
    UNDEFINED_OBJECT: "42704",
    UNDEFINED_TABLE: "42P01",
    DUPLICATE_TABLE: "42P07",
    TOO_MANY_CONNECTIONS: "53300",
    /** Also a database that an interrupted DROP DATABASE left invalid. */
    OBJECT_NOT_IN_PREREQUISITE_STATE: "55000",
    OBJECT_IN_USE: "55006",
    LOCK_NOT_AVAILABLE: "55P03",
    QUERY_CANCELED: "57014",
    ADMIN_SHUTDOWN: "57P01",
    CRASH_SHUTDOWN: "57P02",
    CANNOT_CONNECT_NOW: "57P03",
    IDLE_SESSION_TIMEOUT: "57P05",
    FDW_INVALID_OPTION_NAME: "HV00D",
    FDW_INVALID_ATTRIBUTE_VALUE: "HV024",
    INTERNAL_ERROR: "XX000",
    /** TimescaleDB: the database is a data node already. */
    TS_ALREADY_DATA_NODE: "TS174",
    /** Ours, raised inside our own blocks: an object that must exist is missing. */
    OUR_MISSING: "PT404",
} as const;

/**
 * SQLSTATEs and socket codes after which the same work may succeed once what is there has been read again. Class 08
 * comes from an access node that talks to its data nodes as well as from the server itself.
 */
export const TRANSIENT: Readonly<Record<string, string>> = {
    ECONNREFUSED: "nothing listens on the port: the server is down, starting or restarting",
    ECONNRESET: "the connection was cut",
    EPIPE: "the connection was cut before the statement was sent",
    ETIMEDOUT: "the server did not answer in time",
    EHOSTUNREACH: "the host has no route at the moment",
    ENETUNREACH: "the network has no route at the moment",
    EAI_AGAIN: "the name server did not answer",
    [SQLSTATE.CONNECTION_EXCEPTION]: "an access node lost its connection to a data node",
    [SQLSTATE.UNABLE_TO_CONNECT]: "an access node could not connect to a data node",
    [SQLSTATE.CONNECTION_DOES_NOT_EXIST]: "the session's connection to a data node is gone",
    [SQLSTATE.CONNECTION_FAILURE]: "a connection broke in the middle of a statement",
    [SQLSTATE.SERIALIZATION_FAILURE]: "another transaction came first",
    [SQLSTATE.DEADLOCK_DETECTED]: "two transactions waited for each other",
    [SQLSTATE.TOO_MANY_CONNECTIONS]: "the server has no free connection",
    [SQLSTATE.OBJECT_IN_USE]: "other sessions still use the database",
    [SQLSTATE.QUERY_CANCELED]: "the statement was ended by a time-out, on this server or on a data node that was busy",
    [SQLSTATE.ADMIN_SHUTDOWN]: "the server is shutting down",
    [SQLSTATE.CRASH_SHUTDOWN]: "the server ended all sessions because one of them crashed",
    [SQLSTATE.CANNOT_CONNECT_NOW]: "the server is starting, stopping or recovering",
    [SQLSTATE.IDLE_SESSION_TIMEOUT]: "the server ended the session because it was idle",
    [SQLSTATE.IDLE_IN_TRANSACTION_SESSION_TIMEOUT]: "the server ended the session because its transaction was idle",
    [SQLSTATE.TRANSACTION_TIMEOUT]: "the server ended the session because its transaction took too long",
};

/** What a server that starts or restarts answers. */
const STARTING: ReadonlySet<string> = new Set([
    SQLSTATE.CONNECTION_FAILURE,
    SQLSTATE.TOO_MANY_CONNECTIONS,
    SQLSTATE.ADMIN_SHUTDOWN,
    SQLSTATE.CRASH_SHUTDOWN,
    SQLSTATE.CANNOT_CONNECT_NOW,
]);

/** Unique indexes of the catalogues that two operations at once can both try to fill (23505): the second try sees the row. */
const RACED_INDEXES: ReadonlySet<string> = new Set([
    "metadata_pkey",
    "pg_foreign_server_name_index",
    "pg_database_datname_index",
    "pg_extension_name_index",
]);

/**
 * PostgreSQL raises "tuple concurrently updated" and the like as XX000, and TimescaleDB what a data node's connection
 * told it: there the server gives nothing but the text to tell passing from lasting. These texts are never translated,
 * but for what follows FATAL.
 */
const PASSING_INTERNAL_ERRORS =
    /tuple concurrently (?:updated|deleted)|cache lookup failed for foreign server|^\[[^\]]*\]: FATAL: |server closed the connection/;

/** Why one server could not connect to another (08001), where waiting does not help. */
const LASTING_REFUSALS: ReadonlySet<RefusalCause> = new Set(["hba", "password", "role", "database"]);

/** Those of them where the other server does not let the user in. */
const REFUSED_LOGINS: ReadonlySet<RefusalCause> = new Set(["hba", "password", "role"]);

const ERROR_CODE: Readonly<Record<string, ErrorCode>> = {
    [SQLSTATE.INVALID_AUTHORIZATION]: "AUTHENTICATION_FAILED",
    [SQLSTATE.INVALID_PASSWORD]: "AUTHENTICATION_FAILED",
    [SQLSTATE.INSUFFICIENT_PRIVILEGE]: "PERMISSION_DENIED",
    [SQLSTATE.TOO_MANY_CONNECTIONS]: "SERVER_UNREACHABLE",
    [SQLSTATE.LOCK_NOT_AVAILABLE]: "LOCKED",
    [SQLSTATE.QUERY_CANCELED]: "TIMED_OUT",
    [SQLSTATE.ADMIN_SHUTDOWN]: "SERVER_UNREACHABLE",
    [SQLSTATE.CRASH_SHUTDOWN]: "SERVER_UNREACHABLE",
    [SQLSTATE.CANNOT_CONNECT_NOW]: "SERVER_UNREACHABLE",
    [SQLSTATE.IDLE_SESSION_TIMEOUT]: "SERVER_UNREACHABLE",
};

/** The remedies that are the same whatever was being done. */
const REMEDY: Partial<Record<ErrorCode, string>> = {
    AUTHENTICATION_FAILED: "Check user, password and certificate of the connection, and pg_hba.conf on the server",
    LOCKED: "Wait until the holder of the lock is done, or raise lockTimeoutSeconds",
    TIMED_OUT: "Raise statementTimeoutSeconds, or look for what holds the statement up",
    SERVER_UNREACHABLE: "Wait until the server takes sessions again, or raise its max_connections",
};
const REMEDY_OF_SOCKETS = "Check host and port of the connection, and that the server runs and listens there";
const REMEDY_BETWEEN_SERVERS =
    "Check that the server reaches the other one: host, port, user and password, and pg_hba.conf there";

/** The server's or socket's error in an error or in what it wraps; undefined where there is none. */
export function serverError(error: unknown): ServerError | undefined {
    if (typeof error !== "object" || error === null) {
        return undefined;
    }
    return fromServer(error) ?? fromSocket(error) ?? serverError(Reflect.get(error, "cause"));
}

/** The SQLSTATE in an error or in what it wraps; undefined where no server reported one. */
export function sqlStateOf(error: unknown): string | undefined {
    const found = serverError(error);
    return found?.origin === "server" ? found.code : undefined;
}

/**
 * Whether a server refuses a session because there is no such database (3D000), or because a DROP DATABASE that was cut
 * left nothing but its name (55000, from PostgreSQL 15.4 and its like on; a database that takes no connections has the
 * same SQLSTATE from another function).
 */
export function isNoDatabase(error: unknown): boolean {
    const found = serverError(error);
    return (
        found?.origin === "server" &&
        (found.code === SQLSTATE.INVALID_CATALOG_NAME ||
            (found.code === SQLSTATE.OBJECT_NOT_IN_PREREQUISITE_STATE && found.routine === "InitPostgres"))
    );
}

/** Whether the same work may succeed if it is tried again after a look at what is there. */
export function isTransient(error: unknown): boolean {
    if (error instanceof ProviderError) {
        return error.transient;
    }
    const found = serverError(error);
    return found !== undefined && isPassing(found);
}

/** Whether the error is one that a server shows while it starts, or while its container and its name come up. */
export function isNotReadyYet(error: unknown): boolean {
    const found = serverError(error);
    return (
        found !== undefined &&
        (found.origin === "socket" ? isPassing(found) || found.code === "ENOTFOUND" : STARTING.has(found.code))
    );
}

/**
 * An error of a session in this package's terms. What is neither a server's nor a socket's error, such as a mistake in
 * this program, is returned as it is.
 */
export function asProviderError(error: unknown, place: SessionPlace): unknown {
    if (error instanceof ProviderError) {
        return error;
    }
    const found = serverError(error);
    if (found === undefined) {
        return error;
    }
    const code = errorCode(found);
    return new ProviderError(code, describe(found, place), {
        remedy: remedy(found, code),
        cause: error,
        transient: isPassing(found),
    });
}

function isPassing({ code, message, detail, constraint }: ServerError): boolean {
    switch (code) {
        case SQLSTATE.UNIQUE_VIOLATION:
            return constraint !== undefined && RACED_INDEXES.has(constraint);
        case SQLSTATE.INTERNAL_ERROR:
            return PASSING_INTERNAL_ERRORS.test(message);
        case SQLSTATE.UNABLE_TO_CONNECT:
            return !LASTING_REFUSALS.has(refusalOf(detail ?? "").cause);
        default:
            return Object.hasOwn(TRANSIENT, code);
    }
}

function errorCode(found: ServerError): ErrorCode {
    const { code, origin } = found;
    if (origin !== "server") {
        return origin === "tls" ? "TLS_FAILED" : "SERVER_UNREACHABLE";
    }
    if (code === SQLSTATE.UNABLE_TO_CONNECT && REFUSED_LOGINS.has(refusalOf(found.detail ?? "").cause)) {
        return "AUTHENTICATION_FAILED";
    }
    return ERROR_CODE[code] ?? (code.startsWith("08") ? "SERVER_UNREACHABLE" : "SERVER_ERROR");
}

function remedy({ code, origin }: ServerError, errorCode: ErrorCode): string | undefined {
    if (origin === "socket") {
        return REMEDY_OF_SOCKETS;
    }
    return code.startsWith("08") ? REMEDY_BETWEEN_SERVERS : REMEDY[errorCode];
}

function describe({ code, origin, message, detail, hint }: ServerError, place: SessionPlace): string {
    const where = `at ${address(place.connection)}/${place.database}`;
    const facts = origin === "server" ? `SQLSTATE ${code}, ${where}` : where;
    return (
        [`${message} (${facts})`, detail, hint]
            .filter((text) => text !== undefined)
            // libpq's texts go over several lines and may end with a question.
            .map((text) => text.replaceAll("\n\t", ". ").replace(/[.?\s]+$/, ""))
            .join(". ")
    );
}

/** pg's DatabaseError, known by its fields: a SQLSTATE looks like some codes of Node (EPIPE), but only it has a severity. */
function fromServer(error: object): ServerError | undefined {
    const code = field(error, "code");
    if (code === undefined || field(error, "severity") === undefined) {
        return undefined;
    }
    return {
        code,
        origin: "server",
        message: field(error, "message") ?? "",
        detail: field(error, "detail"),
        hint: field(error, "hint"),
        constraint: field(error, "constraint"),
        schema: field(error, "schema"),
        table: field(error, "table"),
        routine: field(error, "routine"),
    };
}

/**
 * An error of the connection itself: the operating system's (named by errno), the resolver's, or OpenSSL's. Where a host
 * has several addresses Node wraps an error of each in one without a text.
 */
function fromSocket(error: object): ServerError | undefined {
    const wrapped: unknown = Reflect.get(error, "errors");
    if (Array.isArray(wrapped)) {
        const each = wrapped.map(serverError).filter((found) => found !== undefined);
        const first = each.find(isPassing) ?? each[0];
        return first && { ...first, message: each.map((found) => found.message).join(", ") };
    }
    const code = field(error, "code");
    const message = field(error, "message");
    if (code === undefined || message === undefined) {
        return undefined;
    }
    if (code === "EPROTO" || /^ERR_(?:SSL|OSSL|TLS)_/.test(code)) {
        return { code, origin: "tls", message };
    }
    const isSystemError = Object.hasOwn(os.constants.errno, code) || field(error, "syscall") === "getaddrinfo";
    return isSystemError ? { code, origin: "socket", message } : undefined;
}

function field(error: object, name: string): string | undefined {
    const value: unknown = Reflect.get(error, name);
    return typeof value === "string" ? value : undefined;
}
