/** A table's part on the access node: the partitioned table, and a foreign table for each shard. */
import { ProviderError } from "../../../errors";
import { identifier, qualified } from "../../../postgres/sql";
import type { Column } from "../../inputs";
import type { Statement } from "../../step";
import { compareColumns, type ColumnChange, type ObservedColumn } from "../../tables/columns";
import { columnDefinition, observedColumns } from "../../tables/columnSql";
import { alterColumn, isTypeChange, refuseLosses } from "../../tables/columnSteps";
import type { TableName } from "../../tables/names";
import { alterOptionsClause, optionsClause, type Options } from "../../../postgres/sql";
import { accessColumns, bareColumns, lastColumns } from "./columns";
import { findParts, type Parts } from "./findParts";
import type { AccessTables } from "./observe";
import { accessParts, lastShardName, lastTableName, partText, remainders, shardName, viewName } from "./parts";
import type { Relation } from "./relations";
import { attachPartition, detachPartition, planRetype } from "./retype";
import { keepPart, markPart, planDropOldSchema, planSchema, type Target, type WantedPart } from "./target";

/** What the access node lacks, in the order of the whole plan. */
export interface AccessPlan {
    /** Before the data nodes: what would ask them for columns or views that go. */
    readonly before: readonly Statement[];
    /** After the data nodes: what asks them for what is new. */
    readonly after: readonly Statement[];
}

interface AccessTarget extends Target {
    readonly parts: Parts;
}

/** A partitioned table of foreign tables: the table itself, or the one of newest rows. */
interface Tree extends WantedPart {
    readonly columns: readonly Column[];
    readonly observedColumns: (found: Relation) => ObservedColumn[];
    readonly leaf: (remainder: number) => Leaf;
}

/** A foreign table that is a partition. */
interface Leaf extends WantedPart {
    readonly options: Options;
}

/** Plans the access node's side. */
export function planAccessTable(target: Target, access: AccessTables): AccessPlan {
    const { inputs, layout, marking } = target;
    const wanted = { schema: inputs.schema, parts: accessParts(inputs.tableName, layout.modulus, inputs.lastPoint) };
    const parts = findParts(access.relations, wanted, marking.owner, "the access node");
    const trees = [mainTree(target), ...(inputs.lastPoint ? [lastTree(target)] : [])];
    const planned = trees.map((tree) => planTree({ ...target, parts }, tree));
    return {
        before: [...(inputs.lastPoint ? [] : dropLast(parts)), ...planned.flatMap(({ before }) => before)],
        after: [
            ...planSchema(target, access.schemas),
            ...planned.flatMap(({ after }) => after),
            ...planDropOldSchema(target, access.schemas),
        ],
    };
}

function mainTree({ inputs: { schema, tableName }, inputs, layout: { modulus } }: Target): Tree {
    return {
        schema,
        name: tableName,
        part: { kind: "table" },
        columns: accessColumns(inputs),
        observedColumns: (found) => observedColumns(found.columns),
        leaf: (remainder) => ({
            schema,
            name: shardName(tableName, remainder),
            part: { kind: "shard", remainder, modulus },
            options: { schema_name: schema, table_name: viewName(tableName, remainder) },
        }),
    };
}

function lastTree({ inputs: { schema, tableName }, inputs, layout: { modulus }, canonical }: Target): Tree {
    return {
        schema,
        name: lastTableName(tableName),
        part: { kind: "last table" },
        columns: lastColumns(inputs, canonical),
        observedColumns: (found) => bareColumns(found.columns),
        leaf: (remainder) => ({
            schema,
            name: lastShardName(tableName, remainder),
            part: { kind: "last", remainder, modulus },
            options: { schema_name: schema, table_name: lastShardName(tableName, remainder), updatable: "false" },
        }),
    };
}

function planTree(target: AccessTarget, tree: Tree): AccessPlan {
    const found = target.parts.get(partText(tree.part));
    const changes = found === undefined ? [] : changesOf(target, tree, found);
    const leaves = remainders(target.layout.modulus).flatMap((remainder) => planLeaf(target, tree, remainder));
    if (found === undefined) {
        return { before: [], after: [...createTree(target, tree), ...leaves] };
    }
    const attached = [...target.parts.values()].filter(
        ({ parent }) => parent?.schema === found.schema && parent.name === found.name,
    );
    const drops = changes.filter(({ kind }) => kind === "drop");
    const others = changes.filter((change) => change.kind !== "drop" && !isTypeChange(change));
    return {
        before: drops.flatMap((change) => alterColumn(found, change, true)),
        after: [
            ...keepPart(target.marking, "TABLE", tree, found),
            ...planRetype(tree, attached, tree.observedColumns(found), changes.filter(isTypeChange)),
            ...others.flatMap((change) => alterColumn(tree, change, true)),
            ...leaves,
        ],
    };
}

function changesOf({ inputs, canonical, aside }: Target, tree: Tree, found: Relation): ColumnChange[] {
    refuseOtherLayout(found, inputs.partitioningColumn ?? "");
    const changes = compareColumns(tree.columns, tree.observedColumns(found), canonical, new Set());
    if (changes.length > 0 && aside.size > 0) {
        throw new ProviderError(
            "NOT_SUPPORTED",
            `columns cannot be changed while data node ${[...aside].join(", ")} is not available`,
            { remedy: "Set available: true on it first" },
        );
    }
    if (tree.part.kind === "table") {
        refuseLosses(changes, inputs);
    }
    return changes;
}

function refuseOtherLayout({ schema, name, kind, key }: Relation, partitioningColumn: string): void {
    if (kind !== "p") {
        throw new ProviderError("NOT_SUPPORTED", `"${schema}.${name}" is no partitioned table`, {
            remedy: "Rename it, make the distributed hypertable, and copy its rows with INSERT ... SELECT",
        });
    }
    if (key?.replaceAll('"', "") !== `HASH (${partitioningColumn})`) {
        throw new ProviderError(
            "NOT_SUPPORTED",
            `"${schema}.${name}" is partitioned by ${key ?? "nothing"}, not by HASH (${partitioningColumn})`,
            { remedy: "Choose another tableName" },
        );
    }
}

function createTree({ inputs, marking }: Target, tree: Tree): Statement[] {
    const name = `${tree.schema}.${tree.name}`;
    const key = identifier(inputs.partitioningColumn ?? "");
    return [
        {
            name: `create table ${name}`,
            why: `${name} does not exist on the access node`,
            sql: `CREATE TABLE ${qualified(tree.schema, tree.name)} (${tree.columns.map(columnDefinition).join(", ")}) PARTITION BY HASH (${key})`,
        },
        ...markPart(marking, "TABLE", tree),
    ];
}

function planLeaf({ layout, marking, aside, parts }: AccessTarget, tree: Tree, remainder: number): Statement[] {
    const leaf = tree.leaf(remainder);
    const server = layout.nodes[remainder] ?? "";
    const found = parts.get(partText(leaf.part));
    const bound = `FOR VALUES WITH (MODULUS ${layout.modulus}, REMAINDER ${remainder})`;
    const name = `${leaf.schema}.${leaf.name}`;
    const table = qualified(leaf.schema, leaf.name);
    const detach = detachPartition(tree, leaf, `${server} is not available`);
    if (found === undefined || found.server !== server) {
        return [
            ...(found === undefined ? [] : [dropLeaf(found, `${found.name} is on ${found.server}`)]),
            {
                name: `create foreign table ${name}`,
                why: `${name} does not exist on the access node`,
                sql: `CREATE FOREIGN TABLE ${table} PARTITION OF ${qualified(tree.schema, tree.name)} ${bound} SERVER ${identifier(server)}${optionsClause(leaf.options)}`,
            },
            ...markPart(marking, "FOREIGN TABLE", leaf),
            ...(aside.has(server) ? [detach] : []),
        ];
    }
    const changed = alterOptionsClause(found.options, leaf.options);
    return [
        ...keepPart(marking, "FOREIGN TABLE", leaf, found),
        ...(changed === undefined
            ? []
            : [
                  {
                      name: `alter options of foreign table ${name}`,
                      why: "it names another view",
                      sql: `ALTER FOREIGN TABLE ${table}${changed}`,
                  },
              ]),
        ...(found.parent === null && !aside.has(server)
            ? [attachPartition(tree, leaf, bound, `${leaf.name} is detached`)]
            : []),
        ...(found.parent !== null && aside.has(server) ? [detach] : []),
    ];
}

function dropLeaf({ schema, name }: TableName, why: string): Statement {
    return { name: `drop foreign table ${schema}.${name}`, why, sql: `DROP FOREIGN TABLE ${qualified(schema, name)}` };
}

/** The table of newest rows goes, and with it its partitions; detached ones go by themselves. */
function dropLast(parts: Parts): Statement[] {
    const why = "lastPoint is not requested";
    const table = parts.get("last table");
    const detached = [...parts].filter(([part, { parent }]) => /^last \d/.test(part) && parent === null);
    return [
        ...detached.map(([, relation]) => dropLeaf(relation, why)),
        ...(table === undefined
            ? []
            : [
                  {
                      name: `drop table ${table.schema}.${table.name}`,
                      why,
                      sql: `DROP TABLE ${qualified(table.schema, table.name)}`,
                  },
              ]),
    ];
}
