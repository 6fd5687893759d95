/** What an engine cannot do is told by check where the program names the engine. */
import { dataNode, distributedHypertable } from "../../../provider/handlers";
import { UNKNOWN } from "../../../provider/validation/unknown";
import { dataNodeInputs, hypertableInputs } from "../../support/programInputs";

type Values = Record<string, unknown>;

const withEngine = (inputs: Values, engine: unknown): Values => ({
    ...inputs,
    accessNode: { ...(inputs.accessNode as Values), engine },
});

const failuresOf = async (more: Values, engine: unknown): Promise<string[]> =>
    (await distributedHypertable.check({}, withEngine(hypertableInputs(more), engine))).failures.map(
        ({ property, reason }) => `${property}: ${reason}`,
    );

const FDW = "with the engine fdw, got";
const CHUNKS = "chunks are the data nodes' own matter";

const LIMITS: readonly (readonly [what: string, more: Values, failure: string])[] = [
    [
        "copies of rows",
        { replicationFactor: 2 },
        `replicationFactor: expected 1 ${FDW} 2: each row is in one shard, on one data node`,
    ],
    [
        "no partitioning column",
        { partitioningColumn: undefined },
        `partitioningColumn: expected a column ${FDW} nothing: shards are told apart by a hash of it`,
    ],
    [
        "a table that is there already",
        { columns: undefined },
        `columns: expected the table's columns ${FDW} nothing: shards are made from them`,
    ],
    [
        "a function that places rows",
        { partitioningFunc: "f" },
        `partitioningFunc: expected none ${FDW} "f": rows are placed by PostgreSQL's own hash function`,
    ],
    [
        "a function that makes times",
        { timePartitioningFunc: "f" },
        `timePartitioningFunc: expected none ${FDW} "f": the time column itself is the dimension of a shard`,
    ],
    [
        "a schema of the chunks",
        { associatedSchemaName: "chunks" },
        `associatedSchemaName: expected none ${FDW} "chunks": ${CHUNKS}`,
    ],
    [
        "a prefix of the chunks",
        { associatedTablePrefix: "c" },
        `associatedTablePrefix: expected none ${FDW} "c": ${CHUNKS}`,
    ],
];

it.each(LIMITS)("the engine fdw, named by the program, has no %s", async (_what, more, failure) => {
    expect(await failuresOf(more, "fdw")).toEqual([failure]);
});

it.each(LIMITS)(
    "%s is left to the server where it chooses the engine, or the engine is multinode",
    async (_what, more) => {
        for (const engine of [undefined, "auto", UNKNOWN, "multinode"]) {
            expect(await failuresOf(more, engine)).toEqual([]);
        }
    },
);

it("the engine fdw, named by the program, takes no rows along, with columns or without", async () => {
    const limit =
        `migrateData: expected false ${FDW} true: it does not take over the rows of a table; ` +
        "rename the table, and copy them with INSERT ... SELECT";
    expect(await failuresOf({ migrateData: true }, "fdw")).toContain(limit);
    expect(await failuresOf({ migrateData: true, columns: undefined }, "fdw")).toContain(limit);
    expect(await failuresOf({ migrateData: true, columns: undefined }, "multinode")).toEqual([]);
});

it("tells all limits at once, and none of what is not known yet", async () => {
    const all = Object.assign({}, ...LIMITS.map(([, more]) => more)) as Values;
    expect(await failuresOf(all, "fdw")).toHaveLength(LIMITS.length);
    const unknown = Object.fromEntries(Object.keys(all).map((name) => [name, UNKNOWN]));
    expect(await failuresOf(unknown, "fdw")).toEqual([]);
});

it("keeps the engine out of the inputs, so that naming it later changes no resource", async () => {
    for (const [handler, inputs] of [
        [distributedHypertable, hypertableInputs()],
        [dataNode, dataNodeInputs()],
    ] as const) {
        const unnamed = await handler.check({}, inputs);
        const named = await handler.check({}, withEngine(inputs, "fdw"));
        expect(named).toEqual(unnamed);
        expect(named.failures).toEqual([]);
    }
});

it("refuses an engine that there is not", async () => {
    const { failures } = await distributedHypertable.check({}, withEngine(hypertableInputs(), "citus"));
    expect(failures).toEqual([
        { property: "", reason: 'accessNode.engine: expected one of "auto", "multinode", "fdw", got "citus"' },
    ]);
});
