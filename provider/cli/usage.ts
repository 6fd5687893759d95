/** What the command line takes, and what it says of itself. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { ProviderError } from "../errors";

/** Exit codes: scripts rely on them. */
export const EXIT = { ok: 0, failed: 1, wrongUsage: 2, unhealthy: 3 } as const;

/** The text of --help. */
export const HELP = `Usage: pulumi-timescaledb <command> [options]

  status   How a cluster is: its nodes and what they hold, missing copies, transactions in doubt, drift
  plan     What the next \`pulumi up\` will run on the servers, and what is lost by it

status:
  --json               JSON: a list with one entry a cluster (with --watch one line each time)
  --html FILE          one HTML file, with a picture
  --watch              again and again, until Ctrl-C
  --interval SECONDS   how often with --watch; 5 by default
  the cluster is that of --host and --database; else the stack's, where a Pulumi.yaml is here or above,
  or with --stack or --cwd; else that of PGHOST and PGDATABASE:
  --host HOST --port PORT --user USER --database NAME --ssl-mode MODE --ssl-root-cert FILE
                       the access node; PGHOST, PGPORT, PGUSER, PGDATABASE, PGSSLMODE, PGSSLROOTCERT, and
                       PGPASSWORD or PGPASSFILE are used for what is left out
  --data-node NAME=HOST:PORT
                       how a data node is reached from here where its registered address is another; repeatable

plan:
  --json               JSON
  --stack S            the stack; the selected one by default
  --cwd DIR            the project's folder; this one by default

  --help               this text
  --version            the version

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 status was read and something is not as it should be.
`;

/**
 * The options of a command.
 *
 * @throws INVALID_ARGUMENT
 */
export function readOptions<T extends NonNullable<ParseArgsConfig["options"]>>(
    args: readonly string[],
    options: T,
): ReturnType<typeof parseArgs<{ options: T; args: string[]; strict: true }>>["values"] {
    try {
        return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
    } catch (error) {
        throw wrongUsage(error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error));
    }
}

/** An argument that is missing or wrong. */
export function wrongUsage(reason: string): ProviderError {
    return new ProviderError("INVALID_ARGUMENT", `could not read the command line: ${reason}`, {
        remedy: "See `npx pulumi-timescaledb --help`",
    });
}
