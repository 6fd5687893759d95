/** A table's objects among those of a database: found by their marks under any name, and else by their names. */
import { isMarked, mayTake, type Owner } from "../../marks/ownership";
import { takenError } from "../../tables/statements";
import { partOf, partText, type NamedPart } from "./parts";
import { relationKey, type Relation } from "./relations";

/** A table's objects by their parts. */
export type Parts = ReadonlyMap<string, Relation>;

/**
 * Finds a table's objects.
 *
 * @param wanted what has to be there, under which names
 * @param where the side, for messages: "data node dn1"
 * @throws ALREADY_EXISTS where a wanted name is somebody else's
 */
export function findParts(
    relations: readonly Relation[],
    wanted: { readonly schema: string; readonly parts: readonly NamedPart[] },
    owner: Owner,
    where: string,
): Parts {
    const parts = new Map<string, Relation>();
    for (const relation of byOwner(relations, owner)) {
        const part = partOf(relation.marker);
        if (part !== undefined) {
            parts.set(partText(part), relation);
        }
    }
    const names = new Map(relations.map((relation) => [relationKey(relation), relation]));
    for (const { part, name } of wanted.parts) {
        const holder = names.get(relationKey({ schema: wanted.schema, name }));
        const found = parts.get(partText(part));
        if (holder === undefined || holder === found) {
            continue;
        }
        if (found !== undefined || !mayTake(owner, holder.marker)) {
            throw takenError(holder, holder.marker, where);
        }
        parts.set(partText(part), holder);
    }
    return parts;
}

/** The relations that bear the owner's mark. */
export function byOwner(relations: readonly Relation[], owner: Owner): Relation[] {
    return relations.filter(({ marker }) => isMarked(owner, marker));
}

/** The relation of that name. */
export function byName(relations: readonly Relation[], schema: string, name: string): Relation | undefined {
    return relations.find((relation) => relation.schema === schema && relation.name === name);
}
