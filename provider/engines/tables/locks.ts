/** The locks of a distributed hypertable. */
import type { Lock } from "../engine";

interface Named {
    readonly schema: string;
    readonly tableName?: string;
}

/** The old name is locked with the new one, in one order for everybody. */
export function tableLocks({ inputs, last }: { readonly inputs: Named; readonly last?: Named }): Lock[] {
    const names = [inputs, last].flatMap((named) =>
        named?.tableName === undefined ? [] : [`table ${named.schema}.${named.tableName}`],
    );
    return [{ name: "cluster", shared: true }, ...[...new Set(names)].sort().map((name) => ({ name, shared: false }))];
}
