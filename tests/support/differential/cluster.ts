/** A cluster with a distributed table, and a plain one of the same columns and key beside it. */
import { closePools } from "../../../provider/postgres/pool";
import { LiveCluster } from "../life";
import { query } from "../query";
import { startCluster, type ServerKind, type TestCluster } from "../servers";

/** A cluster that is compared with a plain table. */
export interface ComparedCluster {
    readonly cluster: TestCluster;
    readonly tables: { readonly database: string; readonly distributed: string; readonly plain: string };
    stop(): Promise<void>;
}

/** Starts the servers and makes the tables. */
export async function startComparedCluster(kind: ServerKind): Promise<ComparedCluster> {
    const cluster = await startCluster(kind, { nodes: 2 });
    const live = new LiveCluster(cluster, "cluster");
    await live.access.create(live.accessValues({ engine: "fdw" }));
    await Promise.all([0, 1].map((index) => live.node(index).create(live.nodeValues(index))));
    await live.hypertable("distributed").create(
        live.tableValues("distributed", {
            columns: [
                { name: "time", type: "timestamptz", nullable: false },
                { name: "device", type: "integer" },
                { name: "temp", type: "double precision" },
                { name: "note", type: "text" },
            ],
            uniqueKeys: [["device", "time"]],
            numberPartitions: 6,
        }),
    );
    await query(
        cluster.access,
        "cluster",
        "CREATE TABLE plain (time timestamptz NOT NULL, device integer, temp double precision, note text, UNIQUE (device, time))",
    );
    return {
        cluster,
        tables: { database: "cluster", distributed: "distributed", plain: "plain" },
        async stop() {
            await closePools();
            await cluster.stop();
        },
    };
}
