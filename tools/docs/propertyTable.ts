/** The property tables in docs/resources/, made from the same schemas that check and diff use. */
import type { PropertyShape } from "../../provider/validation/shapes";
import type { Property } from "../../provider/handlers/schema";

const HEADER = "| input | form | default | a change | |\n| --- | --- | --- | --- | --- |";

/** The table of a resource's inputs. */
export function inputsTable(schema: Readonly<Record<string, Property>>): string {
    const rows = Object.entries(schema)
        .filter(([, { doc }]) => doc !== "")
        .map(([name, property]) => row(name, property, property.effect));
    return [HEADER, ...rows].join("\n");
}

/** The table of an object's properties, which have no effect of their own. */
export function objectTable(properties: Readonly<Record<string, PropertyShape & { readonly doc: string }>>): string {
    const rows = Object.entries(properties).map(([name, property]) => row(name, property, undefined));
    return [HEADER.replace(" a change |", "").replace("| --- |", "|"), ...rows].join("\n");
}

function row(
    name: string,
    {
        shape,
        required,
        default: value,
        absent,
        doc,
    }: PropertyShape & { readonly absent?: string; readonly doc: string },
    effect: string | undefined,
): string {
    const secret = shape.secret === true && shape.expected.startsWith("a password") ? ", secret" : "";
    const fallback =
        absent ?? (required === true ? "required" : value === undefined ? "none" : `\`${JSON.stringify(value)}\``);
    const form = shape.expected.startsWith("an object with") ? "an object" : shape.expected;
    const cells = [`\`${name}\``, `${form}${secret}`, fallback, ...(effect === undefined ? [] : [effect]), doc];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** A page with the table between its two marks replaced. */
export function withTable(page: string, table: string, mark = "inputs"): string {
    const block = new RegExp(`(<!-- ${mark}: made from the schema by npm run docs -->\n)[\\s\\S]*?(<!-- /${mark} -->)`);
    if (!block.test(page)) {
        throw new Error(`the page has no marks for the table "${mark}"`);
    }
    return page.replace(block, (_match, start: string, end: string) => `${start}\n${table}\n\n${end}`);
}
