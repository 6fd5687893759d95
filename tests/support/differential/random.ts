/** Random choices that a seed repeats. */

/** Mulberry32: small, and good enough to choose statements. */
export class Random {
    constructor(private state: number) {}

    /** From 0 up to but without 1. */
    next(): number {
        this.state = (this.state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    }

    /** A whole number, both bounds included. */
    integer(min: number, max: number): number {
        return min + Math.floor(this.next() * (max - min + 1));
    }

    pick<T>(items: readonly T[]): T {
        const item = items[this.integer(0, items.length - 1)];
        if (item === undefined) {
            throw new Error("nothing to pick from");
        }
        return item;
    }
}
