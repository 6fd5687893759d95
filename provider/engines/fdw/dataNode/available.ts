/** Shards of a node that is set aside are no partitions, so that queries and new rows go past it. */
import { qualified } from "../../../postgres/sql";
import type { DataNodeInputs } from "../../inputs";
import type { Statement } from "../../step";
import { partOf } from "../distributedHypertable/parts";
import type { TableName } from "../../tables/names";
import type { AccessSide, AttachedShard } from "./observe";

/** The statements that attach or detach the shards. */
export function planAvailability(access: AccessSide, inputs: DataNodeInputs): Statement[] {
    const ours = access.shards.filter(({ marker }) => marker?.cluster === inputs.accessNode.id);
    return inputs.available
        ? ours.filter(({ parent }) => parent === null).flatMap((shard) => attach(access, shard, inputs.nodeName))
        : ours.flatMap((shard) => (shard.parent === null ? [] : [detach(shard, shard.parent, inputs.nodeName)]));
}

function attach({ parents }: AccessSide, shard: AttachedShard, nodeName: string): Statement[] {
    const part = partOf(shard.marker);
    const kind = part?.kind === "last" ? "last table" : "table";
    const parent = parents.find(({ marker }) => marker.urn === shard.marker?.urn && partOf(marker)?.kind === kind);
    return part === undefined || parent === undefined
        ? []
        : [
              {
                  name: `attach partition ${shard.schema}.${shard.name}`,
                  why: `it is detached and ${nodeName} is available`,
                  sql:
                      `ALTER TABLE ${qualified(parent.schema, parent.name)} ` +
                      `ATTACH PARTITION ${qualified(shard.schema, shard.name)} ` +
                      `FOR VALUES WITH (MODULUS ${part.modulus}, REMAINDER ${part.remainder})`,
              },
          ];
}

function detach({ schema, name }: AttachedShard, parent: TableName, nodeName: string): Statement {
    return {
        name: `detach partition ${schema}.${name}`,
        why: `${nodeName} is not available`,
        sql: `ALTER TABLE ${qualified(parent.schema, parent.name)} DETACH PARTITION ${qualified(schema, name)}`,
    };
}
