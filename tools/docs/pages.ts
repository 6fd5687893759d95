/** Which page holds which tables. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accessNodeSchema } from "../../provider/handlers/accessNode";
import { CONNECTION_PROPERTIES } from "../../provider/handlers/connectionSchema";
import { dataNodeSchema } from "../../provider/handlers/dataNode";
import { distributedHypertableSchema } from "../../provider/handlers/distributedHypertable";
import { inputsTable, objectTable, withTable } from "./propertyTable";

/** Every page with a table from a schema, and that table. */
export const PAGES: readonly { readonly path: string; readonly table: string }[] = [
    { path: "docs/resources/connection.md", table: objectTable(CONNECTION_PROPERTIES) },
    { path: "docs/resources/access-node.md", table: inputsTable(accessNodeSchema) },
    { path: "docs/resources/data-node.md", table: inputsTable(dataNodeSchema) },
    { path: "docs/resources/distributed-hypertable.md", table: inputsTable(distributedHypertableSchema) },
];

/** Writes the tables into the pages; returns the paths that changed. */
export function writeTables(root: string): string[] {
    return PAGES.flatMap(({ path, table }) => {
        const file = join(root, path);
        const before = readFileSync(file, "utf8");
        const after = withTable(before, table);
        if (after === before) {
            return [];
        }
        writeFileSync(file, after);
        return [path];
    });
}
