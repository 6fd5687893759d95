/** Numbers and names as people read them. */

const UNITS = ["bytes", "kB", "MB", "GB", "TB", "PB"];
const UNIT = 1024;

/** `5.2 MB`, by 1024 as PostgreSQL counts; `?` where it is not known. */
export function bytesText(bytes: number | null): string {
    if (bytes === null) {
        return "?";
    }
    const power = Math.min(UNITS.length - 1, bytes < UNIT ? 0 : Math.floor(Math.log(bytes) / Math.log(UNIT)));
    const value = bytes / UNIT ** power;
    return `${power === 0 || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${UNITS[power] ?? ""}`;
}

/** `44,641`; `?` where it is not known. */
export function countText(count: number | null, about = ""): string {
    return count === null ? "?" : `${about}${count.toLocaleString("en-US")}`;
}

/** `4 shards`, `12 chunks`, or both. */
export function piecesText({
    shards,
    chunks,
}: {
    readonly shards: number | null;
    readonly chunks: number | null;
}): string {
    const parts = [
        ...(shards === null ? [] : [`${countText(shards)} ${shards === 1 ? "shard" : "shards"}`]),
        ...(chunks === null ? [] : [`${countText(chunks)} ${chunks === 1 ? "chunk" : "chunks"}`]),
    ];
    return parts.length === 0 ? "?" : parts.join(", ");
}

/** Text for HTML and SVG, in content and in attributes. */
export function escapeMarkup(text: string): string {
    return text
        .replaceAll("&", "&amp;")
        .replaceAll("<", "&lt;")
        .replaceAll(">", "&gt;")
        .replaceAll('"', "&quot;")
        .replaceAll("'", "&#39;");
}

/** Text for a terminal: names come from servers, and must not move the cursor. */
export function plainText(text: string): string {
    return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
}
