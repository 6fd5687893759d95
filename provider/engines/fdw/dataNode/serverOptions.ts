/** The options of a data node's foreign server: the one place that builds them. */
import type { Options } from "../../../postgres/sql";
import type { DataNodeInputs } from "../../inputs";
import type { Reached } from "../../run/reach";
import { nodeDatabaseName } from "../../run/places";
import { supports } from "../../versions/capabilities";
import { findServer } from "../catalogue";
import type { AccessSide, NodeServer } from "./observe";

/** What the options depend on, of the servers. */
export interface OptionFacts {
    /** The access node's PostgreSQL, for example "15.18". */
    readonly postgresVersion: string;
    /** Whether access node and data node both have the timescaledb extension, so that its functions can be sent. */
    readonly timescaledb: boolean;
}

/** The options of a data node's foreign server; what the program says goes over what we say. */
export function serverOptions(
    inputs: Pick<DataNodeInputs, "accessNode" | "host" | "port" | "database" | "serverOptions">,
    facts: OptionFacts,
): Options {
    const versions = { engine: "fdw", postgresVersion: facts.postgresVersion, timescaledbVersion: null } as const;
    return {
        host: inputs.host,
        port: String(inputs.port),
        dbname: nodeDatabaseName(inputs),
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
    };
}

/** The options of a node's foreign server, from what both sides have. */
export function requestedOptions(
    { catalogue, facts }: AccessSide,
    node: Reached<NodeServer>,
    inputs: DataNodeInputs,
): Options {
    const timescaledb = node.reachable
        ? node.timescaledb !== null && catalogue.extensions.timescaledb !== undefined
        : findServer(catalogue, inputs.nodeName)?.options.extensions === "timescaledb";
    return serverOptions(inputs, { postgresVersion: facts.postgresVersion, timescaledb });
}
