/** What the access node knows about data nodes that do not answer the provider: in private networks they never do. */
import { ProviderError } from "../../../errors";
import { ACCESS, type Servers } from "../../run/servers";
import { attempt } from "../../run/reach";
import { functionsSchema, pingNodes } from "../liveness";
import type { AccessAnswer } from "./answers";

/** A data node that answers the access node. */
export interface SeenThrough {
    /** Bytes by the hypertable's id on the access node. */
    readonly bytes: ReadonlyMap<number, number>;
}

/** Asks the access node; a node that does not answer it either is missing in the result. */
export async function askThroughAccessNode(
    servers: Servers,
    { postgres, timescaledb, tables }: AccessAnswer,
    names: readonly string[],
): Promise<ReadonlyMap<string, SeenThrough>> {
    if (names.length === 0) {
        return new Map();
    }
    const versions = { engine: "multinode", postgresVersion: postgres, timescaledbVersion: timescaledb } as const;
    const place = servers.cluster(ACCESS);
    const alive = await attempt(() => servers.on(place, (session) => pingNodes(session, versions, names), true));
    if (alive instanceof ProviderError) {
        return new Map();
    }
    const seen = names
        .filter((name) => alive.has(name))
        .map(async (name): Promise<[string, SeenThrough]> => {
            const held = tables.filter(({ nodes }) => nodes.some((node) => node.name === name));
            const rows = await attempt(() =>
                servers.on(place, (session) =>
                    session.query<{ id: number; bytes: string | null }>(
                        `SELECT t.id, (SELECT sum(i.total_bytes)
                                         FROM ${functionsSchema(versions)}.data_node_hypertable_info(
                                              $1::name, t.schema_name, t.table_name) i) AS bytes
                           FROM unnest($2::integer[], $3::name[], $4::name[]) AS t (id, schema_name, table_name)`,
                        [
                            name,
                            held.map(({ id }) => id),
                            held.map(({ schema }) => schema),
                            held.map((table) => table.name),
                        ],
                    ),
                ),
            );
            const known = rows instanceof ProviderError ? [] : rows.filter(({ bytes }) => bytes !== null);
            return [name, { bytes: new Map(known.map(({ id, bytes }) => [id, Number(bytes)])) }];
        });
    return new Map(await Promise.all(seen));
}
