import { askInterval, intervalArgument } from "../../../../provider/engines/tables/intervals";
import type { Session } from "../../../../provider/postgres/pool";

describe("a chunk interval", () => {
    it("of an integer column is asked of nobody", async () => {
        await expect(askInterval({} as Session, 1000)).resolves.toBe("1000");
    });

    it("is counted by the server in days of months, never by the seconds of a year", async () => {
        const asked: unknown[] = [];
        const one = (text: string, values: unknown): Promise<unknown> => {
            asked.push(text, values);
            return Promise.resolve({ microseconds: "31104000000000" });
        };
        await expect(askInterval({ one } as unknown as Session, "1 year")).resolves.toBe("31104000000000");
        expect(asked).toEqual([expect.stringMatching(/30 \* \(12 \* extract\(year FROM i\)/), ["1 year"]]);
    });

    it("is 7 days where the program gives none", async () => {
        const one = jest.fn().mockResolvedValue({ microseconds: "604800000000" });
        await askInterval({ one } as unknown as Session);
        expect(one).toHaveBeenCalledWith(expect.anything(), ["7 days"]);
    });

    it.each([
        [1000, "$2::bigint"],
        ["1 day", "$2::interval"],
        [undefined, "$2::interval"],
    ])("%s is bound as %s", (interval, argument) => {
        expect(intervalArgument(interval, 2)).toBe(argument);
    });
});
