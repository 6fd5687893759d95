import { refusalOf } from "../../../provider/postgres/refusal";

describe("libpq's text says why a connection was refused", () => {
    it.each([
        [
            'FATAL:  no pg_hba.conf entry for host "10.0.0.5", user "postgres", database "postgres", no encryption',
            "hba",
        ],
        ['FATAL:  password authentication failed for user "postgres"', "password"],
        ["fe_sendauth: no password supplied", "password"],
        ['FATAL:  role "app" does not exist', "role"],
        ['FATAL:  role "app" is not permitted to log in', "role"],
        ['FATAL:  database "metrics" does not exist', "database"],
        ['connection to server at "127.0.0.1", port 1 failed: Connection refused', "port_closed"],
        ['could not translate host name "x" to address: Name or service not known', "host_unknown"],
        ["timeout expired", "no_answer"],
        ["server does not support SSL, but SSL was required", "tls"],
        ["FATALE:  la base de données « metrics » n'existe pas", "unknown"],
    ])("%s", (text, cause) => {
        expect(refusalOf(text).cause).toBe(cause);
    });

    it("with the client's address, as the server saw it", () => {
        const text = 'FATAL:  no pg_hba.conf entry for host "fd00::5", user "a", database "b", SSL encryption';
        expect(refusalOf(text)).toEqual({ cause: "hba", client: "fd00::5" });
    });
});
