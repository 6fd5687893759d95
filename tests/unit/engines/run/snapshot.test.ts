import { ACCESS, Servers } from "../../../../provider/engines/run/servers";
import { forgetSnapshots, snapshot } from "../../../../provider/engines/run/snapshot";
import { connectionTo } from "../../../support/connections";

const place = { server: ACCESS, database: "multinode" };
const serversAt = (host: string, user = "postgres"): Servers =>
    new Servers({ connection: connectionTo(host, { user }), database: "multinode" }, {});
const servers = serversAt("access");

let loads: string[];
const load = (value: string) => async (): Promise<string> => {
    loads.push(value);
    return value;
};

beforeEach(() => {
    forgetSnapshots();
    loads = [];
});

describe("a snapshot", () => {
    it("is read once for all who ask, also at the same time", async () => {
        const asked = Array.from({ length: 300 }, () => snapshot(serversAt("access"), place, "tables", load("tables")));
        await expect(Promise.all(asked)).resolves.toEqual(Array(300).fill("tables"));
        await snapshot(servers, place, "tables", load("tables"));
        expect(loads).toEqual(["tables"]);
    });

    it.each<[string, Servers, string, string]>([
        ["kind", servers, "multinode", "nodes"],
        ["database", servers, "other", "tables"],
        ["server", serversAt("access2"), "multinode", "tables"],
        ["user", serversAt("access", "reader"), "multinode", "tables"],
    ])("is another one for another %s", async (_what, other, database, key) => {
        await snapshot(servers, place, "tables", load("first"));
        await expect(snapshot(other, { ...place, database }, key, load("second"))).resolves.toBe("second");
    });

    it("ends when something changes on any server", async () => {
        await snapshot(servers, place, "tables", load("before"));
        forgetSnapshots();
        await expect(snapshot(servers, place, "tables", load("after"))).resolves.toBe("after");
    });

    it("ends by age", async () => {
        jest.useFakeTimers({ now: 0 });
        try {
            await snapshot(servers, place, "tables", load("old"));
            jest.setSystemTime(29_999);
            await expect(snapshot(servers, place, "tables", load("new"))).resolves.toBe("old");
            jest.setSystemTime(30_000);
            await expect(snapshot(servers, place, "tables", load("new"))).resolves.toBe("new");
        } finally {
            jest.useRealTimers();
        }
    });

    it("that failed is read again", async () => {
        await expect(snapshot(servers, place, "tables", () => Promise.reject(new Error("lost")))).rejects.toThrow();
        await expect(snapshot(servers, place, "tables", load("found"))).resolves.toBe("found");
    });

    it("that fails late does not take a newer one with it", async () => {
        let fail: (error: Error) => void = () => undefined;
        const late = snapshot(servers, place, "tables", () => new Promise((_, reject) => (fail = reject)));
        forgetSnapshots();
        await snapshot(servers, place, "tables", load("newer"));
        fail(new Error("lost"));
        await expect(late).rejects.toThrow("lost");
        await snapshot(servers, place, "tables", load("again"));
        expect(loads).toEqual(["newer"]);
    });
});
