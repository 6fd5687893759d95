/** A cluster's status for a terminal, and the parts of it that the page shares. */
import { isHealthy, type ClusterStatus, type HypertableStatus, type NodeStatus } from "../engines/status/status";
import { bytesText, countText, piecesText, plainText } from "./words";

/** A table: its columns, and one list of cells a row. Numbers stand to the right. */
export interface Table {
    readonly title: string;
    readonly columns: readonly { readonly name: string; readonly number?: true }[];
    readonly rows: readonly (readonly string[])[];
}

/** In one line whether all is well. */
export function summary(status: ClusterStatus): string {
    if (isHealthy(status)) {
        return "healthy";
    }
    const count = (number: number, one: string, many: string): string[] =>
        number === 0 ? [] : [`${number} ${number === 1 ? one : many}`];
    const { nodes, underReplicated, inDoubt, drift } = status;
    return [
        ...count(
            nodes.filter(({ answers }) => answers === null).length,
            "server does not answer",
            "servers do not answer",
        ),
        ...count(nodes.filter(({ available }) => !available).length, "node is set aside", "nodes are set aside"),
        ...count(underReplicated.count, "chunk lacks copies", "chunks lack copies"),
        ...count(inDoubt.length, "transaction is in doubt", "transactions are in doubt"),
        ...count(drift.length, "difference", "differences"),
    ].join(", ");
}

/** Everything, as tables. Those without rows are left out, but for nodes and hypertables. */
export function statusTables(status: ClusterStatus): Table[] {
    const { underReplicated, inDoubt, drift } = status;
    return [
        nodeTable(status.nodes),
        hypertableTable(status.hypertables),
        ...unlessEmpty({
            title: `Chunks without enough copies: ${underReplicated.count}`,
            columns: [{ name: "Chunk" }, { name: "Copies", number: true }, { name: "Wanted", number: true }],
            rows: underReplicated.chunks.map(({ chunk, copies, wanted }) => [chunk, String(copies), String(wanted)]),
        }),
        ...unlessEmpty({
            title: "Transactions in doubt",
            columns: [{ name: "Node" }, { name: "Transaction" }, { name: "Prepared" }],
            rows: inDoubt.map(({ node, transaction, preparedAt }) => [node, transaction, preparedAt]),
        }),
        ...unlessEmpty({
            title: "Drift",
            columns: [{ name: "Node" }, { name: "Object" }, { name: "What differs" }],
            rows: drift.map(({ node, object, what }) => [node, object, what]),
        }),
    ];
}

function unlessEmpty(table: Table): Table[] {
    return table.rows.length === 0 ? [] : [table];
}

function nodeTable(nodes: readonly NodeStatus[]): Table {
    return {
        title: "Nodes",
        columns: [
            { name: "Node" },
            { name: "Address" },
            { name: "State" },
            { name: "Version" },
            { name: "Holds" },
            { name: "Rows (about)", number: true },
            { name: "Size", number: true },
        ],
        rows: nodes.map((node) => {
            const isAccess = node.role === "access node";
            return [
                node.name,
                `${node.address}/${node.database}`,
                stateOf(node),
                versionOf(node),
                isAccess ? "" : piecesText(node),
                isAccess ? "" : countText(node.approximateRows),
                isAccess ? "" : bytesText(node.bytes),
            ];
        }),
    };
}

function stateOf({ answers, available, failure }: NodeStatus): string {
    const reach = {
        provider: failure === null ? "up" : `up, but: ${failure}`,
        "access node": "up, seen from the access node",
        none: `no answer: ${failure ?? "unknown"}`,
    }[answers ?? "none"];
    return available ? reach : `set aside, ${reach}`;
}

function versionOf({ postgresVersion, timescaledbVersion }: NodeStatus): string {
    return [
        ...(postgresVersion === null ? [] : [`PostgreSQL ${postgresVersion}`]),
        ...(timescaledbVersion === null ? [] : [`TimescaleDB ${timescaledbVersion}`]),
    ].join(", ");
}

function hypertableTable(hypertables: readonly HypertableStatus[]): Table {
    return {
        title: "Distributed hypertables",
        columns: [
            { name: "Table" },
            { name: "Node" },
            { name: "Holds" },
            { name: "Rows (about)", number: true },
            { name: "Size", number: true },
            { name: "Copies", number: true },
        ],
        rows: hypertables.flatMap((table) => [
            [
                `${table.schema}.${table.table}`,
                "all",
                piecesText(table),
                countText(table.approximateRows),
                bytesText(table.bytes),
                String(table.replicationFactor),
            ],
            ...table.nodes.map((node) => [
                "",
                node.name,
                piecesText(node),
                countText(node.approximateRows),
                bytesText(node.bytes),
                "",
            ]),
        ]),
    };
}

/** The whole status as text. */
export function statusText(status: ClusterStatus): string {
    const head = [
        `Cluster ${status.database}`,
        ...(status.engine === null ? [] : [`engine ${status.engine}`]),
        ...(status.clusterId === null ? [] : [status.clusterId]),
    ].join(", ");
    return [`${plainText(head)}: ${summary(status)}`, ...statusTables(status).map(tableText)].join("\n\n");
}

/** A table as lines: a rule under its head, two spaces between its columns. */
export function tableText({ title, columns, rows }: Table): string {
    const cells = rows.map((row) => row.map(plainText));
    if (cells.length === 0) {
        return `${title}: none`;
    }
    const widths = columns.map(({ name }, at) => Math.max(name.length, ...cells.map((row) => row[at]?.length ?? 0)));
    const line = (row: readonly string[]): string =>
        row
            .map((cell, at) => {
                const width = widths[at] ?? 0;
                return columns[at]?.number ? cell.padStart(width) : cell.padEnd(width);
            })
            .join("  ")
            .trimEnd();
    return [
        plainText(title),
        line(columns.map(({ name }) => name)),
        widths.map((width) => "-".repeat(width)).join("  "),
        ...cells.map(line),
    ].join("\n");
}
