import { DatabaseError } from "pg";
import { ProviderError, type ErrorCode } from "../../../provider/errors";
import type { Connection } from "../../../provider/postgres/connection";
import {
    asProviderError,
    isNotReadyYet,
    isTransient,
    serverError,
    sqlStateOf,
    TRANSIENT,
} from "../../../provider/postgres/sqlState";

const connection: Connection = {
    host: "data1.example.com",
    port: 5433,
    user: "postgres",
    maintenanceDatabase: "postgres",
    sslMode: "prefer",
    connectTimeoutSeconds: 10,
    readyTimeoutSeconds: 0,
    statementTimeoutSeconds: 0,
    lockTimeoutSeconds: 60,
};
const place = { connection, database: "multinode" };

function fromServer(
    code: string,
    fields: Partial<DatabaseError> = {},
    message = "something went wrong",
): DatabaseError {
    return Object.assign(new DatabaseError(message, message.length, "error"), { severity: "ERROR", code, ...fields });
}

function fromSystem(code: string, syscall = code === "EAI_AGAIN" ? "getaddrinfo" : "connect"): Error {
    return Object.assign(new Error(`${syscall} ${code} 127.0.0.1:5433`), { code, syscall });
}

function providerError(error: unknown): ProviderError {
    const converted = asProviderError(error, place);
    expect(converted).toBeInstanceOf(ProviderError);
    return converted as ProviderError;
}

describe("serverError", () => {
    it("reads the fields of a server's error", () => {
        const error = fromServer("23505", { detail: "Key exists.", hint: "Use another.", constraint: "metadata_pkey" });
        expect(serverError(error)).toEqual({
            code: "23505",
            origin: "server",
            message: "something went wrong",
            detail: "Key exists.",
            hint: "Use another.",
            constraint: "metadata_pkey",
        });
    });

    it("finds it behind the error that wraps it", () => {
        expect(serverError(new ProviderError("SERVER_ERROR", "x", { cause: fromServer("42P01") }))?.code).toBe("42P01");
    });

    it("takes EPIPE for the system's although it looks like a SQLSTATE", () => {
        expect(serverError(fromSystem("EPIPE", "write"))?.origin).toBe("socket");
        expect(sqlStateOf(fromSystem("EPIPE", "write"))).toBeUndefined();
    });

    it("takes an error of OpenSSL for one of TLS", () => {
        const alert = Object.assign(new Error("alert unknown ca"), { code: "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA" });
        expect(serverError(alert)?.origin).toBe("tls");
    });

    it("names every address of a host that has several", () => {
        const error = new AggregateError([
            Object.assign(new Error("connect ECONNREFUSED ::1:5432"), { code: "ECONNREFUSED" }),
            Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:5432"), { code: "ECONNREFUSED" }),
        ]);
        expect(serverError(error)).toEqual({
            code: "ECONNREFUSED",
            origin: "socket",
            message: "connect ECONNREFUSED ::1:5432, connect ECONNREFUSED 127.0.0.1:5432",
        });
    });

    it.each([
        [new TypeError("x is not a function")],
        [Object.assign(new Error("x"), { code: "ERR_INVALID_ARG_TYPE" })],
        ["text"],
        [undefined],
    ])("finds nothing in %p", (error) => {
        expect(serverError(error)).toBeUndefined();
    });
});

describe("asProviderError", () => {
    it("says what the server said, its SQLSTATE, where, the detail and the hint", () => {
        const error = providerError(
            fromServer(
                "55000",
                { detail: "They are off.", hint: "Set it to a nonzero value." },
                "transactions are disabled",
            ),
        );
        expect(error.code).toBe("SERVER_ERROR");
        expect(error.reason).toBe(
            "transactions are disabled (SQLSTATE 55000, at data1.example.com:5433/multinode). " +
                "They are off. Set it to a nonzero value",
        );
        expect(error.cause).toBeInstanceOf(DatabaseError);
    });

    it.each<[string, ErrorCode]>([
        ["28P01", "AUTHENTICATION_FAILED"],
        ["28000", "AUTHENTICATION_FAILED"],
        ["42501", "PERMISSION_DENIED"],
        ["53300", "SERVER_UNREACHABLE"],
        ["55P03", "LOCKED"],
        ["57014", "TIMED_OUT"],
        ["57P01", "SERVER_UNREACHABLE"],
        ["57P03", "SERVER_UNREACHABLE"],
        ["57P05", "SERVER_UNREACHABLE"],
        ["08006", "SERVER_UNREACHABLE"],
        ["42P01", "SERVER_ERROR"],
        ["TS170", "SERVER_ERROR"],
        ["3D000", "SERVER_ERROR"],
    ])("gives SQLSTATE %s the code %s", (sqlState, code) => {
        expect(providerError(fromServer(sqlState)).code).toBe(code);
    });

    it.each(["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH"])("gives %s SERVER_UNREACHABLE", (code) => {
        expect(providerError(fromSystem(code)).code).toBe("SERVER_UNREACHABLE");
    });

    it("gives an unknown name SERVER_UNREACHABLE", () => {
        expect(providerError(fromSystem("ENOTFOUND", "getaddrinfo")).code).toBe("SERVER_UNREACHABLE");
    });

    it("gives an alert of TLS TLS_FAILED", () => {
        const alert = Object.assign(new Error("alert unknown ca"), { code: "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA" });
        expect(providerError(alert).code).toBe("TLS_FAILED");
    });

    it.each([
        ["a socket", fromSystem("ECONNREFUSED"), "Check host and port of the connection"],
        ["a server that is full", fromServer("53300"), "max_connections"],
        ["a server that does not reach another", fromServer("08001"), "reaches the other one"],
        ["a refused password", fromServer("28P01"), "pg_hba.conf on the server"],
        ["a lock", fromServer("55P03"), "lockTimeoutSeconds"],
        ["a statement that took too long", fromServer("57014"), "statementTimeoutSeconds"],
    ])("says what can be done about %s", (_, error, remedy) => {
        expect(providerError(error).remedy).toContain(remedy);
    });

    it("puts libpq's text of several lines, which ends with a question, on one line", () => {
        const detail = "Connection refused\n\tIs the server running?\n";
        expect(providerError(fromServer("08001", { detail })).reason).toMatch(
            /\)\. Connection refused\. Is the server running$/,
        );
    });

    it("does not wrap twice", () => {
        const error = new ProviderError("HOLDS_DATA", "x");
        expect(asProviderError(error, place)).toBe(error);
    });

    it("leaves a mistake in this program what it is", () => {
        const mistake = new TypeError("x is not a function");
        expect(asProviderError(mistake, place)).toBe(mistake);
    });
});

describe("isTransient", () => {
    it.each(Object.keys(TRANSIENT))("takes %s for passing", (code) => {
        const error = /^\d/.test(code) ? fromServer(code) : fromSystem(code);
        expect(isTransient(error)).toBe(true);
        expect(isTransient(providerError(error))).toBe(true);
    });

    it.each([
        "22023",
        "42P01",
        "42710",
        "TS001",
        "TS110",
        "TS174",
        "TS504",
        "0A000",
        "25001",
        "25006",
        "2BP01",
        "42501",
        "3D000",
        "28P01",
    ])("takes %s for lasting", (code) => {
        expect(isTransient(fromServer(code))).toBe(false);
    });

    it("takes an unknown name for lasting", () => {
        expect(isTransient(fromSystem("ENOTFOUND", "getaddrinfo"))).toBe(false);
    });

    it.each(["metadata_pkey", "pg_foreign_server_name_index", "pg_database_datname_index", "pg_extension_name_index"])(
        "takes a race for the catalogue's index %s for passing",
        (constraint) => {
            expect(isTransient(fromServer("23505", { constraint }))).toBe(true);
        },
    );

    it("takes a duplicate key in a user's table for lasting", () => {
        expect(isTransient(fromServer("23505", { constraint: "conditions_pkey" }))).toBe(false);
        expect(isTransient(fromServer("23505"))).toBe(false);
    });

    it.each([
        "tuple concurrently updated",
        "tuple concurrently deleted",
        "cache lookup failed for foreign server 58279",
        "[dn3]: FATAL:  terminating connection due to administrator command",
        "[dn3]: server closed the connection unexpectedly",
    ])("takes the internal error %j for passing", (message) => {
        expect(isTransient(fromServer("XX000", {}, message))).toBe(true);
    });

    it.each(['data node "dn3" is not available', "cannot drop a hypertable along with other objects"])(
        "takes the internal error %j for lasting",
        (message) => {
            expect(isTransient(fromServer("XX000", {}, message))).toBe(false);
        },
    );

    it.each([
        ['FATAL:  password authentication failed for user "postgres"', false],
        ["fe_sendauth: no password supplied", false],
        ['FATAL:  role "x" does not exist', false],
        ['FATAL:  database "x" does not exist', false],
        ['FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "x", database "y", no encryption', false],
        ["FATAL:  sorry, too many clients already", true],
        ["connection to server failed: Connection refused", true],
        ["FATAL:  the database system is starting up", true],
    ])("asks the detail of a failed connection between servers: %j", (detail, passing) => {
        expect(isTransient(fromServer("08001", { detail }, 'could not connect to "dn3"'))).toBe(passing);
    });

    it("believes an error of this package", () => {
        expect(isTransient(new ProviderError("NOT_CONVERGED", "x", { transient: true }))).toBe(true);
        expect(isTransient(new ProviderError("NOT_CONVERGED", "x", { cause: fromServer("40001") }))).toBe(false);
    });
});

describe("isNotReadyYet", () => {
    it.each(["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT"])("waits after %s", (code) => {
        expect(isNotReadyYet(fromSystem(code))).toBe(true);
    });

    it.each(["EAI_AGAIN", "ENOTFOUND"])("waits for a name: %s", (code) => {
        expect(isNotReadyYet(fromSystem(code, "getaddrinfo"))).toBe(true);
    });

    it.each(["57P03", "53300", "08006", "57P01"])("waits after SQLSTATE %s", (code) => {
        expect(isNotReadyYet(fromServer(code))).toBe(true);
    });

    it.each(["28P01", "28000", "3D000", "55P03", "40001"])("does not wait after SQLSTATE %s", (code) => {
        expect(isNotReadyYet(fromServer(code))).toBe(false);
    });

    it("does not wait for a password that nobody gives", () => {
        expect(isNotReadyYet(new ProviderError("AUTHENTICATION_FAILED", "none is given"))).toBe(false);
    });
});
