import { createHash } from "node:crypto";
import { ProviderError } from "../../../../provider/errors";
import { dataNode } from "../../../../provider/engines/fdw";
import type { ObservedDataNode } from "../../../../provider/engines/fdw/dataNode/observe";
import { recorded, type Mutable } from "./recorded";

const newId = "22222222-2222-4222-8222-222222222222";
type Observed = Mutable<ObservedDataNode>;

const names = (plan: { steps: readonly { name: string }[] }): string[] => plan.steps.map(({ name }) => name);
const dead = {
    reachable: false as const,
    cause: new ProviderError("SERVER_UNREACHABLE", "refused", { transient: true }),
};

function nodeOf(observed: Observed): Extract<Observed["node"], { reachable: true }> {
    if (!observed.node.reachable) {
        throw new Error("the recorded node answers");
    }
    return observed.node;
}

function serverOf(observed: Observed): NonNullable<Observed["access"]>["catalogue"]["servers"][number] {
    const server = observed.access?.catalogue.servers[0];
    if (server?.name !== "dn1") {
        throw new Error("dn1 was recorded");
    }
    return server;
}

/** The access node without the data node, and an empty server. */
function nothing(observed: Observed): Observed {
    const { access } = observed;
    const node = {
        ...nodeOf(observed),
        database: { database: undefined, provisional: undefined },
        marked: [],
        holding: [],
    };
    access!.catalogue.servers.shift();
    access!.shards = [];
    return { access, node };
}

describe("plan of a data node", () => {
    it("makes the database, then the server and the mapping, where there is nothing", () => {
        const { inputs, observed } = recorded("dataNode");
        const plan = dataNode.plan(nothing(observed), { inputs, newId });
        expect(names(plan)).toEqual([
            "create database metrics",
            "mark database metrics",
            expect.stringMatching(/^rename database .* to metrics$/),
            "create server dn1",
            "mark server dn1",
            "create user mapping for postgres on dn1",
            "try user mapping for postgres on dn1",
        ]);
        expect(plan.steps[0]?.sql).toContain("ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'");
        expect(plan.steps.map(({ on }) => on.server)).toEqual(["dn1", "dn1", "dn1", ...Array(4).fill("access node")]);
    });

    it("marks the password as secret, and names it in no reason", () => {
        const { inputs, observed } = recorded("dataNode");
        const { steps } = dataNode.plan(nothing(observed), { inputs, newId });
        expect(steps.map(({ why }) => why).join()).not.toContain("secret-dn1");
        expect(steps.map(({ sql }) => sql).join()).not.toContain("secret-dn1");
        const carrying = steps.filter(({ secrets = {} }) => Object.values(secrets).includes("secret-dn1"));
        expect(names({ steps: carrying })).toEqual(["create user mapping for postgres on dn1"]);
    });

    it("is empty where everything is there", () => {
        const { inputs, outs, observed } = recorded("dataNode");
        expect(dataNode.plan(observed, { inputs, last: outs, newId })).toEqual({ steps: [], warnings: [] });
        expect(dataNode.plan(observed, { inputs, newId })).toEqual({ steps: [], warnings: [] });
    });

    it("goes on with a node that has its database and no server", () => {
        const { inputs, observed } = recorded("dataNode");
        const node = observed.node;
        const half = { ...nothing(observed), node };
        expect(names(dataNode.plan(half, { inputs, newId }))).toEqual([
            "create server dn1",
            "mark server dn1",
            "create user mapping for postgres on dn1",
            "try user mapping for postgres on dn1",
        ]);
    });

    it.each([
        ["host", { host: "10.0.0.9" }, `SET "host" '10.0.0.9'`],
        ["port", { port: 6000 }, `SET "port" '6000'`],
        ["an option", { serverOptions: { sslmode: "require" } }, `ADD "sslmode" 'require'`],
    ])("alters the server for another %s", (_title, change, clause) => {
        const { inputs, outs, observed } = recorded("dataNode");
        const plan = dataNode.plan(observed, { inputs: { ...inputs, ...change }, last: outs, newId });
        expect(plan.steps.map(({ sql }) => sql)).toEqual([`ALTER SERVER "dn1" OPTIONS (${clause})`]);
    });

    it("alters the mapping for another user or password, and for a password that somebody changed", () => {
        const { inputs, outs, observed } = recorded("dataNode");
        const sql = (change: object): string[] =>
            dataNode
                .plan(observed, { inputs: { ...inputs, ...change }, last: outs, newId })
                .steps.map(({ sql, secrets = {} }) => [sql, ...Object.values(secrets)].join());
        const head = 'ALTER USER MAPPING FOR "postgres" SERVER "dn1" OPTIONS';
        expect(sql({ password: "other" })).toEqual([
            expect.stringMatching(/"user" ''postgres'', SET "password" ' .*,other$/s),
            expect.stringContaining("pulumi_timescaledb_probe"),
        ]);
        expect(sql({ password: undefined })[0]).toContain(`${head} (SET "user" 'postgres', DROP "password")`);
        expect(sql({ user: "app" })[0]).toContain(`SET "user" ''app''`);
        expect(sql({ password: "other", available: false }).join()).not.toContain("pulumi_timescaledb_probe");
        serverOf(observed).mappings[0]!.passwordHash = createHash("sha256").update("by hand").digest("hex");
        expect(sql({})[0]).toMatch(/SET "password" ' .*,secret-dn1$/s);
    });

    it("has functions of timescaledb sent as soon as both sides have it", () => {
        const { inputs, outs, observed } = recorded("dataNode");
        nodeOf(observed).timescaledb = "2.27.0";
        observed.access!.catalogue.extensions.timescaledb = "2.27.0";
        expect(dataNode.plan(observed, { inputs, last: outs, newId }).steps[0]?.sql).toBe(
            `ALTER SERVER "dn1" OPTIONS (ADD "extensions" 'timescaledb')`,
        );
    });

    it("installs timescaledb where the node can have it, and never with bootstrap: false", () => {
        const { inputs, outs, observed } = recorded("dataNode");
        nodeOf(observed).facts.timescaledbAvailable = "2.27.0";
        expect(names(dataNode.plan(observed, { inputs, last: outs, newId }))).toEqual(["create extension timescaledb"]);
        const prepared = { ...inputs, bootstrap: false };
        expect(names(dataNode.plan(observed, { inputs: prepared, last: outs, newId }))).toEqual([]);
    });

    it("detaches the shards of a node that is not available, without asking it, and attaches them again", () => {
        const { inputs, outs, observed } = recorded("dataNode");
        const away = { ...inputs, available: false };
        const plan = dataNode.plan({ ...observed, node: dead }, { inputs: away, last: outs, newId });
        expect(names(plan)).toEqual([
            "mark server dn1",
            ...["s0", "s0_last", "s2", "s2_last"].map((shard) => `detach partition plant.conditions_${shard}`),
        ]);
        expect(new Set(plan.steps.map(({ transaction }) => transaction)).size).toBe(1);

        serverOf(observed).marker!.available = false;
        const parents = observed.access!.shards.map((shard) => ({
            ...shard.parent!,
            kind: "p",
            marker: { ...shard.marker!, part: shard.parent!.name === "conditions" ? "table" : "last table" },
        }));
        observed.access!.shards.forEach((shard) => (shard.parent = null));
        observed.access!.parents = parents;
        const back = dataNode.plan(observed, { inputs, last: { ...outs, available: false }, newId });
        expect(back.steps.map(({ sql }) => sql)).toContain(
            'ALTER TABLE "plant"."conditions" ATTACH PARTITION "plant"."conditions_s2" FOR VALUES WITH (MODULUS 4, REMAINDER 2)',
        );
        expect(back.steps.map(({ sql }) => sql)).toContain(
            'ALTER TABLE "plant"."conditions_last" ATTACH PARTITION "plant"."conditions_s2_last" FOR VALUES WITH (MODULUS 4, REMAINDER 2)',
        );
    });

    it("refuses what belongs to others", () => {
        const { inputs, observed } = recorded("dataNode");
        const other = { ...inputs, logicalUrn: "urn:other" };
        expect(() => dataNode.plan(observed, { inputs: other, newId })).toThrow(/belongs to urn:dn1.*ALREADY_EXISTS/);
        nodeOf(observed).database.database!.marker!.cluster = newId;
        expect(() => dataNode.plan(observed, { inputs: other, newId })).toThrow(/FOREIGN_CLUSTER/);
        expect(() =>
            dataNode.plan(observed, { inputs: { ...inputs, accessNode: { ...inputs.accessNode, id: newId } }, newId }),
        ).toThrow(/is cluster 11111111.*FOREIGN_CLUSTER/);
    });

    it("refuses a database that is a data node under another name already", () => {
        const { inputs, observed } = recorded("dataNode");
        expect(() => dataNode.plan(observed, { inputs: { ...inputs, nodeName: "dn9" }, newId })).toThrow(
            /is data node "dn1" already.*NODE_IN_USE/,
        );
    });

    it("needs the database that it is not to make", () => {
        const { inputs, observed } = recorded("dataNode");
        const request = { inputs: { ...inputs, bootstrap: false }, newId };
        expect(() => dataNode.plan(nothing(observed), request)).toThrow(/NOT_FOUND/);
    });

    it("needs the node to answer, and may be tried again", () => {
        const { inputs, outs, observed } = recorded("dataNode");
        expect(() => dataNode.plan({ ...observed, node: dead }, { inputs, last: outs, newId })).toThrow(
            expect.objectContaining({ code: "SERVER_UNREACHABLE", transient: true }) as Error,
        );
    });
});

describe("planDelete of a data node", () => {
    it("takes the node off the access node before it drops the database", () => {
        const { inputs, outs, observed } = recorded("dataNode");
        observed.access!.shards = [];
        expect(dataNode.planDelete(observed, { inputs, last: outs, newId }).steps.map(({ sql }) => sql)).toEqual([
            'DROP USER MAPPING FOR "postgres" SERVER "dn1"',
            'DROP SERVER "dn1"',
            'DROP DATABASE IF EXISTS "metrics" WITH (FORCE)',
        ]);
    });

    it("refuses while shards hold rows", () => {
        const { inputs, outs, observed } = recorded("dataNode");
        nodeOf(observed).holding = ["plant.conditions_s0"];
        expect(() => dataNode.planDelete(observed, { inputs, last: outs, newId })).toThrow(
            /plant\.conditions_s0.*LAST_COPY/,
        );
        const drained = { ...inputs, drainOnDelete: true };
        expect(() => dataNode.planDelete(observed, { inputs: drained, last: outs, newId })).toThrow(/NOT_SUPPORTED/);
        const forced = { ...inputs, forceDestroy: true };
        expect(names(dataNode.planDelete(observed, { inputs: forced, last: outs, newId }))).toContain(
            "drop server dn1",
        );
    });

    it("refuses while tables of others are there", () => {
        const { inputs, outs, observed } = recorded("dataNode");
        nodeOf(observed).foreignObjects = ['table "public.users"'];
        expect(() => dataNode.planDelete(observed, { inputs, last: outs, newId })).toThrow(/HOLDS_OTHER_OBJECTS/);
    });

    it("goes past a node that is gone for good with forceDestroy only, and says what stays", () => {
        const { inputs, outs, observed } = recorded("dataNode");
        const gone = { ...observed, node: dead };
        expect(() => dataNode.planDelete(gone, { inputs, last: outs, newId })).toThrow(/SERVER_UNREACHABLE/);
        const plan = dataNode.planDelete(gone, { inputs: { ...inputs, forceDestroy: true }, last: outs, newId });
        expect(plan.steps.every(({ on }) => on.server === "access node")).toBe(true);
        expect(plan.warnings).toEqual([
            "could not clean up data node dn1 (127.0.0.1:5431 does not answer): database metrics stays there",
        ]);
    });

    it("keeps a database that was there before, without what is ours in it", () => {
        const { inputs, outs, observed } = recorded("dataNode");
        nodeOf(observed).database.database!.marker!.adopted = true;
        const plan = dataNode.planDelete(observed, { inputs, last: outs, newId });
        const onNode = plan.steps.filter(({ on }) => on.server === "dn1").map(({ sql }) => sql);
        expect(onNode).toContain('DROP TABLE "plant"."conditions_s0"');
        expect(onNode.at(-1)).toBe('COMMENT ON DATABASE "metrics" IS NULL');
        expect(onNode.findIndex((sql) => sql.includes("_s0_v"))).toBeLessThan(
            onNode.indexOf('DROP TABLE "plant"."conditions_s0"'),
        );
    });

    it("touches nothing that bears another mark, and nothing where all is gone", () => {
        const { inputs, outs, observed } = recorded("dataNode");
        const other = { ...inputs, logicalUrn: "urn:other" };
        const last = { ...outs, logicalUrn: "urn:other" };
        expect(dataNode.planDelete(observed, { inputs: other, last, newId }).steps).toEqual([]);
        expect(dataNode.planDelete(nothing(observed), { inputs, last: outs, newId }).steps).toEqual([]);
    });
});

describe("describe of a data node", () => {
    it("says what create made", () => {
        const { inputs, outs, observed } = recorded("dataNode");
        const { inputs: found, computed } = dataNode.describe(observed, { inputs, last: outs, newId });
        expect(JSON.parse(JSON.stringify({ ...found, ...computed }))).toEqual(outs);
    });

    it("shows what somebody changed", () => {
        const { inputs, outs, observed } = recorded("dataNode");
        const server = serverOf(observed);
        server.options = { ...server.options, host: "elsewhere", fetch_size: "5", sslmode: "require" };
        server.marker!.available = false;
        server.mappings[0]!.remoteRole = "app";
        server.mappings[0]!.passwordHash = null;
        expect(dataNode.describe(observed, { inputs, last: outs, newId }).inputs).toMatchObject({
            host: "elsewhere",
            serverOptions: { fetch_size: "5", sslmode: "require" },
            available: false,
            user: "app",
            password: undefined,
        });
    });

    it("does without a node that does not answer", () => {
        const { inputs, outs, observed } = recorded("dataNode");
        const found = dataNode.describe({ ...observed, node: dead }, { inputs, last: outs, newId });
        expect(found.computed.created).toEqual({ database: true });
    });
});
