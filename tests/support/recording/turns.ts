/**
 * Gives out turns one after the other, so that what sessions do at once happens in one order, and in the same one each
 * time: a turn is given only when the program has come to a rest, that is, when all it goes on with are the turns that
 * it waits for.
 */
import { setImmediate as nextTick } from "node:timers/promises";

/** Promises, process.nextTick and pg's pool have all had their say after this many rounds of the event loop. */
const ROUNDS_OF_REST = 3;

/** Those who wait for a turn. */
export class Turns<Turn> {
    private readonly waiting: Turn[] = [];
    private isRunning = false;

    /** @param play takes one of those who wait out of the list, and resolves when the next one may have its turn */
    constructor(private readonly play: (waiting: Turn[]) => Promise<void> | void) {}

    add(turn: Turn): void {
        this.waiting.push(turn);
        if (!this.isRunning) {
            void this.run();
        }
    }

    private async run(): Promise<void> {
        this.isRunning = true;
        while (this.waiting.length > 0) {
            await this.rest();
            await this.play(this.waiting);
        }
        this.isRunning = false;
    }

    private async rest(): Promise<void> {
        let seen = -1;
        for (let rounds = 0; rounds < ROUNDS_OF_REST; rounds++) {
            if (seen !== this.waiting.length) {
                seen = this.waiting.length;
                rounds = 0;
            }
            await nextTick();
        }
    }
}
