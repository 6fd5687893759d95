/**
 * The mark on what this package made: a JSON object at the end of the object's COMMENT, behind whatever comment the
 * user has. It says which cluster and which resource the object belongs to. Delete drops only what bears the mark of
 * its cluster, and create finishes only what bears the mark of its resource.
 */
import type { EngineName } from "../inputs";

/** What the mark says. */
export interface Marker {
    /** The cluster's id; absent while the server has not made one yet. */
    readonly cluster?: string;
    /** The URN of the resource that made the object. */
    readonly urn: string;
    readonly engine: EngineName;
    /**
     * On an access node's database: drawn anew by each create. Where two states of one resource know the database (one
     * is to be deleted, because a replacement was cut and then taken back), it belongs to the one that was created last.
     */
    readonly claim?: string;
    /** Set where the object was there before and is only looked after. */
    readonly adopted?: true;
    /** Set while the object is being removed, where a part of it goes before the object itself. */
    readonly leaving?: true;
    /** How many scratch databases may be on a data node's server, of those that it was added by way of. */
    readonly scratch?: number;
    /** Which of its resource's objects it is, where there are several: "shard 3/8". */
    readonly part?: string;
    /** Set on a data node that queries and rows are to go past. */
    readonly available?: false;
}

const MARK = /(?:^|\n)\[pulumi-timescaledb (\{[^\n]*\})\]$/;

/** The mark in a comment; undefined where there is none. */
export function readMarker(comment: string | null | undefined): Marker | undefined {
    const json = comment?.match(MARK)?.[1];
    if (json === undefined) {
        return undefined;
    }
    try {
        const marker = JSON.parse(json) as Partial<Marker>;
        return typeof marker.urn === "string" && typeof marker.engine === "string" ? (marker as Marker) : undefined;
    } catch {
        return undefined;
    }
}

/** The comment with this mark and no other; the user's own text stays in front. */
export function withMarker(comment: string | null | undefined, marker: Marker): string {
    const mine = `[pulumi-timescaledb ${JSON.stringify(marker)}]`;
    const text = withoutMarker(comment);
    return text === null ? mine : `${text}\n${mine}`;
}

/** The user's own comment, or null where there is none. */
export function withoutMarker(comment: string | null | undefined): string | null {
    return comment?.replace(MARK, "") || null;
}
