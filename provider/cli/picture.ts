/**
 * A picture of a cluster: the access node, its data nodes, and on each what it holds of every table. One SVG element
 * that needs nothing around it; inside a page it takes the page's colours.
 */
import type { ClusterStatus, HypertableStatus, NodeStatus } from "../engines/status/status";
import { bytesText, countText, escapeMarkup, piecesText } from "./words";

const WIDTH = 360;
const MARGIN = 4;
const HEAD_HEIGHT = 78;
const GAP = 14;
const INDENT = 20;
const TABLE_HEIGHT = 56;
const BAR_HEIGHT = 10;
/** Colours that tell from each other for the colour-blind too; each with dark and light ground in contrast above 3. */
const COLOURS = ["#0a7fb5", "#c2570c", "#2f855a", "#a8479b", "#8a6d00", "#5b67d8"];

/** Light and dark, by the reader's setting. */
const STYLE = `
.cluster{color:#1d2733;--ground:#ffffff;--soft:#eef2f6;--line:#64748b;--bad:#b42318;font:14px/1.3 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
@media (prefers-color-scheme:dark){.cluster{color:#e6edf3;--ground:#161b22;--soft:#222b36;--line:#8b9bb0;--bad:#ff8a80}}
.cluster .box{fill:var(--ground);stroke:var(--line);stroke-width:1.5}
.cluster .down{stroke:var(--bad);stroke-dasharray:5 4}
.cluster .way{fill:none;stroke:var(--line);stroke-width:1.5}
.cluster .track{fill:var(--soft)}
.cluster text{fill:currentColor}
.cluster .name{font-weight:600}
.cluster .small{font-size:12px}
.cluster .bad{fill:var(--bad)}`;

/**
 * Draws it.
 *
 * @returns an SVG element as text, 360 wide and as high as the nodes need; it scales to the width of what it stands in
 */
export function clusterPicture(status: ClusterStatus): string {
    const [access, ...nodes] = status.nodes;
    if (access === undefined) {
        return "";
    }
    const most = Math.max(1, ...status.hypertables.flatMap(({ nodes: held }) => held.map(({ bytes }) => bytes ?? 0)));
    const parts: string[] = [box(access, { x: MARGIN, y: MARGIN, height: HEAD_HEIGHT }, [])];
    let y = MARGIN + HEAD_HEIGHT + GAP;
    const ways: number[] = [];
    for (const node of nodes) {
        const tables = status.hypertables.filter(({ nodes: held }) => held.some(({ name }) => name === node.name));
        const height = HEAD_HEIGHT + tables.length * TABLE_HEIGHT;
        const bars = tables.map((table, index) =>
            bar(node, table, {
                x: MARGIN + INDENT + 12,
                y: y + HEAD_HEIGHT + index * TABLE_HEIGHT,
                most,
                colour: COLOURS[status.hypertables.indexOf(table) % COLOURS.length] ?? "",
            }),
        );
        parts.push(box(node, { x: MARGIN + INDENT, y, height }, bars));
        ways.push(y + HEAD_HEIGHT / 2);
        y += height + GAP;
    }
    const height = y - GAP + MARGIN;
    const text = describeInWords(status);
    return (
        `<svg xmlns="http://www.w3.org/2000/svg" class="cluster" role="img" viewBox="0 0 ${WIDTH} ${height}" ` +
        `width="100%" style="max-width:${WIDTH * 1.25}px">` +
        `<title>Cluster ${escapeMarkup(status.database)}</title><desc>${escapeMarkup(text)}</desc>` +
        `<style>${STYLE}</style>${ways.map(way).join("")}${parts.join("")}</svg>`
    );
}

interface Place {
    readonly x: number;
    readonly y: number;
}

function box(node: NodeStatus, { x, y, height }: Place & { readonly height: number }, inside: string[]): string {
    const up = node.answers !== null;
    const width = WIDTH - MARGIN - x;
    const state = up ? (node.available ? "" : "set aside") : "does not answer";
    const held =
        node.role === "access node"
            ? `PostgreSQL ${node.postgresVersion ?? "?"}`
            : [piecesText(node), `${countText(node.approximateRows, "~")} rows`, bytesText(node.bytes)].join(" · ");
    return (
        `<g><rect class="box${up ? "" : " down"}" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>` +
        `<text class="name" x="${x + 12}" y="${y + 22}">${escapeMarkup(shorten(node.name, 36))}</text>` +
        `<text class="small" x="${x + 12}" y="${y + 42}">${escapeMarkup(shorten(node.address, 42))}</text>` +
        (state === ""
            ? `<text class="small" x="${x + 12}" y="${y + 62}">${escapeMarkup(held)}</text>`
            : `<text class="small bad" x="${x + 12}" y="${y + 62}">${state}</text>`) +
        `${inside.join("")}</g>`
    );
}

interface BarPlace extends Place {
    readonly most: number;
    readonly colour: string;
}

function bar(node: NodeStatus, table: HypertableStatus, { x, y, most, colour }: BarPlace): string {
    const held = table.nodes.find(({ name }) => name === node.name);
    const width = WIDTH - MARGIN - 12 - x;
    const filled = held?.bytes == null ? 0 : Math.max(2, Math.round((held.bytes / most) * width));
    const what = held === undefined ? "" : `${piecesText(held)} · ${countText(held.approximateRows, "~")} rows`;
    return (
        `<text class="small" x="${x}" y="${y + 12}">${escapeMarkup(shorten(`${table.schema}.${table.table}`, 42))}</text>` +
        `<text class="small" x="${x}" y="${y + 28}">${escapeMarkup(what)}</text>` +
        `<rect class="track" x="${x}" y="${y + 34}" width="${width}" height="${BAR_HEIGHT}" rx="3"/>` +
        `<rect fill="${colour}" x="${x}" y="${y + 34}" width="${filled}" height="${BAR_HEIGHT}" rx="3"/>`
    );
}

/** From the access node down to a data node. */
function way(y: number): string {
    const x = MARGIN + INDENT / 2;
    return `<path class="way" d="M${x} ${MARGIN + HEAD_HEIGHT}V${y}H${MARGIN + INDENT}"/>`;
}

/** The picture for those who do not see it. */
function describeInWords({ nodes, hypertables }: ClusterStatus): string {
    const down = nodes.filter(({ answers }) => answers === null).map(({ name }) => name);
    return [
        `${nodes.length - 1} data nodes and ${hypertables.length} distributed hypertables.`,
        down.length === 0 ? "All servers answer." : `No answer from ${down.join(", ")}.`,
    ].join(" ");
}

function shorten(text: string, longest: number): string {
    return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}
