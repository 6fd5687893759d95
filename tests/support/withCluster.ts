/**
 * One cluster for the cases of a describe block, and the proof that they leave nothing on its servers.
 *
 *     describeServers("fdw", (kind) => {
 *         const { live, sql } = withCluster(kind, { database: "metrics", built: "data nodes", per: "block" });
 *         it("...", async () => {
 *             const table = live.hypertable("conditions");
 *             await table.create(live.tableValues("conditions"));
 *             expect(await sql("SELECT count(*) FROM conditions")).toEqual([{ count: "0" }]);
 *             await table.delete();
 *         });
 *     });
 *
 * The hooks are those of the block in which it is called. Hooks of the block's own that are defined after it run after
 * it, so that they find the servers running; an afterAll of theirs finds them stopped.
 */
import { isDeepStrictEqual } from "node:util";
import { closePools } from "../../provider/postgres/pool";
import { LiveCluster, type LiveResource } from "./life";
import { query } from "./query";
import { expectNoResidue, residueOf, type Residue } from "./residue";
import { startCluster, START_TIMEOUT_MS, type ClusterOptions, type ServerKind, type TestCluster } from "./servers";

type Values = Record<string, unknown>;

/** What a block needs: how many data nodes (2 by default) with what settings, and what stands on them. */
export interface ClusterNeeds extends Pick<ClusterOptions, "nodes" | "settings"> {
    /** "cluster" by default. */
    readonly database?: string;
    /** Starts servers of different kinds instead of startCluster. */
    readonly start?: () => Promise<TestCluster>;
    /** Changes the servers before the first look at what they hold. */
    readonly prepare?: (servers: TestCluster) => Promise<unknown>;
    /** What each case finds made through the handlers: nothing by default. What is still there is deleted afterwards. */
    readonly built?: "nothing" | "access node" | "data nodes";
    /** Whether it is made, and proven to be gone, for each case or once for the block. For each case by default. */
    readonly per?: "case" | "block";
    /** Inputs of the access node beside those that its server needs. */
    readonly accessValues?: Values;
    /** Inputs of each data node beside those that its server needs. */
    readonly nodeValues?: Values;
}

/** The running servers, and what stands on them. Its functions may be taken out of it. */
export interface ClusterInUse extends TestCluster {
    readonly live: LiveCluster;
    /** A resource for each data node, dn1 first. */
    readonly dataNodes: readonly LiveResource[];
    /** Rows of a statement in the cluster's database on the access node. */
    readonly sql: <Row extends object>(text: string, values?: readonly unknown[]) => Promise<Row[]>;
    /** Rows of a statement on the data node of that index, in the cluster's database unless another one is named. */
    readonly onNode: <Row extends object>(index: number, text: string, database?: string) => Promise<Row[]>;
    /** The server of the data node of that index. */
    readonly serverOf: (index: number) => TestCluster["access"];
    /** What every server holds, the access node's first. */
    readonly residue: () => Promise<Residue[]>;
    /** Asserts that the servers hold what they held then: before the first case unless told otherwise. */
    readonly expectNothingLeft: (since?: readonly Residue[]) => Promise<void>;
}

/** Starts the servers of the block, builds what it needs, and in the end compares what is left, and stops them. */
export function withCluster(kind: ServerKind, needs: ClusterNeeds = {}): ClusterInUse {
    const { database = "cluster", built = "nothing", per = "case", nodes: count = 2, settings = {} } = needs;
    const { start = () => startCluster(kind, { nodes: count, settings }), prepare, accessValues, nodeValues } = needs;
    let started: TestCluster | undefined;
    let before: readonly Residue[] = [];

    const servers = (): TestCluster => {
        if (started === undefined) {
            throw new Error("the servers do not run yet: use them in a hook or a case");
        }
        return started;
    };
    const serverOf = (index: number): TestCluster["access"] => {
        const server = servers().nodes[index];
        if (server === undefined) {
            throw new Error(`the test cluster has no data node ${index}`);
        }
        return server;
    };
    const residue = async (): Promise<Residue[]> => {
        await closePools();
        return Promise.all(servers().all.map(residueOf));
    };
    const expectNothingLeft = async (since = before): Promise<void> => {
        const after = await residue();
        // What a failed case leaves must not fail the next one.
        for (const server of isDeepStrictEqual(after, since) || since !== before ? [] : servers().all) {
            await query(server, "postgres", `DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`);
        }
        expectNoResidue(since, after);
    };

    const cluster: ClusterInUse = {
        kind,
        get access() {
            return servers().access;
        },
        get nodes() {
            return servers().nodes;
        },
        get all() {
            return servers().all;
        },
        stop: () => servers().stop(),
        get live() {
            return live;
        },
        get dataNodes() {
            return dataNodes;
        },
        sql: (text, values) => query(servers().access, database, text, values),
        onNode: (index, text, other = database) => query(serverOf(index), other, text),
        serverOf,
        residue,
        expectNothingLeft,
    };
    const live = new LiveCluster(cluster, database);
    const dataNodes = Array.from({ length: count }, (_, index) => live.node(index));

    async function build(): Promise<void> {
        if (built !== "nothing") {
            await live.access.create(live.accessValues(accessValues));
        }
        for (const [index, node] of built === "data nodes" ? dataNodes.entries() : []) {
            await node.create(live.nodeValues(index, nodeValues));
        }
    }

    async function remove(): Promise<void> {
        await restartDead(servers());
        for (const node of dataNodes) {
            await deleteIfThere(node);
        }
        if (per === "case" && live.access.id !== undefined && built !== "nothing") {
            await live.access.update(live.accessValues({ ...accessValues, forceDestroy: true }));
        }
        await deleteIfThere(live.access);
    }

    beforeAll(async () => {
        started = await start();
        await prepare?.(started);
        before = await residue();
        await (per === "block" ? build() : undefined);
    }, START_TIMEOUT_MS);

    if (per === "case") {
        beforeEach(build, START_TIMEOUT_MS);
        afterEach(async () => {
            await remove().finally(() => expectNothingLeft());
        }, START_TIMEOUT_MS);
    }

    afterAll(async () => {
        try {
            await (per === "block" && started ? remove().finally(() => expectNothingLeft()) : closePools());
        } finally {
            await started?.stop();
        }
    }, START_TIMEOUT_MS);

    return cluster;
}

async function deleteIfThere(resource: LiveResource): Promise<void> {
    if (resource.id !== undefined) {
        await resource.delete();
    }
}

/** A case may have killed a server, and failed before it started it again. */
async function restartDead({ kind, all }: TestCluster): Promise<void> {
    for (const server of kind.given ? [] : all) {
        if (server.pid() === undefined) {
            await server.restart();
        }
    }
}
