/** `pulumi-timescaledb plan` */
import { planStack } from "./plan";
import { planText } from "./planText";
import { previewSteps, readState } from "./stack";
import { EXIT, readOptions } from "./usage";

/** Prints what the next `pulumi up` will run on the servers; returns the exit code. */
export async function planCommand(args: readonly string[]): Promise<number> {
    const { json, ...choice } = readOptions(args, {
        json: { type: "boolean" },
        stack: { type: "string" },
        cwd: { type: "string" },
    });
    const state = await readState(choice);
    const plan = await planStack(await previewSteps(choice, state), state);
    process.stdout.write(json ? `${JSON.stringify(plan, null, 2)}\n` : `${planText(plan)}\n`);
    return EXIT.ok;
}
