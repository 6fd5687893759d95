import { turnsOf, type Row } from "../../../provider/engines/load";

const columns = ["a", "b"];

async function listOf(rows: Iterable<Row> | AsyncIterable<Row>, isTurn = false): Promise<[unknown[][], number]> {
    const seen: unknown[][] = [];
    let turns = 0;
    const all = turnsOf(rows, columns, (values) => {
        seen.push([...values]);
        return isTurn;
    });
    for await (const _turn of all) {
        turns++;
    }
    return [seen, turns];
}

test("lists and objects come as lists, in the columns' order", async () => {
    const [seen] = await listOf([[1, 2], { b: 4, a: 3, c: 5 }]);
    expect(seen).toEqual([
        [1, 2],
        [3, 4],
    ]);
});

test("there is a turn whenever one is asked for, at least every 2,000 rows, and one at the end", async () => {
    const rows = (count: number): Row[] => Array.from({ length: count }, () => [0, 0]);
    expect((await listOf(rows(3), true))[1]).toBe(4);
    expect((await listOf(rows(4_000)))[1]).toBe(3);
    expect((await listOf([]))[1]).toBe(1);
});

test("a source may fill the same list again", async () => {
    function* source(): Generator<Row> {
        const row = [0, 0];
        for (row[0] = 0; row[0] < 3; row[0]++) {
            yield row;
        }
    }
    expect((await listOf(source()))[0]).toEqual([
        [0, 0],
        [1, 0],
        [2, 0],
    ]);
});

test("the error of a row says which it is; the source's own error goes through", async () => {
    async function* failing(): AsyncGenerator<Row> {
        yield [1, 2];
        throw new RangeError("the file ends here");
    }
    await expect(listOf([[1, 2], [3]])).rejects.toThrow(/row 2: 1 values for 2 columns.*INVALID_ARGUMENT/);
    await expect(listOf(failing())).rejects.toThrow(new RangeError("the file ends here"));
});
