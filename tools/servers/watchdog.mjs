// @ts-check
/**
 * Ends a server and removes its data when the process that started it is gone, however that went: a small shell process
 * that reads a pipe, which the kernel closes even on SIGKILL. It has a session of its own, so that Ctrl-C spares it.
 */
import { spawn } from "node:child_process";

const SCRIPT = `
end=
while read -r line; do
    [ "$line" = leave ] && exit 0
    end=$line
done
[ -n "$end" ] && kill -QUIT "$end"
for second in 1 2 3 4 5 6 7 8 9 10; do
    [ -n "$end" ] && kill -0 "$end" && sleep 1 || break
done
[ -n "$end" ] && kill -KILL "$end"
[ -n "$1" ] && rm -rf "$1"
`;

/**
 * @param {{ folder?: string }} options the folder to remove at the end
 */
export function startWatchdog({ folder = "" }) {
    const child = spawn("/bin/sh", ["-c", SCRIPT, "watchdog", folder], {
        cwd: "/",
        detached: true,
        stdio: ["pipe", "ignore", "ignore"],
    });
    child.unref();
    /** @type {import("node:net").Socket} */ (child.stdin).unref();
    child.stdin.on("error", () => undefined);
    return {
        /**
         * The process to end; none while it does not run.
         *
         * @param {number | undefined} pid
         */
        watch: (pid) => void child.stdin.write(`${pid ?? ""}\n`),
        /** From now on the server and its folder stay. */
        leave: () => child.stdin.end("leave\n"),
    };
}
