import { reach, unreachable, type Unreached } from "../../../../provider/engines/run/reach";
import { applySteps } from "../../../../provider/engines/run/apply";
import { passwordSecret } from "../../../../provider/engines/run/secrets";
import { ACCESS, Servers } from "../../../../provider/engines/run/servers";
import { ProviderError } from "../../../../provider/errors";
import { connectionTo } from "../../../support/connections";
import { fakePool } from "../../../support/fakePool";

jest.mock("../../../../provider/postgres/pool", () =>
    jest.requireActual<typeof import("../../../support/fakePool")>("../../../support/fakePool"),
);

const servers = new Servers(
    { connection: connectionTo("access"), database: "metrics" },
    {
        dn1: {
            connection: connectionTo("data1"),
            database: "metrics",
            passwordFrom: "accessNode.connection.password",
        },
    },
);
const report = { progress: () => undefined, warn: () => undefined };

beforeEach(() => fakePool.reset());

describe("a statement's password", () => {
    const step = {
        name: "n",
        why: "w",
        sql: "USE IT",
        on: { server: ACCESS, database: "metrics" },
        ...passwordSecret("canary"),
    };

    it("is bound before it, in the same transaction, and in no statement's text", async () => {
        await applySteps(servers, [{ ...step, transaction: "t" }], report);
        const texts = fakePool.statements;
        expect(texts.join("\n")).not.toContain("canary");
        expect([texts[0], ...texts.slice(-2)]).toEqual(["BEGIN", "USE IT", "COMMIT"]);
        const bound = fakePool.events.find(({ values }) => values?.includes("canary"));
        expect(bound?.values).toEqual(["pulumi_timescaledb.password", "canary", true]);
    });

    it("is taken back after it where there is no transaction", async () => {
        await applySteps(servers, [step], report);
        const last = fakePool.events.filter(({ values }) => values !== undefined).at(-1);
        expect(last?.values).toEqual(["pulumi_timescaledb.password", "", false]);
    });
});

describe("a data node that refuses the provider's login", () => {
    it("is reported as that, with the password that was refused and where the right one belongs", async () => {
        const found = await reach(servers, "dn1", () => {
            throw new ProviderError("AUTHENTICATION_FAILED", "password authentication failed");
        });
        const error = unreachable("dn1", found as Unreached);
        expect(error.code).toBe("AUTHENTICATION_FAILED");
        expect(error.reason).toContain("with accessNode.connection.password");
        expect(error.remedy).toContain("the data node's connection.password");
    });
});
