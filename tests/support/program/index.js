// A program described in data, so that a test can change one input at a time and run the same program again.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { AccessNode, DataNode, DistributedHypertable } = require("pulumi-timescaledb");

const {
    accessNodes = {},
    dataNodes = {},
    hypertables = {},
} = JSON.parse(readFileSync(join(__dirname, "program.json"), "utf8"));

const access = Object.fromEntries(
    Object.entries(accessNodes).map(([name, { options, ...args }]) => [name, new AccessNode(name, args, options)]),
);
const nodes = Object.fromEntries(
    Object.entries(dataNodes).map(([name, { accessNode, options, ...args }]) => [
        name,
        new DataNode(name, { ...args, accessNode: access[accessNode] }, options),
    ]),
);
for (const [name, { accessNode, dataNodes: names, options, ...args }] of Object.entries(hypertables)) {
    new DistributedHypertable(
        name,
        {
            ...args,
            accessNode: access[accessNode],
            ...(names === undefined ? {} : { dataNodes: names.map((node) => nodes[node] ?? node) }),
        },
        options,
    );
}
