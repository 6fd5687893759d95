/** A table's objects among those of a database: found by their marks under any name, and else by their names. */
import { ProviderError } from "../../../errors";
import { mayTake, type Owner } from "../../marks/ownership";
import type { NamedPart } from "./objects";
import { partOf, partText } from "./parts";
import type { Relation } from "./relations";

/** A table's objects by their parts. */
export type Located = ReadonlyMap<string, Relation>;

/**
 * Finds a table's objects.
 *
 * @param wanted what is to be there, under which names
 * @param where the side, for messages: "data node dn1"
 * @throws ALREADY_EXISTS where a wanted name is somebody else's
 */
export function locate(
    relations: readonly Relation[],
    schema: string,
    wanted: readonly NamedPart[],
    owner: Owner,
    where: string,
): Located {
    const located = new Map<string, Relation>();
    for (const relation of marked(relations, owner)) {
        const part = partOf(relation.marker);
        if (part !== undefined) {
            located.set(partText(part), relation);
        }
    }
    for (const { part, name } of wanted) {
        const holder = named(relations, schema, name);
        const found = located.get(partText(part));
        if (holder === undefined || holder === found) {
            continue;
        }
        if (found !== undefined || !mayTake(owner, holder.marker)) {
            throw new ProviderError("ALREADY_EXISTS", `"${schema}.${name}" exists on ${where}${belongsTo(holder)}`, {
                remedy: "Choose another tableName, drop it, or set adopt: true to take it over",
            });
        }
        located.set(partText(part), holder);
    }
    return located;
}

function belongsTo({ marker }: Relation): string {
    return marker === undefined ? " and was not made by this resource" : ` and belongs to ${marker.urn}`;
}

interface Index {
    readonly byUrn: ReadonlyMap<string, readonly Relation[]>;
    readonly byName: ReadonlyMap<string, Relation>;
}

// A snapshot of thousands of tables is looked through once, not once a table.
const indexes = new WeakMap<readonly Relation[], Index>();

/** The relations that bear the owner's mark. */
export function marked(relations: readonly Relation[], owner: Owner): readonly Relation[] {
    const { byUrn } = indexOf(relations);
    return [...owner.urns].flatMap((urn) => byUrn.get(urn) ?? []);
}

/** The relation of that name. */
export function named(relations: readonly Relation[], schema: string, name: string): Relation | undefined {
    return indexOf(relations).byName.get(JSON.stringify([schema, name]));
}

function indexOf(relations: readonly Relation[]): Index {
    const known = indexes.get(relations);
    if (known !== undefined) {
        return known;
    }
    const byUrn = new Map<string, Relation[]>();
    const byName = new Map<string, Relation>();
    for (const relation of relations) {
        byName.set(JSON.stringify([relation.schema, relation.name]), relation);
        if (relation.marker !== undefined) {
            const { urn } = relation.marker;
            byUrn.set(urn, [...(byUrn.get(urn) ?? []), relation]);
        }
    }
    const index = { byUrn, byName };
    indexes.set(relations, index);
    return index;
}
