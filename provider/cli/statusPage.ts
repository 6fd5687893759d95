/** A cluster's status as one HTML file that needs nothing else: light and dark, for wide screens and phones. */
import { isHealthy, type ClusterStatus } from "../engines/status/status";
import { clusterPicture } from "./picture";
import { statusTables, summary, type Table } from "./statusText";
import { escapeMarkup } from "./words";

const STYLE = `
:root{color-scheme:light dark;--text:#1d2733;--muted:#4a5766;--ground:#f7f9fb;--card:#ffffff;--line:#d3dbe4;--good:#1a6b3c;--bad:#b42318}
@media (prefers-color-scheme:dark){:root{--text:#e6edf3;--muted:#a9b6c4;--ground:#0d1117;--card:#161b22;--line:#303b48;--good:#6fdc9a;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:68rem;margin:0 auto;padding:1rem}
header p{margin:.25rem 0;color:var(--muted);overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:.5rem 0;overflow-wrap:anywhere}
section{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1rem;margin:1rem 0}
.state{font-weight:600}.state.good{color:var(--good)}.state.bad{color:var(--bad)}
table{border-collapse:collapse;width:100%}
caption{font-size:1.1rem;font-weight:600;text-align:left;padding-bottom:.5rem}
th,td{text-align:left;padding:.4rem .75rem .4rem 0;border-top:1px solid var(--line);vertical-align:top}
th{color:var(--muted);font-weight:600}
.number{text-align:right;white-space:nowrap}
@media (max-width:44rem){
main{padding:.5rem}
section{padding:.75rem}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,caption,tbody,tr,td{display:block}
tr{border-top:1px solid var(--line);padding:.5rem 0}
td{border:0;padding:.1rem 0;overflow-wrap:anywhere;text-align:left;display:flex;gap:1rem;justify-content:space-between}
td.number{text-align:right}
td::before{content:attr(data-label);color:var(--muted);flex:none}
td:empty{display:none}
td:first-child{font-weight:600}
}`;

/**
 * The page.
 *
 * @param statuses one or more clusters
 * @param refreshSeconds the page loads itself again after so many; absent: never
 */
export function statusPage(statuses: readonly ClusterStatus[], refreshSeconds?: number): string {
    const title = `Cluster ${statuses.map(({ database }) => database).join(", ")}`;
    const refresh = refreshSeconds === undefined ? "" : `<meta http-equiv="refresh" content="${refreshSeconds}">\n`;
    return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
${refresh}<title>${escapeMarkup(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${statuses.map(clusterSection).join("\n")}
</main>
</body>
</html>
`;
}

function clusterSection(status: ClusterStatus): string {
    const good = isHealthy(status);
    const facts = [
        `engine ${status.engine ?? "not known"}`,
        ...(status.clusterId === null ? [] : [`id ${status.clusterId}`]),
        `read at ${status.takenAt}`,
    ];
    return `<header>
<h1>Cluster ${escapeMarkup(status.database)}</h1>
<p class="state ${good ? "good" : "bad"}">${good ? "✓" : "✗"} ${escapeMarkup(summary(status))}</p>
<p>${escapeMarkup(facts.join(" · "))}</p>
</header>
<section aria-label="Picture">${clusterPicture(status)}</section>
${statusTables(status).map(tableSection).join("\n")}`;
}

function tableSection({ title, columns, rows }: Table): string {
    const classOf = (at: number): string => (columns[at]?.number ? ' class="number"' : "");
    if (rows.length === 0) {
        return `<section><p>${escapeMarkup(title)}: none</p></section>`;
    }
    const head = columns.map(({ name }, at) => `<th scope="col"${classOf(at)}>${escapeMarkup(name)}</th>`).join("");
    const body = rows.map(
        (row) =>
            `<tr>${row
                .map(
                    (cell, at) =>
                        `<td data-label="${escapeMarkup(columns[at]?.name ?? "")}"${classOf(at)}>` +
                        // The label before a cell and its text are two items of a row on phones.
                        (cell === "" ? "" : `<span>${escapeMarkup(cell)}</span>`) +
                        "</td>",
                )
                .join("")}</tr>`,
    );
    return (
        `<section><table><caption>${escapeMarkup(title)}</caption>` +
        `<thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table></section>`
    );
}
