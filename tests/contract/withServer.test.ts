import { version } from "@pulumi/pulumi/package.json";
import { DynamicProvider, type CallError, type Values } from "../support/dynamicProvider";
import { startEngineLog, type EngineLog } from "../support/engineLog";
import { HANDLER_TEXTS } from "../support/loaderTexts";
import { query } from "../support/query";
import { newestFdwServer, skipReasons, START_TIMEOUT_MS, startCluster, type TestCluster } from "../support/servers";

jest.setTimeout(60_000);

const kind = newestFdwServer;
const describeServer = kind === undefined ? describe.skip : describe;

/** An older SDK does not hand the inputs on that a read answers with: drift is then seen in the outputs only. */
const readTellsInputs = Number(version.split(".")[1]) >= 216;

type Name = keyof typeof HANDLER_TEXTS;

const failure = (work: Promise<unknown>): Promise<CallError> =>
    work.then(
        () => Promise.reject(new Error("it did not fail")),
        (error: unknown) => error as CallError,
    );

describeServer(`on ${kind?.name ?? `a server (skipped: ${skipReasons.fdw})`}, the SDK's process`, () => {
    let cluster: TestCluster;
    let engine: EngineLog;
    let provider: DynamicProvider;

    beforeAll(async () => {
        if (kind !== undefined) {
            cluster = await startCluster(kind, { nodes: 1 });
        }
        engine = await startEngineLog();
        provider = await DynamicProvider.start(engine.address);
    }, START_TIMEOUT_MS);

    afterAll(async () => {
        await provider.stop();
        engine.stop();
        await cluster.stop();
    });

    const checked = async (name: Name, values: Values): Promise<Values> => {
        const all = { logicalUrn: `urn:contract::${name}`, ...values, __provider: HANDLER_TEXTS[name] };
        const { inputs, failures } = await provider.check({}, all);
        expect(failures).toEqual([]);
        return inputs;
    };

    const connectionTo = ({ host, port, user, password }: TestCluster["access"]): Values => ({
        host,
        port,
        user,
        password,
    });

    const accessNodeValues = (more: Values = {}): Values => ({
        connection: connectionTo(cluster.access),
        database: "contract",
        engine: "fdw",
        ...more,
    });

    /** The whole life of one resource's state in the process. */
    async function live(name: Name, values: Values): Promise<{ id: string; inputs: Values; state: Values }> {
        const inputs = await checked(name, values);
        const { id, outs } = await provider.create(inputs);
        expect(outs).toMatchObject({ ...inputs, schemaVersion: 1, engine: "fdw" });
        const read = await provider.read(id, outs);
        expect(read).toEqual({ id, props: outs, inputs: readTellsInputs ? inputs : {} });
        await expect(provider.diff(id, outs, inputs)).resolves.toEqual({
            changes: "DIFF_UNKNOWN",
            replaces: [],
            deleteBeforeReplace: false,
        });
        return { id, inputs, state: outs };
    }

    it("creates, reads, updates and deletes every resource", async () => {
        const node = cluster.nodes[0];
        const access = await live("accessNode", accessNodeValues());
        const accessNode = { id: access.id, connection: access.inputs.connection, database: "contract" };
        const dataNode = await live("dataNode", {
            accessNode,
            nodeName: "dn1",
            host: node?.host,
            port: node?.port,
            user: node?.user,
            password: node?.password,
            connection: connectionTo(node as TestCluster["access"]),
        });
        const { host, port, user, password, connection } = dataNode.inputs;
        const table = {
            accessNode,
            tableName: "conditions",
            columns: [
                { name: "time", type: "timestamptz", nullable: false },
                { name: "device", type: "int" },
                { name: "temp", type: "float8" },
            ],
            timeColumn: "time",
            partitioningColumn: "device",
            numberPartitions: 2,
            dataNodes: ["dn1"],
            nodes: { dn1: { host, port, user, password, connection } },
        };
        const hypertable = await live("distributedHypertable", table);
        expect([access.id, dataNode.id, hypertable.id]).toEqual([
            access.state.clusterId,
            `${access.id}/dn1`,
            `${access.id}/public.conditions`,
        ]);

        await query(cluster.access, "contract", "INSERT INTO conditions VALUES (now(), 1, 20.5)");
        const grown = await checked("distributedHypertable", {
            ...table,
            columns: [...table.columns, { name: "humidity", type: "float8" }],
            forceDestroy: true,
        });
        const updated = await provider.update(hypertable.id, hypertable.state, grown);
        await expect(provider.read(hypertable.id, updated)).resolves.toMatchObject({
            id: hypertable.id,
            props: updated,
        });
        const rows = await query(cluster.access, "contract", "SELECT device, humidity FROM conditions");
        expect(rows).toEqual([{ device: 1, humidity: null }]);

        await provider.delete(hypertable.id, updated);
        await expect(provider.read(hypertable.id, updated)).resolves.toMatchObject({ id: "" });
        await provider.delete(hypertable.id, updated);
        await provider.delete(dataNode.id, dataNode.state);
        await provider.delete(access.id, access.state);
        const left = await query(cluster.access, "postgres", "SELECT FROM pg_database WHERE datname = 'contract'");
        expect(left).toEqual([]);
    });

    it("says that a password is wrong without showing it", async () => {
        const connection = { ...connectionTo(cluster.access), password: "hunter2" };
        const error = await failure(provider.create(await checked("accessNode", accessNodeValues({ connection }))));
        expect(error.message).toContain("[AUTHENTICATION_FAILED]");
        expect(error.message).not.toContain("hunter2");
        expect(error.halfMade).toBeUndefined();
    });

    it("leaves a half-made resource with its loader text and reason, finishes it, and tells of long work in its row", async () => {
        const access = await live("accessNode", accessNodeValues({ database: "halfmade" }));
        const node = cluster.nodes[0] as TestCluster["access"];
        const values = {
            accessNode: { id: access.id, connection: access.inputs.connection, database: "halfmade" },
            nodeName: "dn1",
            host: node.host,
            port: node.port,
            user: node.user,
            password: node.password,
            connection: connectionTo(node),
        };
        const inputs = await checked("dataNode", values);
        await query(
            cluster.access,
            "halfmade",
            `CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS
                 $$BEGIN RAISE EXCEPTION 'not today, %', '${node.password}'; END$$;
             CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE SERVER') EXECUTE FUNCTION refuse()`,
        );
        const { message, halfMade } = await failure(provider.create(inputs));
        expect(message).toMatch(/^could not finish data node "dn1".*not today, \[secret\]/s);
        expect(halfMade).toEqual({
            id: `${access.id}/dn1`,
            reasons: [message],
            properties: {
                ...inputs,
                engine: "fdw",
                clusterId: access.id,
                created: { database: true },
                schemaVersion: 1,
                incomplete: expect.stringContaining("not today, [secret]") as string,
            },
        });
        const { id, properties } = halfMade as NonNullable<typeof halfMade>;
        await expect(provider.diff(id, properties, inputs)).resolves.toMatchObject({
            changes: "DIFF_SOME",
            replaces: [],
        });
        await query(
            cluster.access,
            "halfmade",
            `CREATE OR REPLACE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS
                 $$BEGIN PERFORM pg_sleep(2.1); END$$`,
        );
        const finished = await provider.update(id, properties, inputs);
        expect(finished).not.toHaveProperty("incomplete");
        expect(
            engine.lines.filter(({ urn, severity }) => urn === "urn:contract::dataNode" && severity === "info"),
        ).toEqual([
            {
                severity: "info",
                text: expect.stringMatching(/^2\/\d+ mark server \S+ \(/) as string,
                urn: "urn:contract::dataNode",
                ephemeral: true,
            },
        ]);
        await query(cluster.access, "halfmade", "DROP EVENT TRIGGER refuse; DROP FUNCTION refuse()");
        await provider.delete(id, finished);
        await provider.delete(access.id, access.state);
    });

    it("shows no password and no stack in anything that it wrote", () => {
        const wrote = [...provider.lines, ...engine.lines.map(({ text }) => text)].join("\n");
        for (const { password } of cluster.all) {
            expect(wrote).not.toContain(password);
        }
        expect(wrote).not.toMatch(/^\s+at /m);
    });
});
