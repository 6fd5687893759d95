/** How the server spells what a program says of a distributed hypertable. */
import type { Request } from "../../engine";
import type { DistributedHypertableComputed, DistributedHypertableInputs } from "../../inputs";
import type { Place, Servers } from "../../run/servers";
import { askSpelling } from "../../tables/columnSql";
import type { Canonical } from "../../tables/columns";
import { askInterval, INTERVAL_PATH } from "../../tables/intervals";
import { shortHash } from "../../tables/names";

/**
 * The recorded forms where the program spells as it did then, else the server is asked.
 *
 * @param on any database of the server
 */
export async function readSpelling(
    servers: Servers,
    on: Place,
    { inputs, last }: Request<DistributedHypertableInputs, DistributedHypertableComputed>,
): Promise<Canonical> {
    const hash = spellingHash(inputs);
    if (last?.canonical?.spelling === hash) {
        return last.canonical;
    }
    return servers.on(on, async (session) => ({
        ...(await askSpelling(session, inputs.columns ?? [])),
        [INTERVAL_PATH]: await askInterval(session, inputs.chunkTimeInterval),
        spelling: hash,
    }));
}

/** Stands for all that has a canonical form, as the program spells it. */
export function spellingHash({
    columns,
    chunkTimeInterval,
}: Pick<DistributedHypertableInputs, "columns" | "chunkTimeInterval">): string {
    const spelled = (columns ?? []).map((column) => [column.name, column.type, column.default, column.check]);
    return shortHash(JSON.stringify([spelled, chunkTimeInterval]));
}
