/** Servers as preflight is given them: the access node by the provider's way, data nodes by both ways. */
import type {
    AccessNodeInputs,
    AccessNodeReference,
    DataNodeInputs,
    DistributedHypertableInputs,
} from "../../provider/engines/inputs";
import type { Problem, Request } from "../../provider/engines/engine";
import { Servers } from "../../provider/engines/run/servers";
import type { Connection } from "../../provider/postgres/connection";
import { withSession } from "../../provider/postgres/pool";
import type { Server } from "../../tools/servers/postgresServer.mjs";
import { connectionTo } from "./connections";

/** The provider's way to a server. */
export function connectionOf(server: Server, more: Partial<Connection> = {}): Connection {
    return connectionTo(server.host, {
        port: server.port,
        user: server.user,
        password: server.password,
        lockTimeoutSeconds: 10,
        connectTimeoutSeconds: 3,
        ...more,
    });
}

/** The provider's way past pg_hba.conf's host lines. */
export function socketOf(server: Server): Connection {
    return connectionOf(server, { host: server.dataFolder });
}

/** Statements on a database of a server, each by itself. */
export async function run(server: Server, database: string, ...statements: string[]): Promise<void> {
    for (const statement of statements) {
        await withSession(socketOf(server), database, (session) => session.query(statement), { discard: true });
    }
}

/** An access node's request. */
export function accessRequest(
    connection: Connection,
    database: string,
    more: Partial<AccessNodeInputs> = {},
): Request<AccessNodeInputs, never> {
    const inputs: AccessNodeInputs = {
        connection,
        database,
        engine: "auto",
        timescaledb: "auto",
        logicalUrn: "urn:test::access",
        adopt: false,
        forceDestroy: false,
        ...more,
    };
    return { inputs, newId: "11111111-1111-4111-8111-111111111111" };
}

/** A data node's request, and the servers that it touches. */
export function dataNodeRequest(
    access: { readonly connection: Connection; readonly database: string; readonly id: string },
    node: Server,
    more: Partial<DataNodeInputs> = {},
): { request: Request<DataNodeInputs, never>; servers: Servers } {
    const inputs: DataNodeInputs = {
        accessNode: access,
        nodeName: "dn1",
        host: node.host,
        port: node.port,
        password: node.password,
        serverOptions: {},
        bootstrap: true,
        connection: connectionOf(node),
        available: true,
        drainOnDelete: false,
        timescaledb: "auto",
        logicalUrn: "urn:test::dn1",
        adopt: false,
        forceDestroy: false,
        ...more,
    };
    const connection = inputs.connection ?? { ...access.connection, host: inputs.host, port: inputs.port };
    return {
        request: { inputs, newId: "22222222-2222-4222-8222-222222222222" },
        servers: new Servers(access, { dn1: { connection, database: inputs.database ?? access.database } }),
    };
}

/** Problems as tests compare them: `error max_prepared_transactions`. */
export function briefly(problems: readonly Problem[]): string[] {
    return problems.map(({ severity, check }) => `${severity} ${check}`).sort();
}

/** The one problem of that name. */
export function only(problems: readonly Problem[], check: string): Problem {
    const found = problems.filter((problem) => problem.check === check);
    expect(found).toHaveLength(1);
    return found[0] as Problem;
}

/** A distributed hypertable's request. */
export function hypertableRequest(
    accessNode: AccessNodeReference,
    more: Partial<DistributedHypertableInputs>,
): Request<DistributedHypertableInputs, never> {
    const inputs: DistributedHypertableInputs = {
        accessNode,
        schema: "public",
        tableName: "conditions",
        timeColumn: "time",
        replicationFactor: 1,
        nodes: {},
        createDefaultIndexes: true,
        migrateData: false,
        lastPoint: false,
        logicalUrn: "urn:test::conditions",
        adopt: false,
        forceDestroy: false,
        ...more,
    };
    return { inputs, newId: "33333333-3333-4333-8333-333333333333" };
}
