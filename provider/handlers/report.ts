/**
 * Shows progress and warnings in the resource's own row of `pulumi up`.
 *
 * The SDK gives a provider no way to log for a resource, so this calls the engine itself: its address is the last
 * argument of the provider process. Elsewhere (tests, the command line) progress is silent and warnings go to stderr.
 * A message that cannot be sent must never fail an operation.
 */
import { createRequire } from "node:module";
import type { Report } from "../engines/run/apply";
import type { Exit } from "./exit";

const INFO = 1;
const WARNING = 2;

/** Where nobody watches a row, the CLI prints a line for each message: short work needs none. */
const PROGRESS_INTERVAL_MS = 2_000;

type Log = (severity: number, text: string, urn: string, ephemeral: boolean) => void;

/** The report for one resource's operation. */
export function reportFor(inputs: object, exit: Exit): Report {
    const urn = "logicalUrn" in inputs && typeof inputs.logicalUrn === "string" ? inputs.logicalUrn : "";
    const log = engineLog();
    let told = Date.now();
    return {
        progress(text) {
            if (Date.now() - told >= PROGRESS_INTERVAL_MS) {
                told = Date.now();
                log?.(INFO, exit.message(text), urn, true);
            }
        },
        warn: (text) =>
            log === undefined ? console.warn(exit.message(text)) : log(WARNING, exit.message(text), urn, false),
    };
}

let cached: { readonly log: Log | undefined } | undefined;

function engineLog(): Log | undefined {
    cached ??= { log: connect() };
    return cached.log;
}

interface LogRequest {
    setSeverity(severity: number): void;
    setMessage(text: string): void;
    setUrn(urn: string): void;
    setEphemeral(ephemeral: boolean): void;
}

function connect(): Log | undefined {
    const address = process.argv.at(-1) ?? "";
    const script = process.argv[1] ?? "";
    if (!script.includes("dynamic-provider") || !/^[\w.]+:\d+$/.test(address)) {
        return undefined;
    }
    try {
        // Both come from the SDK that runs this process: its gRPC objects and ours must be of one copy.
        const sdk = createRequire(script);
        const grpc = sdk("@grpc/grpc-js") as { credentials: { createInsecure(): unknown } };
        const { EngineClient } = sdk("@pulumi/pulumi/proto/engine_grpc_pb") as {
            EngineClient: new (
                address: string,
                credentials: unknown,
            ) => { log(request: LogRequest, done: () => void): void };
        };
        const { LogRequest } = sdk("@pulumi/pulumi/proto/engine_pb") as { LogRequest: new () => LogRequest };
        const client = new EngineClient(address, grpc.credentials.createInsecure());
        return (severity, text, urn, ephemeral) => {
            const request = new LogRequest();
            request.setSeverity(severity);
            request.setMessage(text);
            request.setUrn(urn);
            request.setEphemeral(ephemeral);
            client.log(request, () => undefined);
        };
    } catch {
        return undefined;
    }
}
