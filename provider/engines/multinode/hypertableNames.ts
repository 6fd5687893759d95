/** What a table is called. */
import { qualified } from "../../postgres/sql";
import type { DistributedHypertableInputs } from "../desired";

/** The quoted name under which the table is wished. */
export function wishedName({ schema, tableName }: DistributedHypertableInputs): string {
    return qualified(schema, tableName);
}
