/** The options of a data node's foreign server: the one place that builds them and writes them as SQL. */
import { supports } from "../../versions/capabilities";
import type { DataNodeInputs } from "../../inputs";
import { identifier, literal } from "../../../postgres/sql";

/** Options by name. */
export type Options = Readonly<Record<string, string>>;

/** What of the servers the options depend on. */
export interface OptionFacts {
    /** The access node's PostgreSQL, for example "15.18". */
    readonly postgresVersion: string;
    /** Whether access node and data node both have the timescaledb extension, so that its functions can be sent. */
    readonly timescaledb: boolean;
}

/** The options that a data node's foreign server is to have; what the program says goes over what we say. */
export function serverOptions(
    inputs: Pick<DataNodeInputs, "accessNode" | "host" | "port" | "database" | "serverOptions">,
    facts: OptionFacts,
): Options {
    const versions = { engine: "fdw", postgresVersion: facts.postgresVersion, timescaledbVersion: null } as const;
    return sorted({
        host: inputs.host,
        port: String(inputs.port),
        dbname: inputs.database ?? inputs.accessNode.database,
        connect_timeout: "10",
        fetch_size: "1000",
        batch_size: "1000",
        fdw_tuple_cost: "0.2",
        async_capable: "true",
        // Queries on the node run through cursors, which the node would otherwise plan for their first rows.
        options: "-c cursor_tuple_fraction=0.5",
        ...(supports("parallelCommit", versions) ? { parallel_commit: "true" } : {}),
        ...(supports("parallelAbort", versions) ? { parallel_abort: "true" } : {}),
        ...(facts.timescaledb ? { extensions: "timescaledb" } : {}),
        ...inputs.serverOptions,
    });
}

/** ` OPTIONS (host 'a', port '5432')`, or nothing where there are none. */
export function optionsClause(options: Options): string {
    const entries = Object.entries(sorted(options)).map(([name, value]) => `${identifier(name)} ${literal(value)}`);
    return entries.length === 0 ? "" : ` OPTIONS (${entries.join(", ")})`;
}

/** ` OPTIONS (SET host 'b', DROP sslmode)`, from the options that are there to the wanted; undefined: they agree. */
export function alterOptionsClause(found: Options, wanted: Options): string | undefined {
    const names = Object.keys(sorted({ ...found, ...wanted }));
    const changes = names.flatMap((name) => {
        const value = wanted[name];
        if (value === undefined) {
            return [`DROP ${identifier(name)}`];
        }
        if (found[name] === undefined) {
            return [`ADD ${identifier(name)} ${literal(value)}`];
        }
        return found[name] === value ? [] : [`SET ${identifier(name)} ${literal(value)}`];
    });
    return changes.length === 0 ? undefined : ` OPTIONS (${changes.join(", ")})`;
}

function sorted(options: Options): Options {
    return Object.fromEntries(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
}
