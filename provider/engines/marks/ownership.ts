/** Whose an object is, by its mark. */
import type { CommonInputs } from "../inputs";
import type { Request } from "../engine";
import type { Marker } from "./marker";

/** What of a request tells its own objects from others'. */
export interface Owner {
    /** The URN now, and the one of the last operation: they differ where the program renamed the resource. */
    readonly urns: ReadonlySet<string>;
    /** Whether the resource was made before: then what bears its name and no mark is its own, with the mark lost. */
    readonly known: boolean;
    readonly adopt: boolean;
}

/** The owner that a request speaks for. */
export function ownerOf(request: Request<CommonInputs, object>): Owner {
    const last = request.last as Partial<CommonInputs> | undefined;
    return {
        urns: new Set([request.inputs.logicalUrn, ...(last?.logicalUrn === undefined ? [] : [last.logicalUrn])]),
        known: last !== undefined,
        adopt: request.inputs.adopt,
    };
}

/** Whether a mark says that its object is this owner's. */
export function isMarked(owner: Owner, marker: Marker | undefined): boolean {
    return marker !== undefined && owner.urns.has(marker.urn);
}

/** Whether an object at a name that the owner needs may be taken as its own. */
export function mayTake(owner: Owner, marker: Marker | undefined): boolean {
    return isMarked(owner, marker) || owner.adopt || (owner.known && marker === undefined);
}

/** The claim that a database's mark is to bear: drawn by create, and kept from then on. */
export function wantedClaim({ last, newId }: ClaimingRequest): Pick<Marker, "claim"> {
    const claim = last === undefined ? newId : last.claim;
    return claim === undefined ? {} : { claim };
}

/** Whether a later create of the same resource has the database now. */
export function isClaimedAnew({ last }: ClaimingRequest, marker: Marker | undefined): boolean {
    return last !== undefined && marker?.claim !== undefined && marker.claim !== last.claim;
}

/** What to tell where {@link isClaimedAnew}. */
export function claimedAnew(database: string): string {
    return `database "${database}" is the access node's again, since its replacement was taken back, and is left alone`;
}

type ClaimingRequest = Request<object, { readonly claim?: string }>;

/** The mark that such an object is to bear: one that was there before stays marked as taken over. */
export function wantedMark(owner: Owner, found: Marker | undefined, mark: Marker): Marker {
    const taken = found?.adopted === true || (!isMarked(owner, found) && !owner.known);
    return taken ? { ...mark, adopted: true } : mark;
}
