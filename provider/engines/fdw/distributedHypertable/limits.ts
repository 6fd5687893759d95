/** What the layout of the engine fdw has no place for, by the inputs alone. They are listed in docs/engines/fdw.md. */
import { ProviderError } from "../../../errors";
import { isUnknown } from "../../../validation/unknown";
import type { DistributedHypertableInputs } from "../../inputs";
import { limitReason, type Limit } from "../../engine";

type Inputs = Partial<DistributedHypertableInputs>;

const NO_PLACE = [
    ["partitioningFunc", "rows are placed by PostgreSQL's own hash function"],
    ["timePartitioningFunc", "the time column itself is the dimension of a shard"],
    ["associatedSchemaName", "chunks are the data nodes' own matter"],
    ["associatedTablePrefix", "chunks are the data nodes' own matter"],
] as const;

const NEEDED = [
    ["columns", "the table's columns", "shards are made from them"],
    ["partitioningColumn", "a column", "shards are told apart by a hash of it"],
] as const;

/** Every limit that the inputs of a distributed hypertable meet. */
export function hypertableLimits(inputs: Inputs): Limit[] {
    const { replicationFactor = 1, migrateData = false } = inputs;
    return [
        ...(isUnknown(replicationFactor) || replicationFactor === 1
            ? []
            : [
                  {
                      property: "replicationFactor",
                      expected: "1",
                      found: replicationFactor,
                      why: "each row is in one shard, on one data node",
                  },
              ]),
        ...NO_PLACE.filter(([property]) => inputs[property] !== undefined && !isUnknown(inputs[property])).map(
            ([property, why]) => ({ property, expected: "none", found: inputs[property], why }),
        ),
        ...NEEDED.filter(([property]) => inputs[property] === undefined).map(([property, expected, why]) => ({
            property,
            expected,
            found: undefined,
            why,
        })),
        ...(migrateData === true
            ? [
                  {
                      property: "migrateData",
                      expected: "false",
                      found: true,
                      why: "it does not take over the rows of a table; rename the table, and copy them with INSERT ... SELECT",
                  },
              ]
            : []),
    ];
}

/**
 * Refuses them.
 *
 * @throws NOT_SUPPORTED
 */
export function refuseLimits(inputs: DistributedHypertableInputs): void {
    const limits = hypertableLimits(inputs);
    if (limits.length > 0) {
        throw new ProviderError(
            "NOT_SUPPORTED",
            limits.map((limit) => `${limit.property}: ${limitReason(limit, "fdw")}`).join("; "),
            {
                remedy: "Change the inputs accordingly, or use an access node with the engine multinode",
            },
        );
    }
}
