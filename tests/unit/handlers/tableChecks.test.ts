/** What the inputs of a DistributedHypertable prove together: each refusal, and what is nearly the same and accepted. */
import { distributedHypertable } from "../../../provider/handlers";
import { UNKNOWN } from "../../../provider/validation/unknown";
import { hypertableInputs } from "../../support/programInputs";

type Values = Record<string, unknown>;
type Case = readonly [what: string, bad: Values, failures: readonly string[], near: readonly Values[]];

async function failuresOf(more: Values): Promise<string[]> {
    const { failures } = await distributedHypertable.check({}, hypertableInputs(more));
    return failures.map(({ property, reason }) => (property === "" ? reason : `${property}: ${reason}`));
}

/** A table whose time column has this type. */
const timed = (type: string, more: Values = {}): Values => ({
    columns: [
        { name: "time", type },
        { name: "device", type: "int" },
        { name: "Temp", type: "float8" },
    ],
    ...more,
});
const indexed = (...indexes: Values[]): Values => ({ indexes });
const unique = (...columns: string[]): Values => indexed({ columns, unique: true });
const typed = (type: string): Values =>
    timed("date", { columns: [{ name: "time", type }], partitioningColumn: undefined });
const piece = (part: string, value: string): Values => ({
    columns: [
        { name: "time", type: "date" },
        { name: "device", type: "int" },
        { name: "a", type: "int", [part]: value },
    ],
});

const DIMENSIONS = "a column of a timestamp, date or integer type";
const WITH_KEY = "expected the partitioning column device among the columns";
const DEFAULT_COLUMNS = "expected one of the columns time, device, temp";

const CASES: readonly Case[] = [
    [
        "one column for both dimensions",
        { partitioningColumn: "time" },
        ["partitioningColumn: expected another column than the time column, got time"],
        [{ partitioningColumn: "device" }, { partitioningColumn: UNKNOWN }],
    ],
    [
        "one column for both dimensions of a table that exists",
        { columns: undefined, partitioningColumn: "time" },
        ["partitioningColumn: expected another column than the time column, got time"],
        [{ columns: undefined, partitioningColumn: "Time" }],
    ],
    ...["text", "VARCHAR(20)", "double precision", "numeric(10, 2)", "uuid", "timestamptz[]", "int8 [2]", "jsonb"].map(
        (type): Case => [
            `${type} as time`,
            timed(type),
            [`timeColumn: expected ${DIMENSIONS}, got time of type ${type}`],
            [
                timed("timestamptz"),
                timed("timestamp(3) with time zone"),
                timed("TIMESTAMP (6)"),
                timed("pg_catalog.timestamptz"),
                timed("date"),
                timed('"text"'),
                timed("app.event_time"),
                timed("event_time"),
                timed(type, { timePartitioningFunc: "to_time" }),
                timed(type, { timeColumn: UNKNOWN }),
            ],
        ],
    ),
    ...["int", "bigint", "INT8", "smallint", "bigserial", "pg_catalog.int8"].map((type): Case => [
        `${type} as time without an interval`,
        timed(type),
        [`chunkTimeInterval: expected a whole number, in the column's units, for the ${type} column time, got nothing`],
        [
            timed(type, { chunkTimeInterval: 1000 }),
            timed(type, { chunkTimeInterval: UNKNOWN }),
            timed(type, { timePartitioningFunc: "to_time" }),
            timed("unix_time"),
        ],
    ]),
    [
        "an interval of days for an integer",
        timed("bigint", { chunkTimeInterval: "7 days" }),
        [`chunkTimeInterval: expected a whole number, in the column's units, for the bigint column time, got "7 days"`],
        [
            timed("bigint", { chunkTimeInterval: 604_800 }),
            { columns: undefined, chunkTimeInterval: "7 days" },
            timed("unix_time", { chunkTimeInterval: "7 days" }),
        ],
    ],
    ...[
        ["timestamptz", 86_400_000_000, "86400000000"] as const,
        ["date", 7, "7"] as const,
        ["timestamp", 1, "1"] as const,
    ].map(([type, interval, shown]): Case => [
        `a number as the interval of a ${type}`,
        timed(type, { chunkTimeInterval: interval }),
        [`chunkTimeInterval: expected an interval such as "7 days" for the ${type} column time, got ${shown}`],
        [
            timed(type, { chunkTimeInterval: "1 day" }),
            timed("event_time", { chunkTimeInterval: interval }),
            { columns: undefined, chunkTimeInterval: interval },
        ],
    ]),
    [
        "an interval that a smallint does not hold",
        timed("smallint", { chunkTimeInterval: 32_768 }),
        ["chunkTimeInterval: expected at most 32767 for the smallint column time, got 32768"],
        [timed("smallint", { chunkTimeInterval: 32_767 }), timed("int", { chunkTimeInterval: 32_768 })],
    ],
    [
        "a number that JavaScript rounds",
        timed("bigint", { chunkTimeInterval: 2 ** 60 }),
        [expect.stringMatching(/^chunkTimeInterval: .* JavaScript hold exactly, got 1152921504606847000$/) as string],
        [
            timed("bigint", { chunkTimeInterval: Number.MAX_SAFE_INTEGER }),
            timed("bigint", { chunkTimeInterval: 31_536_000_000_000_000 }),
        ],
    ],
    [
        "a number that a bigint does not hold",
        timed("bigint", { chunkTimeInterval: 10_000_000_000_000_000_000 }),
        [expect.stringMatching(/^chunkTimeInterval: .* got 10000000000000000000$/) as string],
        [timed("bigint", { chunkTimeInterval: 9_000_000_000_000_000_000 })],
    ],
    [
        "a unique index without the partitioning column",
        unique("time", "temp"),
        [`indexes: ${WITH_KEY} of a unique index, got time, temp`],
        [
            unique("time", "device"),
            unique("time", "device DESC NULLS LAST"),
            unique("time", '"device" ASC'),
            unique("time", "DEVICE int4_ops"),
            unique("time", "(device) desc"),
            indexed({ columns: ["time", "temp"] }),
            { ...unique("time", "temp"), partitioningColumn: UNKNOWN },
            { ...unique("time", "device"), columns: undefined },
            unique("time", UNKNOWN),
        ],
    ],
    [
        "a unique index with no more than an expression of the partitioning column",
        unique("time", "abs(device)"),
        [`indexes: ${WITH_KEY} of a unique index, got time, abs(device)`],
        [unique("time", "abs(device)", "device")],
    ],
    [
        "an index on a column that is missing",
        indexed({ columns: ["time DESC", "humidity"] }),
        [`indexes: ${DEFAULT_COLUMNS}, got humidity`],
        [
            indexed({ columns: ["time DESC", "temp"] }),
            indexed({ columns: ["TIME desc"] }),
            indexed({ columns: ["lower(humidity)"] }),
            indexed({ columns: ["(humidity + 1)"] }),
            { columns: undefined, ...indexed({ columns: ["humidity"] }) },
            timed("date", indexed({ columns: ["Temp DESC", '"Temp"'] })),
        ],
    ],
    [
        "an index on a column in other letters",
        timed("date", indexed({ columns: ["temp", '"Device"'] })),
        [
            "indexes: expected one of the columns time, device, Temp, got temp",
            'indexes: expected one of the columns time, device, Temp, got "Device"',
        ],
        [timed("date", indexed({ columns: ["Temp", "Device"] }))],
    ],
    [
        "an element of an index that ends the list",
        indexed({ columns: ["abs(temp)) INCLUDE (device"] }),
        ['indexes: expected a column\'s name, or an expression, got "abs(temp)) INCLUDE (device": a ) has no partner'],
        [indexed({ columns: ["abs(temp)"] }), indexed({ columns: ["(')')"] })],
    ],
    [
        "two indexes of one name",
        indexed({ name: "i", columns: ["time"] }, { name: "i", columns: ["temp"] }),
        ['indexes[1]: expected each only once, got "i" at 0 and 1'],
        [
            indexed({ name: "i", columns: ["time"] }, { name: "I", columns: ["time"] }),
            indexed({ name: UNKNOWN, columns: ["time"] }, { name: UNKNOWN, columns: ["time"] }),
        ],
    ],
    [
        "one index twice",
        indexed({ columns: ["temp"] }, { columns: ["temp"] }),
        ['indexes[1]: expected each only once, got {"columns":["temp"]} at 0 and 1'],
        [
            indexed({ columns: ["temp"] }, { columns: ["temp"], method: "hash" }),
            indexed({ columns: [UNKNOWN] }, { columns: [UNKNOWN] }),
        ],
    ],
    [
        "rows to take along into a table that is made",
        { migrateData: true },
        [
            "migrateData: expected false where columns are given, got true: it takes the rows of a table that exists, and columns make a new one",
        ],
        [{ migrateData: true, columns: undefined }, { migrateData: true, columns: UNKNOWN }, { migrateData: false }],
    ],
    ...[
        ["date DEFAULT now()", "write the default into the column's `default`"],
        ["int CHECK (a > 0)", "write the condition into the column's `check`"],
        ['text COLLATE "C"', "write the collation into the column's `collation`"],
        ["date NOT NULL", "write `nullable: true` or `nullable: false`"],
        ["date null", "write `nullable: true` or `nullable: false`"],
        ["date PRIMARY KEY", "name the column in the table's `primaryKey`"],
        ["date UNIQUE", "name the column in the table's `uniqueKeys`"],
        ["date REFERENCES days", "a distributed table has no foreign keys"],
        ["date\n CONSTRAINT c CHECK (true)", "write the condition into the column's `check`"],
        ["date CONSTRAINT c FOREIGN KEY", "write a condition into `check`, a key into `primaryKey` or `uniqueKeys`"],
        [
            "float8 GENERATED ALWAYS AS (a * 2) STORED",
            "a type says nothing about where values come from; write a `default`",
        ],
        ["bigint generated by default as identity", "write the default into the column's `default`"],
        ["date -- day", "a type holds no comment"],
        ["date /* day */", "a type holds no comment"],
        ["date /* day", "a comment does not end"],
        ["date; DROP TABLE a", "a semicolon ends the statement"],
        ["date, b int", "a comma begins another column"],
        ["date)", "a ) has no partner"],
        ["numeric(10", "a ( has no partner"],
        ["int[2", "a [ has no partner"],
        ['"date', 'a " has no partner'],
        ["date'", "a ' has no partner"],
    ].map(([type, why]): Case => [
        `the type ${type}`,
        typed(type ?? ""),
        [`columns[0].type: expected a PostgreSQL type, got ${JSON.stringify(type)}: ${why}`],
        [
            typed("timestamp(3) with time zone"),
            typed('"date NOT NULL"'),
            typed('app."a ""check"" (--;"'),
            typed("generated"),
            typed("app.not_null"),
            typed('"default"'),
        ],
    ]),
    ...[
        ["default", "now() /* open", "a comment does not end"],
        ["default", "'open", "a ' has no partner"],
        ["default", "f(1", "a ( has no partner"],
        ["default", "1; DROP TABLE a", "a semicolon ends the statement"],
        ["default", "1, b int", "a comma begins something else"],
        ["default", "-- nothing", "there is no expression"],
        ["default", "1 NOT NULL", "write `nullable: false`"],
        ["default", "1 UNIQUE", "name the column in the table's `uniqueKeys`"],
        ["check", "a > 0) NOT VALID, CHECK (true", "a ) has no partner"],
        ["check", "a > 0; SELECT 1", "a semicolon ends the statement"],
    ].map(([part = "", value = "", why = ""]): Case => [
        `${part} ${value}`,
        piece(part, value),
        [`columns[2].${part}: expected an SQL expression, got ${JSON.stringify(value)}: ${why}`],
        [
            piece("default", "now() -- when it came"),
            piece("default", "'a;b -- c'"),
            piece("default", "E'it\\'s; (' || $q$ ' ) $q$"),
            piece("default", "coalesce(1, 2) /* ( /* ; */ ' */"),
            piece("default", "NULL"),
            piece("default", "ARRAY[1, 2]"),
            piece("default", "('a' COLLATE \"C\")"),
            piece("check", "a IS NOT NULL AND a IN (1, 2)"),
            piece("check", "a > 0 -- '("),
        ],
    ]),
];

it.each(CASES)("check refuses %s, and accepts what is nearly the same", async (_what, bad, failures, near) => {
    await expect(failuresOf(bad)).resolves.toEqual(failures);
    for (const accepted of near) {
        await expect(failuresOf(accepted)).resolves.toEqual([]);
    }
});

it("check reports all of it at once", async () => {
    const failures = await failuresOf({
        partitioningColumn: "time",
        ...timed("bigint DEFAULT 1"),
        primaryKey: ["device"],
        ...unique("humidity"),
        migrateData: true,
    });
    expect(failures.map((failure) => failure.split(":")[0])).toEqual([
        "columns[0].type",
        "partitioningColumn",
        "primaryKey",
        "indexes",
        "indexes",
        "migrateData",
    ]);
});

it("check writes the index method in small letters, and leaves comments out of expressions", async () => {
    const inputs = hypertableInputs({
        ...piece("default", "'--' -- why\n || 'b' -- end"),
        indexes: [{ columns: ["a"], method: "GIN", where: "a > 0 -- most" }],
    });
    const { inputs: filled, failures } = await distributedHypertable.check({}, inputs);
    expect(failures).toEqual([]);
    expect(filled).toMatchObject({
        columns: [{}, {}, { default: "'--' \n || 'b'" }],
        indexes: [{ method: "gin", where: "a > 0" }],
    });
});
