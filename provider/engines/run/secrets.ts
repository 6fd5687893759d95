/**
 * Passwords in statements. PostgreSQL takes the options of a user mapping as literals only, and servers log statements:
 * by log_statement, and as the context of any warning or error inside of a block. So a password is bound to a setting of
 * the session, and the statement reads it from there.
 */
import { literal } from "../../postgres/sql";
import type { Session } from "../../postgres/pool";

/** Secret values by the names of the settings that a statement reads them from. */
export type Secrets = Readonly<Record<string, string>>;

const PASSWORD_SETTING = "pulumi_timescaledb.password";

/** SQL of the password that {@link passwordSecret} binds. */
export const PASSWORD = `pg_catalog.current_setting(${literal(PASSWORD_SETTING)})`;

/** The part of a statement that binds its password, where it has one. */
export function passwordSecret(password: string | undefined): { readonly secrets?: Secrets } {
    return password === undefined ? {} : { secrets: { [PASSWORD_SETTING]: password } };
}

/**
 * A statement of a PL/pgSQL block that runs SQL which ends with the password: `... OPTIONS (SET password `, without the
 * last parenthesis. Its errors are raised anew, because their context holds the SQL.
 */
export function executeWithPassword(sql: string): string {
    return `BEGIN
        EXECUTE ${literal(sql)} || pg_catalog.quote_literal(${PASSWORD}) || ')';
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        RAISE EXCEPTION USING ERRCODE = SQLSTATE, MESSAGE = SQLERRM;
    END`;
}

/** Keeps bound values, and what a block executes, out of logs and statistics, as far as the role may say so. */
const KEEP_QUIET = `
SELECT pg_catalog.set_config(s.name, q.value, $1::boolean)
  FROM (VALUES ('log_parameter_max_length', '0'), ('log_parameter_max_length_on_error', '0'),
               ('pg_stat_statements.track', 'none')) AS q (name, value)
  JOIN pg_catalog.pg_settings s ON s.name = q.name
 WHERE s.context = 'user' OR (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)`;
const BIND = "SELECT pg_catalog.set_config($1::text, $2::text, $3::boolean)";

/** Runs a statement that reads its secrets from settings, and takes them back. */
export async function withSecrets<T>(
    session: Session,
    secrets: Secrets | undefined,
    inTransaction: boolean,
    run: () => Promise<T>,
): Promise<T> {
    if (secrets === undefined) {
        return run();
    }
    const bind = async (values: Secrets): Promise<void> => {
        for (const [name, value] of Object.entries(values)) {
            await session.query(BIND, [name, value, inTransaction]);
        }
    };
    await session.query(KEEP_QUIET, [inTransaction]);
    await bind(secrets);
    if (inTransaction) {
        return run();
    }
    try {
        return await run();
    } finally {
        // A session that is gone has taken them along: the error that matters is the first one.
        await bind(Object.fromEntries(Object.keys(secrets).map((name) => [name, ""]))).catch(() => undefined);
    }
}
