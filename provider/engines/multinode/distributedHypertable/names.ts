/** What a table is called. */
import { qualified } from "../../../postgres/sql";
import type { DistributedHypertableInputs } from "../../inputs";

/** The quoted name under which the table is requested. */
export function requestedName({ schema, tableName }: DistributedHypertableInputs): string {
    return qualified(schema, tableName);
}
