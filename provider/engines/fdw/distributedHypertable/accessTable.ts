/** A table's part on the access node: the partitioned table, and a foreign table for each shard. */
import { ProviderError } from "../../../errors";
import { alterOptionsClause, identifier, optionsClause, qualified, type Options } from "../../../postgres/sql";
import { compareColumns, type ColumnChange, type ObservedColumn } from "../../tables/columns";
import { columnDefinition, observedColumns } from "../../tables/columnSql";
import type { Column } from "../../inputs";
import type { Step } from "../../step";
import { accessParts, remainders } from "./objects";
import type { AccessTables } from "./observe";
import { accessPlace, type Target } from "./target";
import { locate, type Located } from "./findParts";
import { lastShardName, lastTableName, shardName, viewName } from "./names";
import { partText, type Part } from "./parts";
import type { Relation } from "./relations";
import type { TableName } from "./rowCounts";
import { planRetype, retypes } from "./retype";
import { accessColumns, alterAccessColumn, bareColumns, lastColumns, refuseLosses } from "./columns";
import { planDropSchema, planMark, planRename, planSchema, stepper, type Stepper } from "./steps";

/** What the access node lacks, in the order of the whole plan. */
export interface AccessPlan {
    /** Before the data nodes: what would ask them for columns or views that go. */
    readonly before: readonly Step[];
    /** After the data nodes: what asks them for what is new. */
    readonly after: readonly Step[];
}

/** A partitioned table of foreign tables: the table itself, or the one of newest rows. */
interface Tree {
    readonly name: TableName;
    readonly part: Part;
    readonly columns: readonly Column[];
    readonly observedColumns: (found: Relation) => ObservedColumn[];
    readonly leaf: (remainder: number) => { readonly name: string; readonly part: Part; readonly options: Options };
}

/** Plans the access node's side. */
export function planAccessTable(target: Target, access: AccessTables, aside: ReadonlySet<string>): AccessPlan {
    const { inputs, layout, marking } = target;
    const step = stepper(accessPlace(inputs), `table ${inputs.schema}.${inputs.tableName}`);
    const wanted = accessParts(inputs.tableName, layout.modulus, inputs.lastPoint);
    const located = locate(access.relations, inputs.schema, wanted, marking.owner, "the access node");
    const trees = [mainTree(target), ...(inputs.lastPoint ? [lastTree(target)] : [])];
    const planned = trees.map((tree) => planTree(step, target, tree, located, aside));
    const last = target.request.last?.schema;
    return {
        before: [...(inputs.lastPoint ? [] : dropLast(step, located)), ...planned.flatMap(({ before }) => before)],
        after: [
            ...planSchema(step, access.schemas, inputs.schema, marking),
            ...planned.flatMap(({ after }) => after),
            ...(last === undefined || last === inputs.schema
                ? []
                : planDropSchema(step, access.schemas, last, marking)),
        ],
    };
}

function mainTree({ inputs, layout }: Target): Tree {
    const { schema, tableName } = inputs;
    return {
        name: { schema, name: tableName },
        part: { kind: "table" },
        columns: accessColumns(inputs),
        observedColumns: (found) => observedColumns(found.columns),
        leaf: (remainder) => ({
            name: shardName(tableName, remainder),
            part: { kind: "shard", remainder, modulus: layout.modulus },
            options: { schema_name: schema, table_name: viewName(tableName, remainder) },
        }),
    };
}

function lastTree({ inputs, layout, canonical }: Target): Tree {
    const { schema, tableName } = inputs;
    return {
        name: { schema, name: lastTableName(tableName) },
        part: { kind: "last table" },
        columns: lastColumns(inputs, canonical),
        observedColumns: (found) => bareColumns(found.columns),
        leaf: (remainder) => ({
            name: lastShardName(tableName, remainder),
            part: { kind: "last", remainder, modulus: layout.modulus },
            options: { schema_name: schema, table_name: lastShardName(tableName, remainder), updatable: "false" },
        }),
    };
}

function planTree(step: Stepper, target: Target, tree: Tree, located: Located, aside: ReadonlySet<string>): AccessPlan {
    const found = located.get(partText(tree.part));
    const changes = found === undefined ? [] : changesOf(target, tree, found, aside);
    const leaves = remainders(target.layout.modulus).flatMap((remainder) =>
        planLeaf(step, target, tree, located, remainder, aside),
    );
    if (found === undefined) {
        return { before: [], after: [...createTree(step, target, tree), ...leaves] };
    }
    const alter = (table: TableName, some: readonly ColumnChange[]): Step[] =>
        some.flatMap((change) => alterAccessColumn(step, table, change));
    const attached = [...located.values()].filter(
        ({ parent }) => parent?.schema === found.schema && parent.name === found.name,
    );
    const retyped = retypes(changes);
    const others = changes.filter((change) => change.kind !== "drop" && !retyped.some((other) => other === change));
    return {
        before: alter(
            found,
            changes.filter(({ kind }) => kind === "drop"),
        ),
        after: [
            ...planRename(step, "TABLE", found, tree.name),
            ...planMark(step, "TABLE", tree.name, tree.part, target.marking, found),
            ...planRetype(step, tree.name, attached, tree.observedColumns(found), retyped),
            ...alter(tree.name, others),
            ...leaves,
        ],
    };
}

function changesOf(target: Target, tree: Tree, found: Relation, aside: ReadonlySet<string>): ColumnChange[] {
    const { inputs, canonical } = target;
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

function createTree(step: Stepper, { inputs, marking }: Target, tree: Tree): Step[] {
    const { schema, name } = tree.name;
    return [
        step(
            "createTable",
            `${schema}.${name} does not exist on the access node`,
            `CREATE TABLE ${qualified(schema, name)} (${tree.columns.map(columnDefinition).join(", ")}) ` +
                `PARTITION BY HASH (${identifier(inputs.partitioningColumn ?? "")})`,
        ),
        ...planMark(step, "TABLE", tree.name, tree.part, marking, undefined),
    ];
}

function planLeaf(
    step: Stepper,
    target: Target,
    tree: Tree,
    located: Located,
    remainder: number,
    aside: ReadonlySet<string>,
): Step[] {
    const { layout, marking } = target;
    const { name, part, options } = tree.leaf(remainder);
    const wanted: TableName = { schema: tree.name.schema, name };
    const server = layout.nodes[remainder] ?? "";
    const found = located.get(partText(part));
    const bound = `FOR VALUES WITH (MODULUS ${layout.modulus}, REMAINDER ${remainder})`;
    const table = qualified(wanted.schema, wanted.name);
    const parent = qualified(tree.name.schema, tree.name.name);
    const detach = step(
        "detachPartition",
        `${server} is not available`,
        `ALTER TABLE ${parent} DETACH PARTITION ${table}`,
    );
    if (found === undefined || found.server !== server) {
        return [
            ...(found === undefined ? [] : [dropLeaf(step, found, `${found.name} is on ${found.server}`)]),
            step(
                "createForeignTable",
                `${wanted.schema}.${name} does not exist on the access node`,
                `CREATE FOREIGN TABLE ${table} PARTITION OF ${parent} ${bound} ` +
                    `SERVER ${identifier(server)}${optionsClause(options)}`,
            ),
            ...planMark(step, "FOREIGN TABLE", wanted, part, marking, undefined),
            ...(aside.has(server) ? [detach] : []),
        ];
    }
    const changed = alterOptionsClause(found.options, options);
    return [
        ...planRename(step, "FOREIGN TABLE", found, wanted),
        ...planMark(step, "FOREIGN TABLE", wanted, part, marking, found),
        ...(changed === undefined
            ? []
            : [step("alterForeignTable", `the options of ${name} differ`, `ALTER FOREIGN TABLE ${table}${changed}`)]),
        ...(found.parent === null && !aside.has(server)
            ? [
                  step(
                      "attachPartition",
                      `${name} is detached`,
                      `ALTER TABLE ${parent} ATTACH PARTITION ${table} ${bound}`,
                  ),
              ]
            : []),
        ...(found.parent !== null && aside.has(server) ? [detach] : []),
    ];
}

function dropLeaf(step: Stepper, { schema, name }: TableName, why: string): Step {
    return step("dropForeignTable", why, `DROP FOREIGN TABLE ${qualified(schema, name)}`);
}

/** The table of newest rows goes, and with it its partitions; detached ones go by themselves. */
function dropLast(step: Stepper, located: Located): Step[] {
    const table = located.get(partText({ kind: "last table" }));
    const detached = [...located.entries()].filter(([part, { parent }]) => part.startsWith("last ") && parent === null);
    return [
        ...detached
            .filter(([part]) => part !== "last table")
            .map(([, relation]) => dropLeaf(step, relation, "lastPoint is not requested")),
        ...(table === undefined
            ? []
            : [step("dropTable", "lastPoint is not requested", `DROP TABLE ${qualified(table.schema, table.name)}`)]),
    ];
}
