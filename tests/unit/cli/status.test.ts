import type { ClusterStatus } from "../../../provider/engines/status/status";
import { clusterPicture } from "../../../provider/cli/picture";
import { statusPage } from "../../../provider/cli/statusPage";
import { statusText } from "../../../provider/cli/statusText";
import { bytesText, countText, escapeMarkup, piecesText, plainText } from "../../../provider/cli/words";
import { HEALTHY_STATUS, TROUBLED_STATUS } from "../../support/statuses";

describe("numbers", () => {
    it.each([
        [null, "?"],
        [0, "0 bytes"],
        [1023, "1023 bytes"],
        [1024, "1 kB"],
        [5_452_595, "5.2 MB"],
        [123_456_789, "118 MB"],
        [2 ** 60, "1024 PB"],
    ])("%s bytes are %s", (bytes, text) => expect(bytesText(bytes)).toBe(text));

    it("are told with thousands apart, and with a question mark where they are not known", () => {
        expect(countText(44_641, "~")).toBe("~44,641");
        expect(countText(null, "~")).toBe("?");
        expect(piecesText({ shards: 1, chunks: 12 })).toBe("1 shard, 12 chunks");
        expect(piecesText({ shards: null, chunks: null })).toBe("?");
    });
});

describe("texts from servers", () => {
    const hostile = `<script>"a"</script>\u001b[2J'&`;

    it("cannot become markup", () => {
        expect(escapeMarkup(hostile)).not.toMatch(/[<>"']/);
        const [access, ...nodes] = TROUBLED_STATUS.nodes;
        const status: ClusterStatus = {
            ...TROUBLED_STATUS,
            database: hostile,
            nodes: [access!, ...nodes.map((node) => ({ ...node, name: hostile, address: hostile, failure: hostile }))],
            hypertables: TROUBLED_STATUS.hypertables.map((table) => ({ ...table, table: hostile, schema: hostile })),
            drift: [{ node: hostile, object: hostile, what: hostile }],
        };
        expect(statusPage([status])).not.toContain("<script");
        expect(clusterPicture(status)).not.toContain("<script");
    });

    it("cannot move the terminal's cursor", () => expect(plainText(hostile)).not.toContain("\u001b"));
});

describe("the status as text", () => {
    it("says in its first line that all is well", () => {
        expect(statusText(HEALTHY_STATUS).split("\n")[0]).toBe("Cluster metrics, engine fdw, 5c1: healthy");
    });

    it("says in its first line everything that is not", () => {
        expect(statusText(TROUBLED_STATUS).split("\n")[0]).toBe(
            "Cluster metrics, engine multinode, 5c1: 1 server does not answer, 1 node is set aside, " +
                "3 chunks lack copies, 1 transaction is in doubt, 2 differences",
        );
    });

    it("has a line a node and a line a table and node, columns in line", () => {
        const lines = statusText(HEALTHY_STATUS).split("\n");
        expect(lines.filter((line) => /^(access node|dn1|dn2) /.test(line))).toHaveLength(3);
        const sizes = lines.filter((line) => /public\.conditions|^ +dn[12]/.test(line));
        expect(new Set(sizes.map((line) => line.search(/[kM]B/))).size).toBe(1);
    });
});

describe("the page", () => {
    it("needs nothing from elsewhere", () => {
        const page = statusPage([HEALTHY_STATUS]);
        expect(page).not.toMatch(/<(?:link|script|img|iframe)|url\(|@import|(?:src|href)=/);
    });

    it("loads itself again only where it is asked to", () => {
        expect(statusPage([HEALTHY_STATUS])).not.toContain('http-equiv="refresh"');
        expect(statusPage([HEALTHY_STATUS], 5)).toContain('<meta http-equiv="refresh" content="5">');
    });
});

describe("the picture", () => {
    it("is one SVG element with a title and a description", () => {
        expect(clusterPicture(HEALTHY_STATUS)).toMatch(
            /^<svg [^>]*role="img"[^>]*><title>Cluster metrics<\/title><desc>.*<\/svg>$/s,
        );
    });

    it("draws a bar for each table on each node, the largest over the whole width", () => {
        const widths = [...clusterPicture(HEALTHY_STATUS).matchAll(/<rect fill="#[^"]*"[^>]* width="(\d+)"/g)].map(
            ([, width]) => Number(width),
        );
        expect(widths).toHaveLength(4);
        expect(Math.max(...widths)).toBe(308);
    });

    it("says of a node that does not answer that it does not", () => {
        expect(clusterPicture(TROUBLED_STATUS)).toContain("does not answer");
        expect(clusterPicture(HEALTHY_STATUS)).not.toContain("does not answer");
    });
});
